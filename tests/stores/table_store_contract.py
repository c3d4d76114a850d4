"""What every table store does."""

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from mmrag_pipeline.errors import CorruptStateError, NotFoundError, OvertakenError, SettingsError
from mmrag_pipeline.keepers import TableCatalog
from mmrag_pipeline.schemas import FAILURES, OCR, TABLES, TILES
from tests.stores.samples import lineage
from tests.stores.table_samples import tables

ONE_TILE = pl.DataFrame([("page", 0, 0, 0, 0, 5, 5)], schema=TILES, orient="row")


_FORTY = settings(
    max_examples=40,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.differing_executors,
        HealthCheck.too_slow,
    ],
)


class TableStoreContract:
    """Inherit it and give `store`."""

    @pytest.fixture
    def store(self) -> TableCatalog:
        """Give an empty store."""
        raise NotImplementedError

    def test_a_table_that_was_never_written_is_none(self, store: TableCatalog) -> None:
        assert store.read("tiles", "shop") is None
        assert store.lineage("tiles", "shop") is None

    def test_an_empty_table_is_not_none(self, store: TableCatalog) -> None:
        empty = OCR.to_frame()
        store.write(empty, lineage("ocr", empty))
        read = store.read("ocr", "shop")
        assert read is not None
        assert read.schema == OCR

    @given(tables())
    @_FORTY
    def test_what_is_written_is_read(
        self, store: TableCatalog, named: tuple[str, pl.DataFrame]
    ) -> None:
        table, frame = named
        written = lineage(table, frame)
        store.write(frame, written)
        read = store.read(table, "shop")
        assert read is not None
        assert read.equals(frame)
        assert store.lineage(table, "shop") == written

    @given(tables())
    @_FORTY
    def test_batches_are_the_rows_in_order(
        self, store: TableCatalog, named: tuple[str, pl.DataFrame]
    ) -> None:
        table, frame = named
        store.write(frame, lineage(table, frame))
        columns = frame.columns[1::2]
        read = store.batches(table, "shop", columns)
        assert read is not None
        empty = frame.clear().select(columns)
        assert pl.concat([empty, *read]).equals(frame.select(columns))

    def test_a_long_table_comes_in_many_batches(self, store: TableCatalog) -> None:
        frame = pl.concat([ONE_TILE] * 150_000).with_row_index("n")
        frame = frame.with_columns(tile_no=pl.col("n").cast(pl.Int32)).drop("n")
        store.write(frame, lineage("tiles", frame))
        read = list(store.batches("tiles", "shop", ["tile_no"]) or ())
        assert max(batch.height for batch in read) <= 65_536
        assert pl.concat(read).equals(frame.select("tile_no"))

    def test_a_table_that_was_never_written_has_no_batches(self, store: TableCatalog) -> None:
        assert store.batches("tiles", "shop", ["level"]) is None

    def test_a_table_without_rows_has_batches_without_rows(self, store: TableCatalog) -> None:
        store.write(TILES.to_frame(), lineage("tiles", TILES.to_frame()))
        read = store.batches("tiles", "shop", ["level"])
        assert read is not None
        assert sum(batch.height for batch in read) == 0

    @pytest.mark.parametrize("columns", [["colour"], []])
    def test_a_column_that_is_not_declared_is_refused(
        self, store: TableCatalog, columns: list[str]
    ) -> None:
        store.write(ONE_TILE, lineage("tiles", ONE_TILE))
        with pytest.raises(NotFoundError, match=r"tiles.*known: page_digest, tile_no"):
            store.batches("tiles", "shop", columns)

    def test_the_second_write_replaces_the_first(self, store: TableCatalog) -> None:
        store.write(ONE_TILE, lineage("tiles", ONE_TILE))
        store.write(TILES.to_frame(), lineage("tiles", TILES.to_frame()))
        read = store.read("tiles", "shop")
        assert read is not None
        assert read.is_empty()

    def test_a_table_is_replaced_where_it_is_the_expected_one(self, store: TableCatalog) -> None:
        empty, one = lineage("tiles", TILES.to_frame()), lineage("tiles", ONE_TILE)
        store.write(TILES.to_frame(), empty, replaces=None)
        store.write(ONE_TILE, one, replaces=empty)
        assert store.lineage("tiles", "shop") == one

    @pytest.mark.parametrize("run_id", ["", "another run"])
    def test_a_table_that_was_not_expected_stays(self, store: TableCatalog, run_id: str) -> None:
        held = replace(lineage("tiles", ONE_TILE), run_id="a run")
        store.write(ONE_TILE, held)
        expected = replace(held, run_id=run_id) if run_id else None
        with pytest.raises(OvertakenError, match=r"tiles of shop.*run again"):
            store.write(TILES.to_frame(), lineage("tiles", TILES.to_frame()), replaces=expected)
        assert store.lineage("tiles", "shop") == held

    def test_a_table_that_is_gone_is_not_brought_back(self, store: TableCatalog) -> None:
        made = lineage("tiles", ONE_TILE)
        with pytest.raises(OvertakenError):
            store.write(ONE_TILE, made, replaces=made)
        assert store.read("tiles", "shop") is None

    def test_partitions_and_tables_are_apart(self, store: TableCatalog) -> None:
        store.write(ONE_TILE, lineage("tiles", ONE_TILE, "shop"))
        assert store.read("tiles", "office") is None
        assert store.read("ocr", "shop") is None

    def test_the_partitions_of_a_table_are_those_it_was_written_for(
        self, store: TableCatalog
    ) -> None:
        assert store.partitions("tiles") == []
        for partition in ("shop", "caf\u00e9 #1.7", "office~0-2"):
            store.write(ONE_TILE, lineage("tiles", ONE_TILE, partition))
        assert store.partitions("tiles") == ["caf\u00e9 #1.7", "office~0-2", "shop"]
        assert store.partitions("ocr") == []
        with pytest.raises(NotFoundError):
            store.partitions("tile")

    def test_a_dropped_table_is_gone_and_no_other(self, store: TableCatalog) -> None:
        for partition in ("shop", "shop~0-2"):
            store.write(ONE_TILE, lineage("tiles", ONE_TILE, partition))
        for _ in range(2):
            store.drop("tiles", "shop")
        assert (store.read("tiles", "shop"), store.lineage("tiles", "shop")) == (None, None)
        assert store.partitions("tiles") == ["shop~0-2"]

    def test_failures_of_a_station_are_a_table(self, store: TableCatalog) -> None:
        frame = FAILURES.to_frame()
        store.write(frame, lineage("failures.image_vectors", frame))
        read = store.read("failures.image_vectors", "shop")
        assert read is not None
        assert read.schema == FAILURES
        assert store.partitions("failures.image_vectors") == ["shop"]

    @pytest.mark.parametrize(
        ("frame", "difference"),
        [
            (ONE_TILE.drop("level"), "level is missing"),
            (ONE_TILE.with_columns(more=1), "more is not declared"),
            (ONE_TILE.cast({"level": pl.Int64}), "level is Int64 instead of Int32"),
            (ONE_TILE.select(sorted(TILES.names())), "columns are ordered bottom"),
        ],
    )
    def test_another_schema_is_refused_with_the_difference(
        self, store: TableCatalog, frame: pl.DataFrame, difference: str
    ) -> None:
        with pytest.raises(CorruptStateError, match=difference):
            store.write(frame, lineage("tiles", frame))
        assert store.read("tiles", "shop") is None

    def test_a_lineage_of_other_rows_is_refused(self, store: TableCatalog) -> None:
        with pytest.raises(CorruptStateError, match="has 1 rows"):
            store.write(ONE_TILE, replace(lineage("tiles", ONE_TILE), rows=2))

    @pytest.mark.parametrize("table", ["../tiles", "nothing", "", "failures.", "failures.../x"])
    def test_a_table_that_is_not_declared_is_refused(self, store: TableCatalog, table: str) -> None:
        with pytest.raises((NotFoundError, SettingsError)):
            store.read(table, "shop")
        with pytest.raises((NotFoundError, SettingsError)):
            store.write(ONE_TILE, lineage(table, ONE_TILE))

    @pytest.mark.parametrize("partition", ["../up", "a/b", "", "..", "a\0b"])
    def test_a_partition_that_is_no_name_is_refused(
        self, store: TableCatalog, partition: str
    ) -> None:
        for table in TABLES:
            with pytest.raises(SettingsError):
                store.read(table, partition)
        with pytest.raises(SettingsError):
            store.write(ONE_TILE, lineage("tiles", ONE_TILE, partition))

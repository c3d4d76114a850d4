"""Checks say yes to a right index and no to each way in which it can be wrong."""

import json
from dataclasses import dataclass, replace

import polars as pl
import pytest

from mmrag_pipeline.indexing.checks import (
    count_verdict,
    dead_letter_verdict,
    fingerprint_verdict,
    judge_counts,
    judge_dead_letters,
    judge_fingerprints,
    judge_frame,
    judge_layout,
    judge_schema,
    judge_vectors,
)
from mmrag_pipeline.indexing.image_vectors import IMAGE_VECTORS
from mmrag_pipeline.indexing.references import SOUND
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.indexing.text_vectors import shelf as text_shelf
from mmrag_pipeline.ports import Memo
from mmrag_pipeline.schemas import COLLECTION, DEAD_LETTERS, POINTS, TABLES
from mmrag_pipeline.stores.memory import MemoryMemo
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import Models, fake_world

SHOP = "shop"
ALIAS = "mmrag__shop"


@pytest.fixture
def world() -> World:
    """Return a world whose one domain is indexed."""
    source = FakeSource()
    source.put(SHOP, "a.png", b"img:one@200x100")
    source.put(SHOP, "b.txt", b"txt:amber bolt cedar")
    made = fake_world(source)
    run_partition(made, SHOP, Mode("run-1"))
    return made


def test_a_right_index_passes_every_check(world: World) -> None:
    verdicts = [judge_schema(world, table, SHOP) for table in TABLES]
    verdicts += [judge_vectors(world, table, SHOP) for table in ("image_vectors", "text_vectors")]
    verdicts += [judge_counts(world, SHOP), judge_fingerprints(world, SHOP)]
    verdicts += [judge_layout(world, SHOP), judge_dead_letters(world, SHOP)]
    assert [v.message for v in verdicts if not v.passed] == []


def test_checks_look_at_vectors_and_points_at_all(world: World) -> None:
    assert judge_vectors(world, "image_vectors", SHOP).counts["vectors"] > 1
    assert judge_vectors(world, "text_vectors", SHOP).counts["vectors"] > 1
    assert judge_counts(world, SHOP).counts["held"] > 1
    assert judge_fingerprints(world, SHOP).counts["image"] == 1


@pytest.mark.parametrize("table", TABLES)
def test_a_table_of_another_type_fails_the_schema_check(table: str) -> None:
    right = pl.DataFrame(schema=TABLES[table])
    first = right.columns[0]
    assert not judge_frame(table, right.with_columns(pl.lit(1).alias(first)), rows=0).passed
    assert not judge_frame(table, right.drop(first), rows=0).passed
    assert judge_frame(table, right, rows=0).passed


def test_an_undeclared_column_fails_the_schema_check() -> None:
    frame = pl.DataFrame(schema={**COLLECTION, "extra": pl.String()})
    assert "extra is not declared" in judge_frame("collection", frame, rows=0).message


def test_rows_that_its_lineage_does_not_know_fail_the_schema_check() -> None:
    assert not judge_frame("collection", pl.DataFrame(schema=COLLECTION), rows=3).passed


def test_a_table_never_written_fails_the_schema_check() -> None:
    assert "never written" in judge_schema(fake_world(FakeSource()), "pages", SHOP).message


@pytest.mark.parametrize("table", ["image_vectors", "text_vectors"])
def test_lost_vectors_are_missing(world: World, table: str) -> None:
    verdict = judge_vectors(replace(world, memo=MemoryMemo()), table, SHOP)
    assert not verdict.passed
    assert verdict.counts["missing"] == verdict.counts["vectors"] > 0


def test_a_vector_that_is_not_of_unit_length_fails(world: World) -> None:
    place = IMAGE_VECTORS.shelf(world)
    verdict = judge_vectors(_with_vectors(world, place.station, factor=1.01), "image_vectors", SHOP)
    assert verdict.counts["off_norm"] == verdict.counts["vectors"]
    assert not verdict.passed


def test_a_vector_that_is_not_a_number_fails(world: World) -> None:
    broken = _with_vectors(world, "image_vectors", factor=float("nan"))
    assert not judge_vectors(broken, "image_vectors", SHOP).passed


def test_caption_vectors_of_the_picture_space_are_checked_too(world: World) -> None:
    station = text_shelf("image_text", world.image_text.card).station
    verdict = judge_vectors(_with_vectors(world, station, factor=0.5), "text_vectors", SHOP)
    assert verdict.counts["off_norm"] == 1


def test_vectors_found_sound_are_not_read_again(world: World) -> None:
    first = judge_vectors(world, "image_vectors", SHOP)
    again = judge_vectors(world, "image_vectors", SHOP)
    assert (first.counts["read_before"], again.counts["read_before"]) == (
        0,
        again.counts["vectors"],
    )
    assert again.passed


def test_a_vector_lost_after_it_was_found_sound_is_missing(world: World) -> None:
    judge_vectors(world, "image_vectors", SHOP)
    robbed = replace(world, memo=_Robbed(world.memo, "image_vectors"))
    verdict = judge_vectors(robbed, "image_vectors", SHOP)
    assert verdict.counts["missing"] == verdict.counts["vectors"] > 0


def test_vectors_found_unsound_are_read_again(world: World) -> None:
    broken = _with_vectors(world, "image_vectors", factor=1.01)
    for _ in range(2):
        assert judge_vectors(broken, "image_vectors", SHOP).counts["off_norm"] > 0


def test_of_a_changed_table_only_vectors_not_looked_at_yet_are_read(world: World) -> None:
    before = judge_vectors(world, "image_vectors", SHOP).counts["vectors"]
    assert isinstance(world.source, FakeSource)
    world.source.put(SHOP, "c.png", b"img:three@40x32")
    run_partition(world, SHOP, Mode("run-2"))
    counts = judge_vectors(world, "image_vectors", SHOP).counts
    assert (counts["read_before"], counts["vectors"]) == (before, before + 1)


def test_an_unsound_vector_among_sound_ones_is_found_again_and_again(world: World) -> None:
    judge_vectors(world, "image_vectors", SHOP)
    fingerprint = IMAGE_VECTORS.shelf(world).fingerprint
    sound = world.memo.fetch(SOUND, fingerprint, _all_keys(world))
    assert isinstance(world.source, FakeSource)
    world.source.put(SHOP, "c.png", b"img:three@40x32")
    run_partition(world, SHOP, Mode("run-2"))
    broken = _with_vectors(world, "image_vectors", factor=1.01)
    broken.memo.append(SOUND, fingerprint, SHOP, sound)
    for _ in range(2):
        assert judge_vectors(broken, "image_vectors", SHOP).counts["off_norm"] == 1


def test_vectors_of_another_dimension_fail(world: World) -> None:
    short = _with_vectors(world, "image_vectors", factor=1.0, dimension=3)
    assert judge_vectors(short, "image_vectors", SHOP).counts["wrong_dimension"] > 0


def test_a_point_lost_from_the_index_fails_the_count(world: World) -> None:
    with world.vectors.writer("mmrag__shop__g1") as index:
        index.delete([next(iter(index.held()))["point_id"][0]])
    verdict = judge_counts(world, SHOP)
    assert not verdict.passed
    assert verdict.counts["held"] == verdict.counts["points"] - 1


def test_a_point_recorded_with_another_hash_fails_the_count() -> None:
    points = pl.DataFrame({"point_id": ["p"], "point_hash": ["new"]}, schema_overrides=POINTS)
    applied = pl.DataFrame({"point_id": ["p"], "point_hash": ["old"]}, schema_overrides=COLLECTION)
    assert count_verdict(points, applied, 1).counts["not_applied"] == 1
    assert not count_verdict(points, applied, 1).passed


def test_nothing_served_fails_the_count() -> None:
    assert "no collection is served" in judge_counts(fake_world(FakeSource()), SHOP).message


@pytest.mark.parametrize(("lost", "passed"), [(0, True), (1, True), (2, False)])
def test_more_than_a_tenth_of_dead_letters_is_too_many(lost: int, *, passed: bool) -> None:
    assert dead_letter_verdict(10, _letters(lost)).passed is passed


def test_dead_letters_are_counted_by_reason_and_file() -> None:
    letters = pl.concat([_letters(2), _letters(1, station="ocr", reason="engine_failed")])
    counts = dead_letter_verdict(100, letters).counts
    assert counts["files_with_dead_letters"] == 2
    assert counts["reason: corrupt"] == 2
    assert counts["reason: engine_failed"] == 1


def test_an_empty_domain_has_no_dead_letters() -> None:
    assert dead_letter_verdict(0, _letters(0)).passed


def test_points_of_two_models_fail() -> None:
    verdict = fingerprint_verdict({"image": {"a", "b"}}, {"image": "a"})
    assert not verdict.passed
    assert "image has 2 models" in verdict.message


def test_points_of_a_model_that_the_settings_do_not_name_fail(world: World) -> None:
    other = replace(world, image_text=fake_world(FakeSource(), models=_other_models()).image_text)
    assert not judge_fingerprints(other, SHOP).passed


def test_a_collection_made_for_another_model_fails(world: World) -> None:
    points = world.tables.read("points", SHOP)
    lineage = world.tables.lineage("points", SHOP)
    assert points is not None
    assert lineage is not None
    world.tables.write(points, replace(lineage, cards={**lineage.cards, "text": "another"}))
    assert "text is of model another" in judge_layout(world, SHOP).message


def test_cards_are_read_from_payloads_of_every_kind(world: World) -> None:
    points = world.tables.read("points", SHOP)
    assert points is not None
    roles = {role for text in points["payload"] for role in json.loads(text)["cards"]}
    assert roles == set(judge_fingerprints(world, SHOP).counts)


def _letters(files: int, *, station: str = "pages", reason: str = "corrupt") -> pl.DataFrame:
    rows = [{"file_id": str(n), "station": station, "reason": reason} for n in range(files)]
    return pl.DataFrame(rows, schema=DEAD_LETTERS)


def _other_models() -> Models:
    from mmrag_pipeline.engines.stub import StubImageText

    return Models(image_text=StubImageText(revision="2"))


@dataclass(frozen=True, slots=True)
class _Robbed:
    """A memo that lost the results of one station and still has all others."""

    inner: Memo
    station: str

    def missing(self, station: str, fingerprint: str, keys: pl.Series) -> pl.Series:
        return keys if station == self.station else self.inner.missing(station, fingerprint, keys)

    def fetch(self, station: str, fingerprint: str, keys: pl.Series) -> pl.DataFrame:
        rows = self.inner.fetch(station, fingerprint, keys)
        return rows.clear() if station == self.station else rows

    def append(self, station: str, fingerprint: str, partition: str, rows: pl.DataFrame) -> None:
        self.inner.append(station, fingerprint, partition, rows)


def _with_vectors(
    world: World, station: str, *, factor: float, dimension: int | None = None
) -> World:
    """Return the world with a memo whose vectors of a station are stretched or cut."""
    memo = MemoryMemo()
    places = [
        IMAGE_VECTORS.shelf(world),
        text_shelf("text", world.text.card),
        text_shelf("image_text", world.image_text.card),
    ]
    keys = _all_keys(world)
    for place in places:
        rows = world.memo.fetch(place.station, place.fingerprint, keys)
        if place.station == station:
            rows = _changed(rows, factor, dimension)
        memo.append(place.station, place.fingerprint, SHOP, rows)
    return replace(world, memo=memo)


def _changed(rows: pl.DataFrame, factor: float, dimension: int | None) -> pl.DataFrame:
    matrix = rows["vector"].to_numpy() * factor
    matrix = matrix[:, :dimension] if dimension else matrix
    kept = pl.Array(pl.Float32, matrix.shape[1])
    return rows.with_columns(pl.Series("vector", matrix.astype("float32"), dtype=kept))


def _all_keys(world: World) -> pl.Series:
    tables = [world.tables.read(name, SHOP) for name in ("image_vectors", "text_vectors")]
    return pl.concat([table["digest"] for table in tables if table is not None])

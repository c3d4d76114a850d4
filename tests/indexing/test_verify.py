"""Verify counts just what drifted; repair ends in a clean verify, without a model."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmrag_pipeline.errors import CorruptStateError, NotFoundError, OvertakenError
from mmrag_pipeline.ids import collection_name
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.verify import repair, verify
from mmrag_pipeline.ports import CollectionWriter
from mmrag_pipeline.records import StoredPoint
from mmrag_pipeline.stores.memory import MemoryTables
from mmrag_pipeline.testing.ledger import Ledger
from mmrag_pipeline.testing.worlds import State
from tests.indexing.life import DOMAIN, Life

FIRST = collection_name("mmrag", DOMAIN, 1)
ALIAS = collection_name("mmrag", DOMAIN)
FATES = ("keep", "lose", "change", "change model")
CLEAN = {"missing": 0, "foreign": 0, "changed": 0, "unrecorded": 0, "mixed": 0}


def _foreign(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


def _started() -> Life:
    """Return a life that was indexed, whose tables are read two rows at a time."""
    life = Life(state=State(tables=MemoryTables(at_once=2)))
    life.put(a="img:1", b="txt:some words", c="pdf:p|q@150x100")
    life.run()
    life.ledger = Ledger()
    return life


def _ids(index: CollectionWriter) -> list[str]:
    return [point_id for batch in index.held() for point_id in batch["point_id"]]


def _suffer(index: CollectionWriter, point_id: str, fate: str) -> None:
    if fate == "lose":
        index.delete([point_id])
    elif fate != "keep":
        cards = {"image": "another"} if fate == "change model" else None
        index.set_payloads({point_id: {"_hash": "0" * 32, "cards": cards}})


def _counts(world: World) -> Mapping[str, int]:
    drift = verify(world, DOMAIN)
    return {name: drift.counts[name] for name in CLEAN}


@settings(max_examples=25)
@given(st.lists(st.sampled_from(FATES), min_size=1, max_size=12), st.sets(st.integers(0, 9)))
def test_any_drift_is_counted_and_mended_without_a_model(
    fates: list[str], foreign: set[int]
) -> None:
    life = _started()
    before = life.index()
    with life.state.vectors.writer(FIRST) as index:
        suffered = list(zip(_ids(index), fates, strict=False))
        for point_id, fate in suffered:
            _suffer(index, point_id, fate)
        index.upsert([StoredPoint(_foreign(number), {"kind": "page"}) for number in foreign])
    told = [fate for _, fate in suffered]
    counts = _counts(life.world())
    assert counts["missing"] == told.count("lose")
    assert counts["changed"] == told.count("change") + told.count("change model")
    assert (counts["foreign"], counts["mixed"]) == (len(foreign), told.count("change model"))
    assert counts["unrecorded"] == len(foreign) + len(told) - told.count("keep")
    repair(life.world(), DOMAIN, Mode("repair"))
    assert verify(life.world(), DOMAIN).clean
    assert (life.ledger.calls(), life.index()) == (0, before)


@pytest.mark.parametrize("dropped", [False, True])
def test_a_collection_that_is_gone_is_built_again_without_a_model(*, dropped: bool) -> None:
    life = _started()
    before = life.index()
    with life.state.vectors.writer(FIRST) as index:
        index.delete(_ids(index))
    if dropped:
        life.state.vectors.drop(FIRST)
    drift = verify(life.world(), DOMAIN)
    assert (drift.held, drift.missing) == (0, drift.desired)
    assert (drift.serving is None) == dropped
    repair(life.world(), DOMAIN, Mode("repair"))
    assert verify(life.world(), DOMAIN).clean
    assert (life.ledger.calls(), life.index()) == (0, before)


def test_samples_are_some_of_the_ids_that_differ() -> None:
    life = _started()
    with life.state.vectors.writer(FIRST) as index:
        ids = _ids(index)
        index.delete(ids[:3])
        index.upsert([StoredPoint(_foreign(number), {}) for number in range(3)])
    told = verify(life.world(), DOMAIN, samples=2).samples
    assert told == (*ids[:2], _foreign(0), _foreign(1))


def test_an_older_record_than_the_collection_is_unrecorded() -> None:
    life = _started()
    recorded = life.state.tables.read("collection", DOMAIN)
    lineage = life.state.tables.lineage("collection", DOMAIN)
    assert recorded is not None
    assert lineage is not None
    life.state.tables.write(recorded[1:], replace(lineage, rows=recorded.height - 1))
    assert _counts(life.world()) == CLEAN | {"unrecorded": 1}
    other = recorded.with_columns(point_hash=pl.lit("0" * 32))
    life.state.tables.write(other, lineage)
    assert _counts(life.world()) == CLEAN | {"unrecorded": other.height}


def test_points_as_desired_in_a_collection_for_other_models_are_mixed() -> None:
    life = _started()
    life.change_model("image_text", "2")
    life.run()
    second = collection_name("mmrag", DOMAIN, 2)
    with life.state.vectors.writer(second) as index:
        points = index.fetch(_ids(index), vectors=True)
    with life.state.vectors.writer(FIRST) as index:
        index.upsert(points)
    life.state.vectors.move_alias(ALIAS, FIRST)
    drift = verify(life.world(), DOMAIN)
    pictures = [p for p in points if "image" in p.dense or "image_text" in p.dense]
    assert (drift.missing, drift.changed, drift.mixed) == (0, 0, len(pictures))


def test_an_older_generation_holds_points_of_its_own_models() -> None:
    life = _started()
    life.change_model("image_text", "2")
    life.run()
    life.state.vectors.move_alias(ALIAS, FIRST)
    drift = verify(life.world(), DOMAIN)
    assert (drift.changed > 0, drift.mixed, drift.layout_fits) == (True, 0, False)


@pytest.mark.parametrize("cards", [None, "image", [], {"image": None}, {"ocr": "another"}])
def test_a_point_that_names_no_model_of_a_signal_is_not_mixed(cards: object) -> None:
    life = _started()
    with life.state.vectors.writer(FIRST) as index:
        index.upsert([StoredPoint(_foreign(1), {"cards": cards})])
    assert _counts(life.world()) == CLEAN | {"foreign": 1, "unrecorded": 1}


@dataclass(slots=True)
class _Replaced(MemoryTables):
    """Tables whose points another run makes anew while they are compared, so many times."""

    inner: MemoryTables
    meanwhile: list[Callable[[], object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        MemoryTables.__init__(self)
        self._tables = self.inner._tables

    def batches(
        self, table: str, partition: str, columns: Sequence[str]
    ) -> Iterator[pl.DataFrame] | None:
        found = MemoryTables.batches(self, table, partition, columns)
        if table == "points" and self.meanwhile:
            self.meanwhile.pop()()
        return found


@pytest.mark.parametrize(("times", "raises"), [(1, False), (99, True)])
def test_what_a_run_changes_meanwhile_is_no_drift(times: int, *, raises: bool) -> None:
    life = _started()
    texts = iter(range(times + 1))

    def run() -> None:
        life.put(b=f"txt:words {next(texts)}")
        life.run()

    assert isinstance(life.state.tables, MemoryTables)
    tables = _Replaced(life.state.tables, [run] * times)
    world = replace(life.world(), tables=tables)
    if raises:
        with pytest.raises(OvertakenError, match="while they were compared"):
            verify(world, DOMAIN)
    else:
        assert verify(world, DOMAIN).clean


def test_a_domain_that_was_never_indexed_is_not_found() -> None:
    with pytest.raises(NotFoundError, match="never indexed"):
        verify(Life().world(), DOMAIN)


def test_points_out_of_order_are_an_error_and_no_count() -> None:
    life = _started()
    points = life.state.tables.read("points", DOMAIN)
    lineage = life.state.tables.lineage("points", DOMAIN)
    assert points is not None
    assert lineage is not None
    life.state.tables.write(points.reverse(), lineage)
    with pytest.raises(CorruptStateError, match="desired points are not in ascending order"):
        verify(life.world(), DOMAIN)

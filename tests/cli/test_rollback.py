"""`mmrag rollback` and `promote` of a domain of several shards: each is decided on and told."""

import pytest

from mmrag_pipeline.assembly import open_world
from mmrag_pipeline.indexing.generations import rollback
from mmrag_pipeline.indexing.history import Said
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.edge import EdgeVectors
from tests.cli.commands import Bench

SPLIT = {"MMRAG_SHARDS": '{"notes": 2}'}
HALF = {"MMRAG_INDEX_DATATYPE": "float16"}
PARTS = ["notes~0-2", "notes~1-2"]
OLD, NEW = ([f"mmrag__{part}__g{number}" for part in PARTS] for number in (1, 2))


@pytest.fixture
def split(bench: Bench) -> Bench:
    """Give a domain of two shards, each served by its second generation."""
    for more in ({}, HALF):
        said = bench.mmrag("index", "--domain", "notes", **SPLIT, **more)
        assert said.code == 0, said.err
    return bench


def _hold_back(bench: Bench, shard: int) -> None:
    settings = Settings(home=bench.home, shards={"notes": 2})
    with open_world(settings) as world:
        rollback(world, PARTS[shard], Said("a person"))


def _served(bench: Bench) -> list[str | None]:
    led = EdgeVectors(bench.home / "collections").aliases()
    return [led.get(f"mmrag__{part}") for part in PARTS]


@pytest.mark.parametrize("shard", [0, 1])
def test_the_shard_that_was_held_back_is_promoted_though_the_other_serves(
    split: Bench, shard: int
) -> None:
    _hold_back(split, shard)
    said = split.mmrag("promote", "notes", "--reason", "seen by hand", "--json")
    assert (said.code, said.err) == (0, "")
    assert list(said.json["partitions"]) == [PARTS[shard]]
    assert list(said.json["stays"]) == [PARTS[1 - shard]]
    assert _served(split) == NEW


def test_a_shard_that_cannot_be_rolled_back_is_told_beside_those_that_were(split: Bench) -> None:
    _hold_back(split, 0)
    said = split.mmrag("rollback", "notes", "--json")
    assert said.code == 1
    assert list(said.json["partitions"]) == [PARTS[1]]
    assert list(said.json["failed"]) == [PARTS[0]]
    assert f"{PARTS[0]} was left as it is: {PARTS[0]!r} has no generation that" in said.err
    assert _served(split) == OLD


def test_a_person_reads_of_every_shard_what_serves_it(split: Bench) -> None:
    _hold_back(split, 0)
    said = split.mmrag("rollback", "notes", "--to", "1")
    assert said.code == 0, said.err
    assert said.out.startswith(f"{PARTS[1]} is served by {OLD[1]}")
    assert f"{OLD[0]!r} is what serves {PARTS[0]!r} already" in said.out
    again = split.mmrag("rollback", "notes", "--to", "1")
    assert (again.code, again.out, again.err.count("\n")) == (1, "", 1)


def test_while_a_domain_is_being_split_what_serves_it_is_rolled_back(bench: Bench) -> None:
    bench.mmrag("index", "--domain", "notes", **HALF)
    said = bench.mmrag("rollback", "notes", "--json", **SPLIT)
    assert said.code == 0, said.err
    assert said.json["partitions"]["notes"]["serving"] == "mmrag__notes__g1"

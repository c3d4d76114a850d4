"""`mmrag verify`: drift is found, and mended without a model."""

import shutil

import pytest

from mmrag_pipeline.assembly import open_vectors
from mmrag_pipeline.settings import Settings
from tests.cli.commands import Bench


def test_a_fresh_index_is_clean(indexed: Bench) -> None:
    said = indexed.mmrag("verify", "--json")
    assert said.code == 0
    assert said.json["clean"] is True
    assert {one["partition"] for one in said.json["domains"]} == {"notes", "shop"}


def test_a_person_reads_yes(indexed: Bench) -> None:
    said = indexed.mmrag("verify", "--domain", "notes")
    assert said.out.splitlines()[-1].split()[:2] == ["notes", "yes"]


@pytest.fixture
def damaged(bench: Bench) -> Bench:
    """Return a state whose collection lost its points behind our back."""
    _lose_points(bench, "notes")
    return bench


def _lose_points(bench: Bench, domain: str) -> None:
    store = open_vectors(Settings(home=bench.home))
    with store.writer(f"mmrag__{domain}__g1") as collection:
        lost = [point for batch in collection.held() for point in batch["point_id"]]
        collection.delete(lost)
        collection.flush()


def test_lost_points_are_found(damaged: Bench) -> None:
    said = damaged.mmrag("verify", "--json")
    assert said.code == 1
    broken = [one for one in said.json["domains"] if not one["clean"]]
    assert [(one["partition"], one["missing"]) for one in broken] == [("notes", 3)]


def test_repair_brings_them_back_without_a_model_call(damaged: Bench) -> None:
    repaired = damaged.mmrag("verify", "--repair", "--json")
    assert repaired.code == 0
    assert repaired.json["repaired"].keys() == {"notes"}
    assert damaged.mmrag("verify").code == 0
    made = damaged.mmrag("index", "--domain", "notes", "--json")
    assert set(made.json["model_calls"].values()) == {0}


def test_a_domain_that_cannot_be_mended_stops_no_other_and_hides_no_table(damaged: Bench) -> None:
    _lose_points(damaged, "shop")
    shutil.rmtree(damaged.home / "memo" / "image_vectors")
    said = damaged.mmrag("verify", "--repair", "--json")
    assert (said.code, set(said.json["failed"])) == (1, {"shop"})
    assert said.json["repaired"].keys() == {"notes"}
    assert {d["partition"]: d["clean"] for d in said.json["domains"]} == {
        "notes": True,
        "shop": False,
    }
    assert "domain shop: it could not be mended: the memo lost" in said.err


def test_points_of_another_model_are_an_error(bench: Bench) -> None:
    with open_vectors(Settings(home=bench.home)).writer("mmrag__notes__g1") as collection:
        ids = [point for batch in collection.held() for point in batch["point_id"]]
        collection.set_payloads({one: {"cards": {"text": "another"}} for one in ids})
        collection.flush()
    said = bench.mmrag("verify", "--domain", "notes", "--json")
    assert (said.code, said.json["domains"][0]["mixed"]) == (1, len(ids))
    assert "vectors of two models in one collection" in said.err
    assert bench.mmrag("verify", "--repair").code == 0


def test_what_was_repaired_is_told_on_standard_error(damaged: Bench) -> None:
    said = damaged.mmrag("verify", "--repair")
    assert "repaired notes" in said.err
    assert "NO" not in said.out


def test_differences_name_the_way_out(damaged: Bench) -> None:
    assert "`mmrag verify --repair` mends what differs" in damaged.mmrag("verify").err


def test_a_lost_table_of_points_names_the_way_out_and_hides_no_other_domain(bench: Bench) -> None:
    (bench.home / "tables" / "points" / "notes.parquet").unlink()
    said = bench.mmrag("verify", "--json")
    assert (said.code, said.json["clean"], set(said.json["failed"])) == (1, False, {"notes"})
    assert [one["partition"] for one in said.json["domains"]] == ["shop"]
    assert "run `mmrag index --domain notes`" in said.err
    assert bench.mmrag("index", "--domain", "notes").code == 0
    assert bench.mmrag("verify").code == 0

"""`mmrag explain`: the way back from a hit."""

from typing import Any

from tests.cli.commands import Bench


def test_a_hits_point_leads_back_to_its_file(indexed: Bench) -> None:
    found = indexed.mmrag("explain", _point(indexed), "--json").json
    assert found["file"]["key"] == "kettle.png"
    assert found["file"]["uri"].endswith("/shop/kettle.png")
    assert found["domain"] == "shop"


def test_the_explanation_names_models_and_tables(indexed: Bench) -> None:
    found = indexed.mmrag("explain", _point(indexed), "--json").json
    assert found["cards"]
    assert "points" in {row["table"] for row in found["lineage"]}
    assert found["served_by"] == "mmrag__shop__g1"


def test_a_person_reads_it_line_by_line(indexed: Bench) -> None:
    said = indexed.mmrag("explain", _point(indexed))
    labels = [line.split()[0] for line in said.out.splitlines()]
    assert "shop/kettle.png" in said.out
    assert {"point", "part", "page", "file", "models", "raw_files"} <= set(labels)
    assert "all-MiniLM-L6-v2" in said.out


def test_a_point_that_is_not_there_is_an_error_with_a_way_out(indexed: Bench) -> None:
    said = indexed.mmrag("explain", "nothing")
    assert said.code == 1
    assert "take a point_id from `mmrag search --json`" in said.err


def _point(bench: Bench) -> str:
    hits: list[dict[str, Any]] = bench.mmrag("search", "KX-4711", "--json").json["hits"]
    return str(hits[0]["point_id"])

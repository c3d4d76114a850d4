"""`mmrag generations`, `rollback` and `promote`: what serves, and a person's word on it."""

import json
import re
from pathlib import Path

import pytest

from mmrag_pipeline.stores.edge import EdgeVectors
from mmrag_pipeline.stores.receipts import operator
from tests.cli.commands import Bench, Said

HALF = {"MMRAG_INDEX_DATATYPE": "float16"}
"""Another layout of the same vectors: a generation without model calls."""


@pytest.fixture(scope="module")
def changed(shared: Bench, first: Said, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Give a state whose second generation serves, made once, that no test may change."""
    assert first.code == 0
    bench = shared.copy(tmp_path_factory.mktemp("changed"))
    said = bench.mmrag("index", "--json", **HALF)
    assert set(said.json["model_calls"].values()) == {0}, said.err
    return bench


@pytest.fixture
def two(changed: Bench, tmp_path: Path) -> Bench:
    """Give a copy of the state whose second generation serves."""
    return changed.copy(tmp_path)


def _listed(bench: Bench, domain: str = "notes") -> dict[int, dict[str, object]]:
    found = bench.mmrag("generations", "--json").json["domains"][domain]
    return {one["number"]: one for one in found}


def test_a_run_says_which_generation_began_to_serve_and_that_nothing_could_decide(
    bench: Bench,
) -> None:
    said = bench.mmrag("index", **HALF)
    assert (
        "notes: another generation serves: mmrag__notes__g1 -> mmrag__notes__g2; the gate could "
        "not decide, and so let it pass: no labelled queries are named (MMRAG_GATE_QUERIES)"
    ) in said.err
    assert "another generation" not in bench.mmrag("index", **HALF).err


def test_the_object_of_a_run_holds_what_was_decided_on_generations(bench: Bench) -> None:
    found = bench.mmrag("index", "--json", **HALF, MMRAG_KEEP_GENERATIONS="0").json["generations"]
    assert sorted(found) == ["notes", "shop"]
    notes = found["notes"]
    assert (notes["before"], notes["candidate"]) == ("mmrag__notes__g1", "mmrag__notes__g2")
    assert (notes["serves"], notes["gate"], notes["scores"]) == (True, "undecided", [])
    assert notes["dropped"] == ["mmrag__notes__g1"]


def test_a_backfill_tells_it_as_well(bench: Bench) -> None:
    said = bench.mmrag("backfill", "--json", "--domain", "notes", **HALF)
    assert "notes: another generation serves: mmrag__notes__g1 ->" in said.err
    assert list(said.json["generations"]) == ["notes"]


def test_each_generation_is_listed_with_what_it_holds_and_what_became_of_it(two: Bench) -> None:
    old, new = _listed(two).values()
    assert (old["serves"], new["serves"]) == (False, True)
    assert old["points"] == new["points"] != 0
    assert old["complete"]
    assert isinstance(old["size_bytes"], int)
    assert old["size_bytes"] > 1_000
    assert new["last"] is not None
    assert new["since"] is not None


def test_a_person_reads_models_numbers_and_the_last_decision(two: Bench) -> None:
    said = two.mmrag("generations", "--domain", "notes")
    assert said.code == 0
    assert "mmrag-mini, all-MiniLM-L6-v2" in said.out
    assert "float16" in said.out
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d served by run", said.out)


def test_the_last_decision_is_not_joined_to_what_the_gate_said_before(
    bench: Bench, tmp_path: Path
) -> None:
    path = tmp_path / "queries.jsonl"
    path.write_text(json.dumps(_label("tea", "notes/tea.txt")))
    bench.mmrag("index", "--domain", "notes", MMRAG_GATE_QUERIES=str(path), **HALF)
    assert "gate" in bench.mmrag("generations").out
    bench.mmrag("rollback", "notes", "--reason", "a trial", **HALF)
    said = bench.mmrag("generations", "--domain", "notes").out
    assert f"rolled back by {operator()}, a trial" in said
    assert "gate" not in said


def test_the_history_lists_every_decision_also_on_what_is_gone(two: Bench) -> None:
    two.mmrag("rollback", "notes", "--reason", "a trial", **HALF)
    two.mmrag("index", "--domain", "notes", MMRAG_KEEP_GENERATIONS="0", **HALF)
    two.mmrag("promote", "notes", "--reason", "it was right", **HALF)
    two.mmrag("index", "--domain", "notes", MMRAG_KEEP_GENERATIONS="0", **HALF)
    found = two.mmrag("generations", "--history", "--json").json["domains"]["notes"]
    assert [(one["collection"][-2:], one["event"], one["gate"]) for one in found] == [
        ("g1", "served", ""),
        ("g2", "served", "undecided"),
        ("g2", "rolled_back", ""),
        ("g1", "restored", ""),
        ("g2", "promoted", ""),
        ("g1", "dropped", ""),
    ]
    assert (found[4]["by"], found[4]["reason"]) == (operator(), "it was right")


def test_a_person_reads_the_history_as_a_table(two: Bench) -> None:
    two.mmrag("rollback", "notes", "--reason", "a trial", **HALF)
    lines = two.mmrag("generations", "--domain", "notes", "--history").out.splitlines()
    assert lines[0] == "History of generations"
    row = next(line for line in lines if "rolled back" in line)
    assert re.search(rf"\d\d:\d\d +mmrag__notes__g2 +rolled back +{operator()} +a trial", row)


def test_how_what_serves_is_kept_is_told(bench: Bench) -> None:
    settings = {"MMRAG_INDEX_QUANTIZATION": "scalar", "MMRAG_INDEX_QUANTIZED_MEMORY": "cold"}
    bench.mmrag("index", "--domain", "notes", **settings)
    said = bench.mmrag("generations", **settings)
    one, other = said.out.splitlines()[-2:]
    assert one.startswith("notes: what serves has MMRAG_INDEX_QUANTIZATION=scalar, MMRAG_INDEX_QUA")
    assert other.startswith("shop: what serves has MMRAG_INDEX_QUANTIZATION=none, MMRAG_INDEX_VEC")
    tuning = bench.mmrag("generations", "--json").json["domains"]["notes"][0]["tuning"]
    assert (tuning["MMRAG_INDEX_QUANTIZATION"], tuning["MMRAG_INDEX_HNSW_M"]) == ("scalar", "16")


def test_a_collection_that_is_in_use_is_listed_without_its_points(two: Bench) -> None:
    store = EdgeVectors(two.home / "collections")
    with store.reader("mmrag__notes__g1"):
        assert _listed(two)[1]["points"] is None


def test_a_rollback_serves_the_one_before_and_says_what_runs_do_now(two: Bench) -> None:
    said = two.mmrag("rollback", "notes", "--reason", "a trial", **HALF)
    assert said.code == 0, said.err
    assert said.out.startswith("notes is served by mmrag__notes__g1 (mmrag-mini, all-MiniLM-L6-v2")
    assert "runs keep that one up to date and do not serve it; `mmrag promote notes" in said.out
    assert "MMRAG_INDEX_DATATYPE=float32" in said.out
    hits = two.mmrag("search", "green tea", "--domain", "notes", "--json").json["hits"]
    assert {hit["collection"] for hit in hits} == {"mmrag__notes__g1"}


def test_who_rolled_back_and_why_is_told_until_it_is_promoted(two: Bench) -> None:
    two.mmrag("rollback", "notes", "--reason", "a trial", **HALF)
    told = f"rolled back by {operator()}"
    for command in ("index", "generations"):
        said = two.mmrag(command, **HALF)
        assert (said.code, told in said.err, "(a trial)" in said.err) == (0, True, True)
    assert told in two.mmrag("status").out
    assert "mmrag__notes__g2, which was compared, is held back" in two.mmrag("verify", **HALF).err
    held = two.mmrag("status", "--json").json["domains"]["notes"]["held_back"]
    assert (held["event"], held["reason"]) == ("rolled_back", "a trial")
    said = two.mmrag("promote", "notes", "--reason", "it was right", **HALF)
    assert said.out.startswith("notes is served by mmrag__notes__g2")
    assert two.mmrag("status", "--json").json["domains"]["notes"]["held_back"] is None
    assert two.mmrag("index", **HALF).err.count("promote") == 0


def test_a_rollback_needs_no_queries_of_the_gate_and_no_model(two: Bench) -> None:
    gone = {"MMRAG_GATE_QUERIES": "gone.jsonl", "MMRAG_IMAGE_MODEL": "ViT-B-32/laion2b_s34b_b79k"}
    assert two.mmrag("rollback", "notes", **gone).code == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("rollback", "nowhere"), "no indexed domain 'nowhere'"),
        (("rollback", "shop", "--to", "2"), "is what serves 'shop' already"),
        (("rollback", "shop", "--to", "9"), "no generation 'mmrag__shop__g9'; it has: mmrag__shop"),
        (("promote", "shop", "--reason", "x"), "is what serves 'shop' already"),
        (("promote", "shop", "--reason", " "), "--reason is empty"),
    ],
)
def test_what_cannot_be_decided_is_one_line(
    two: Bench, arguments: tuple[str, ...], told: str
) -> None:
    said = two.mmrag(*arguments)
    assert _is_one_line(said)
    assert told in said.err


def test_without_another_generation_the_way_back_is_told(bench: Bench) -> None:
    said = bench.mmrag("rollback", "shop")
    assert _is_one_line(said)
    assert "no other generation than 'mmrag__shop__g1', so there is nothing to go back" in said.err
    assert "fills another one when MMRAG_IMAGE_MODEL" in said.err


def test_one_that_was_held_back_is_named_as_another_way(two: Bench) -> None:
    two.mmrag("rollback", "shop")
    said = two.mmrag("rollback", "shop")
    assert _is_one_line(said)
    assert "`--to N` names another one (mmrag__shop__g2)" in said.err


def test_promoting_needs_a_reason(two: Bench) -> None:
    assert two.mmrag("promote", "shop").code == 2


@pytest.mark.parametrize(
    ("text", "told"), [(None, "cannot read the queries file"), ("{}", "line 1")]
)
def test_queries_of_the_gate_that_cannot_be_read_are_told_before_anything_is_done(
    bench: Bench, tmp_path: Path, text: str | None, told: str
) -> None:
    path = tmp_path / "queries.jsonl"
    if text is not None:
        path.write_text(text)
    said = bench.mmrag("index", MMRAG_GATE_QUERIES=str(path))
    assert _is_one_line(said)
    assert "MMRAG_GATE_QUERIES: " in said.err
    assert told in said.err


@pytest.mark.parametrize(
    "command",
    [
        ("verify",),
        ("plan",),
        ("generations",),
        ("purge", "notes/tea.txt", "--yes"),
    ],
)
def test_what_judges_no_generation_reads_no_queries_of_the_gate(
    bench: Bench, command: tuple[str, ...]
) -> None:
    said = bench.mmrag(*command, MMRAG_GATE_QUERIES="gone.jsonl")
    assert (said.code, "MMRAG_GATE_QUERIES" in said.err) == (0, False), said.err


def test_a_gate_without_queries_of_a_domain_lets_it_pass_and_says_so(
    bench: Bench, tmp_path: Path
) -> None:
    path = tmp_path / "queries.jsonl"
    labels = [("tea", "notes/tea.txt"), ("kettle", "notes/none.txt")]
    path.write_text("\n".join(json.dumps(_label(*label)) for label in labels))
    said = bench.mmrag("index", MMRAG_GATE_QUERIES=str(path), **HALF)
    assert "notes gate: 0 of 1" in said.err
    assert "shop gate" not in said.err
    notes, shop = _listed(bench)[2], _listed(bench, "shop")[2]
    assert (notes["serves"], shop["serves"]) == (True, True)
    assert "1 queries, nDCG@10" in str(notes["last"])
    assert "nothing was compared" in str(shop["last"])


def _label(query: str, relevant: str) -> dict[str, object]:
    return {"id": query, "query": query, "relevant": [relevant], "kind": "words"}


def _is_one_line(said: Said) -> bool:
    """Return whether a command failed and said why in one line."""
    return (said.code, said.err.count("\n")) == (1, 1)

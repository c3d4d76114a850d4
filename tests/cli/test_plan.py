"""`mmrag plan`: index then does what it said."""

import os
import shutil
from typing import Any

import pytest

from mmrag_pipeline.engines.minilm import minilm_folder
from tests.cli.commands import Bench
from tests.cli.corpus import draw_card


def test_a_plan_without_changes_is_all_reuse(indexed: Bench, second: object) -> None:
    assert second
    stations = _stations(indexed)
    assert all(row["calls"] == 0 and row["exact"] for row in stations.values())
    assert stations["raw_files"]["reuse"] == 7


def test_before_a_run_the_seconds_are_told_to_be_without_loading_models(empty: Bench) -> None:
    told = "before a run taught better: two processors, no loading of models"
    assert told in empty.mmrag("plan", "--source", str(empty.source)).out
    empty.home.mkdir()
    (empty.home / "rates.json").write_text('{"text_vectors": 0.5}')
    assert told not in empty.mmrag("plan", "--source", str(empty.source)).out


def test_a_plan_writes_nothing(empty: Bench) -> None:
    said = empty.mmrag("plan", "--source", str(empty.source), "--json")
    assert said.json["stations"][0] | {"seconds": 0} == {
        **{"station": "raw_files", "add": 1, "change": 0, "delete": 0, "reuse": 0},
        **{"calls": 0, "expired": 0, "redacted": None, "seconds": 0, "exact": True},
    }
    assert not empty.home.exists()


def test_index_does_what_the_plan_said(bench: Bench) -> None:
    bench.mmrag("index", "--domain", "shop")
    draw_card(bench.source / "shop" / "lamp.png", "LM-9001", "green")
    planned = _stations(bench, "--domain", "shop")
    assert [planned["raw_files"][n] for n in ("add", "change", "delete", "reuse")] == [0, 1, 0, 3]
    assert planned["pages"]["change"] == 1
    calls = bench.mmrag("index", "--domain", "shop", "--json").json["model_calls"]
    assert calls["ocr"] == planned["ocr"]["calls"] == 1
    assert calls["image_vectors"] == planned["image_vectors"]["calls"] == 1
    assert _stations(bench, "--domain", "shop")["raw_files"]["calls"] == 0


def test_a_deleted_file_is_planned_as_such(bench: Bench) -> None:
    bench.mmrag("index", "--domain", "notes")
    (bench.source / "notes" / "tent.md").unlink()
    planned = _stations(bench, "--domain", "notes")
    assert planned["raw_files"]["delete"] == 1
    assert planned["points"]["delete"] == 1
    assert bench.mmrag("index", "--domain", "notes", "--json").json["points"] == 2


def test_files_that_will_leave_because_of_their_time_are_told(bench: Bench) -> None:
    os.utime(bench.source / "notes" / "tea.txt", (0, 0))
    days = {"MMRAG_TTL_DAYS": '{"notes": 30}'}
    said = bench.mmrag("plan", "--domain", "notes", **days)
    assert "1 file: to leave because the time in MMRAG_TTL_DAYS is over" in said.out
    row = bench.mmrag("plan", "--domain", "notes", "--json", **days).json["stations"][0]
    assert (row["delete"], row["expired"]) == (1, 1)
    assert _stations(bench, "--domain", "notes")["raw_files"]["expired"] == 0  # nothing is kept


def test_after_a_purge_the_plan_is_empty(bench: Bench) -> None:
    bench.mmrag("index", "--domain", "notes")
    bench.mmrag("purge", "notes/tea.txt", "--reason", "a wish", "--yes")
    rows = _stations(bench, "--domain", "notes").values()
    assert sum(row["add"] + row["change"] + row["delete"] for row in rows) == 0
    assert all(row["exact"] for row in rows)


def test_estimates_are_marked_for_people(bench: Bench) -> None:
    (bench.source / "notes" / "new.txt").write_text("Coffee wants less heat.")
    said = bench.mmrag("plan", "--domain", "notes")
    assert said.out.startswith("notes: about ")
    assert "ocr ~" in said.out
    assert "~ an estimate" in said.out


def test_a_new_generation_is_told_with_its_reason_and_its_price(indexed: Bench) -> None:
    kept = {"MMRAG_INDEX_DATATYPE": "float16"}
    said = indexed.mmrag("plan", **kept)
    told = said.out[said.out.index("notes, shop: a new generation") :].splitlines()
    assert told[1] == "  MMRAG_INDEX_DATATYPE: float32 to float16"
    assert "0 model calls for those that it lacks" in told[2]
    assert told[3].endswith("it serves then (MMRAG_GATE_QUERIES names no queries that decide)")
    ahead = indexed.mmrag("plan", "--json", **kept).json["generations"]["notes"]
    assert (ahead["serving"], ahead["collection"]) == ("mmrag__notes__g1", "mmrag__notes__g2")
    assert ahead["points"] == 3


def test_going_back_is_told_as_a_generation_that_is_there(bench: Bench) -> None:
    kept = {"MMRAG_INDEX_DATATYPE": "float16"}
    bench.mmrag("index", "--domain", "notes", **kept)
    said = bench.mmrag("plan", "--domain", "notes")
    assert "notes: generation 1, which is there already, instead of 2, because what" in said.out
    assert "  MMRAG_INDEX_DATATYPE: float16 to float32" in said.out
    assert "at most 3 points to write, with vectors from the memo; 0 model calls" in said.out
    bench.mmrag("rollback", "notes")
    said = bench.mmrag("plan", "--domain", "notes", **kept)
    assert "notes: generation 2, which is there already, instead of 1, because what" in said.out
    assert "it was rolled back, so that it does not serve then either: `mmrag promote" in said.out


def test_what_the_next_run_changes_in_place_is_told_until_it_has(bench: Bench) -> None:
    kept = {"MMRAG_INDEX_QUANTIZATION": "scalar", "MMRAG_INDEX_PRINCIPAL": "page_no"}
    said = bench.mmrag("plan", "--domain", "notes", **kept)
    assert said.out.splitlines()[-3:] == [
        "notes: kept another way from the next run on, without a new generation",
        "  MMRAG_INDEX_QUANTIZATION: none to scalar",
        "  MMRAG_INDEX_PRINCIPAL: none to page_no",
    ]
    told = bench.mmrag("plan", "--json", **kept).json["in_place"]["notes"]
    first = {"setting": "MMRAG_INDEX_QUANTIZATION", "from": "none", "to": "scalar"}
    assert (told["collection"], told["changes"][0]) == ("mmrag__notes__g1", first)
    bench.mmrag("index", "--domain", "notes", **kept)
    assert not bench.mmrag("plan", "--domain", "notes", "--json", **kept).json["in_place"]


@pytest.mark.parametrize(
    "named",
    [
        {"MMRAG_TEXT_MODEL": "no-such/model"},
        {"MMRAG_IMAGE_MODEL": "ViT-B-32/laion2b_s34b_b79k"},
        {"MMRAG_IMAGE_MODEL": "ViT-B-16-SigLIP/webli"},
        {"MMRAG_CAPTION_MODEL": "no-such/blip", "MMRAG_CAPTIONER": "blip"},
    ],
)
def test_a_model_that_is_not_here_is_one_line_and_no_download(
    indexed: Bench, named: dict[str, str]
) -> None:
    said = indexed.mmrag("plan", **named)
    setting = next(iter(named))
    assert (said.code, said.out, len(said.err.splitlines())) == (1, "", 1)
    assert said.err.startswith(f"error: {setting}={named[setting]!r} is not on this machine")
    assert "a plan downloads nothing" in said.err


def test_a_domain_that_has_no_plan_is_told_without_an_empty_table(bench: Bench) -> None:
    shutil.rmtree(bench.source / "notes")
    said = bench.mmrag("plan", "--domain", "notes")
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("domain notes was not planned: ")


def test_texts_for_another_model_are_counted_as_they_were_cut_before(indexed: Bench) -> None:
    folder = {"MMRAG_TEXT_MODEL": str(minilm_folder())}
    held = indexed.mmrag("status", "--domain", "notes", "--json").json["domains"]["notes"]
    said = indexed.mmrag("plan", "--domain", "notes", **folder)
    assert f"{held['chunks']} model calls for those" in said.out
    assert "~ an estimate: it depends on what other models will find, and how texts" in said.out


def _stations(bench: Bench, *arguments: str) -> dict[str, dict[str, Any]]:
    rows: list[dict[str, Any]] = bench.mmrag("plan", *arguments, "--json").json["stations"]
    return {str(row["station"]): row for row in rows}


def test_what_redaction_changes_is_told_with_what_it_costs(bench: Bench) -> None:
    (bench.source / "notes" / "mail.txt").write_text("Write to ann@example.com for tea.")
    bench.mmrag("index", "--domain", "notes")
    said = bench.mmrag("plan", "--domain", "notes", MMRAG_REDACT='{"*": ["email"]}')
    assert "MMRAG_REDACT says otherwise than at the last run: 4 texts to cut again" in said.out
    assert "about 1 chunk of them" in " ".join(said.out.split())
    assert "~ an estimate: it depends on how texts are cut without what is taken" in said.out
    assert "MMRAG_REDACT" not in bench.mmrag("plan", "--domain", "notes").out

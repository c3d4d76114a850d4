"""`mmrag index`: what it counts, what it pays for, what it says."""

import os
import shutil
from pathlib import Path

import pytest

from mmrag_pipeline.engines.compute import DRIVER_FILES
from mmrag_pipeline.stores.answer_cache import FolderAnswers
from tests.cli.commands import Bench, Said
from tests.cli.corpus import FILES, PAGES, PICTURES

MODELS = {"ocr", "captions", "image_vectors", "text_vectors"}
PROMISED = {
    *("files", "pages", "tiles", "chunks", "points", "dead_letters"),
    *("model_calls", "reused", "seconds"),
}


def test_the_json_object_has_every_promised_key(first: Said) -> None:
    assert first.json.keys() >= PROMISED
    assert first.json["model_calls"].keys() == first.json["reused"].keys() == MODELS


def test_every_file_is_counted_and_the_broken_one_is_a_dead_letter(first: Said) -> None:
    counts = {name: first.json[name] for name in ("files", "pages", "dead_letters")}
    assert counts == {"files": FILES, "pages": PAGES, "dead_letters": 1}


def test_pictures_are_read_once_and_a_text_layer_is_not_read_again(first: Said) -> None:
    assert first.json["model_calls"]["ocr"] == PICTURES


def test_progress_and_warnings_go_to_standard_error(first: Said) -> None:
    assert "image_vectors: 3 of 3" in first.err
    assert "warning: shop dead_letters/rate" in first.err


def test_the_first_run_says_what_the_shipped_model_is_for(first: Said, second: Said) -> None:
    assert "for trying out" in " ".join(first.err.split())
    assert "for trying out" not in " ".join(second.err.split())


def test_a_second_run_calls_no_model(first: Said, second: Said) -> None:
    assert second.code == 0
    assert set(second.json["model_calls"].values()) == {0}
    same = ("files", "pages", "tiles", "chunks", "points", "dead_letters")
    assert [second.json[n] for n in same] == [first.json[n] for n in same]


def test_a_run_without_changes_does_not_load_torch(second: Said) -> None:
    if any(path.exists() for path in DRIVER_FILES):
        pytest.skip("torch is asked for CUDA where there is a driver")
    assert "loaded torch: False" in second.err


def test_a_person_gets_a_row_per_station(indexed: Bench) -> None:
    said = indexed.mmrag("index")
    assert said.out.startswith(f"{FILES} files, 0 model calls, ")
    assert "image_vectors" in said.out
    assert "1 dead letter: `mmrag dead-letters` says" in said.err


def test_a_whole_folder_can_be_one_domain(empty: Bench) -> None:
    said = empty.mmrag("index", "--source", str(empty.source), "--domain", "trees", "--json")
    assert said.json["domains"] == ["trees"]
    assert said.json["files"] == 1
    assert empty.mmrag("status", "--json").json["domains"]["trees"]["chunks"] == 1


def test_an_edit_is_taken_without_naming_the_source_again(bench: Bench) -> None:
    (bench.source / "notes" / "tea.txt").write_text("Black tea wants boiling water.")
    said = bench.mmrag("index", "--domain", "notes", "--json")
    assert said.json["model_calls"] == dict.fromkeys(MODELS, 0) | {"text_vectors": 1}


def test_domains_too_many_are_told_and_the_others_indexed(bench: Bench) -> None:
    for name in ("garden", "attic"):
        (bench.source / name).mkdir()
        (bench.source / name / "tree.txt").write_text("An apple tree.")
    said = bench.mmrag("index", "--json", MMRAG_MAX_DOMAINS="3")
    assert (said.code, said.json["domains"]) == (1, ["attic", "notes", "shop"])
    assert "'garden': there are 3 and MMRAG_MAX_DOMAINS=3" in said.json["warnings"][-1]


def test_a_domain_too_many_is_refused_before_anything_is_written(indexed: Bench) -> None:
    place = ("--source", str(indexed.source / "shop"), "--domain", "attic")
    said = indexed.mmrag("index", *place, MMRAG_MAX_DOMAINS="2")
    assert said.code == 1
    assert said.err.startswith("error: 1 new domain is not indexed, for one 'attic'")
    assert "attic" not in (indexed.home / "sources.json").read_text()


def test_the_place_of_an_empty_domain_can_be_given_back(bench: Bench) -> None:
    shutil.rmtree(bench.source / "shop")
    (bench.source / "shop").mkdir()
    assert bench.mmrag("index", "--domain", "shop", "--json").json["points"] == 0
    (bench.source / "shop").rename(bench.source / "attic")
    assert bench.mmrag("index", MMRAG_MAX_DOMAINS="2").code == 1
    for table in (bench.home / "tables").glob("*/shop.parquet"):
        table.unlink()
    said = bench.mmrag("index", "--json", MMRAG_MAX_DOMAINS="2")
    assert (said.code, said.json["domains"], said.json["warnings"]) == (0, ["attic", "notes"], [])
    assert bench.mmrag("verify").code == 0
    assert bench.mmrag("search", "tea").code == 0


def test_a_source_that_claims_a_known_domain_is_refused_and_not_remembered(bench: Bench) -> None:
    other = bench.source.with_name("other")
    (other / "shop").mkdir(parents=True)
    said = bench.mmrag("index", "--source", str(other))
    assert said.code == 1
    assert "domain 'shop' is both" in said.err
    assert bench.mmrag("plan").code == 0


def test_an_unknown_domain_is_refused_before_anything_is_written(empty: Bench) -> None:
    said = empty.mmrag("index", "--domain", "nope")
    assert said.code == 1
    assert "no source has a domain 'nope'" in said.err
    assert not empty.home.exists()


def test_a_lost_root_stops_only_its_own_domains(bench: Bench, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "garden").mkdir(parents=True)
    (other / "garden" / "tree.txt").write_text("An apple tree.")
    assert bench.mmrag("index", "--source", str(other)).code == 0
    bench.source.rename(tmp_path / "moved")
    (other / "garden" / "bush.txt").write_text("A rose bush.")
    said = bench.mmrag("index", "--json")
    assert (said.code, set(said.json["failed"])) == (1, {"notes", "shop"})
    assert said.json["changes"]["added"] == 1
    assert "take it out of" in said.json["warnings"][0]


def test_a_lost_root_hides_no_plan_of_another_root(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "other" / "garden").mkdir(parents=True)
    bench.source.rename(tmp_path / "moved")
    said = bench.mmrag("plan", "--source", str(tmp_path / "other"), "--json")
    assert (said.code, set(said.json["domains"])) == (0, {"garden"})
    assert set(bench.mmrag("plan", "--json").json["failed"]) == {"notes", "shop"}


def test_a_domain_whose_folder_is_gone_is_told_and_kept(bench: Bench) -> None:
    shutil.rmtree(bench.source / "shop")
    said = bench.mmrag("index", "--json")
    assert said.code == 0
    assert "domain shop is indexed, but no source has its folder" in said.json["warnings"][0]
    assert bench.mmrag("status", "--json").json["domains"]["shop"]["points"] > 0


def test_a_domain_is_emptied_on_purpose_with_an_empty_folder(bench: Bench) -> None:
    shutil.rmtree(bench.source / "shop")
    void = bench.source.with_name("void")
    void.mkdir()
    said = bench.mmrag("index", "--source", str(void), "--domain", "shop", "--json")
    assert said.json["points"] == 0
    assert said.code == 0


def test_files_whose_time_is_over_are_told_and_stay_away_without_the_setting(bench: Bench) -> None:
    for name in ("tea.txt", "tent.md"):
        os.utime(bench.source / "notes" / name, (0, 0))
    said = bench.mmrag("index", "--domain", "notes", MMRAG_TTL_DAYS='{"notes": 30}')
    assert "2 files: out of the index because the time in MMRAG_TTL_DAYS is over" in said.err
    again = bench.mmrag("index", "--domain", "notes", "--json").json
    assert (again["points"], again["changes"]["expired"], again["changes"]["returned"]) == (1, 0, 0)
    assert (again["files"], again["expired"]) == (1, 2)
    assert bench.mmrag("index", "--domain", "notes").out.startswith("1 file (2 more out of time), ")


def test_a_misspelt_domain_of_a_setting_is_told(bench: Bench) -> None:
    said = bench.mmrag("index", "--domain", "notes", MMRAG_TTL_DAYS='{"shopp": 30}')
    assert "MMRAG_TTL_DAYS names 'shopp' (did you mean 'shop'?)" in said.err
    assert said.code == 0


def test_lifting_the_days_brings_files_back_and_says_so(bench: Bench) -> None:
    os.utime(bench.source / "notes" / "tea.txt", (0, 0))
    bench.mmrag("backfill", "--domain", "notes", MMRAG_TTL_DAYS='{"notes": 30}')
    said = bench.mmrag("backfill", "--domain", "notes", MMRAG_TTL_DAYS="{}")
    assert "1 file: in the index again because the time in MMRAG_TTL_DAYS is not over" in said.err
    assert bench.mmrag("index", "--domain", "notes", "--json").json["points"] == 3


def test_damaged_days_stop_the_run_with_a_way_out(bench: Bench) -> None:
    (bench.home / "ttl.json").write_text("[]")
    said = bench.mmrag("index")
    assert (said.code, "delete it and name MMRAG_TTL_BY" in said.err) == (1, True)


def test_what_was_redacted_is_told_in_numbers(bench: Bench) -> None:
    for kept in ("answers", "reports"):  # of other tests that asked the state this one is a copy of
        shutil.rmtree(bench.home / kept, ignore_errors=True)
    (bench.source / "notes" / "mail.txt").write_text("Write to ann@example.com or bob@example.com")
    said = bench.mmrag("index", "--domain", "notes", "--json", MMRAG_REDACT='{"*": ["email"]}')
    assert said.json["redacted"] == {"notes": {"email": 2}}
    assert "notes: redacted in the texts cut by this run: 2 email" in said.err
    assert "were dropped" not in said.err
    assert "example.com" not in said.out + said.err
    again = bench.mmrag("index", "--domain", "notes", "--json")
    assert (again.json["redacted"], "redacted" in again.err) == ({}, False)


def test_a_command_says_that_it_computes_here_although_pods_would_do_so(empty: Bench) -> None:
    said = empty.mmrag(
        "index", "--source", str(empty.source), MMRAG_EXECUTOR="kubernetes", MMRAG_STEP_RETRIES="3"
    )
    assert said.code == 0
    assert "computes in its own process all the same" in said.err


def test_answers_of_before_that_are_dropped_are_told(bench: Bench) -> None:
    cache = FolderAnswers(bench.home / "answers", days=1)
    cache.put("0" * 32, "ann@example.com")
    said = bench.mmrag("index", "--domain", "notes", MMRAG_REDACT='{"*": ["email"]}')
    assert "cached answers and the reports of MMRAG_HOME" in said.err
    assert cache.get("0" * 32) is None

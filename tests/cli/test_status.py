"""`mmrag status`: what is indexed and where it lies."""

import os
from pathlib import Path

from tests.cli.commands import Bench
from tests.stores.moto_server import REGION, server_url


def test_counts_are_those_of_the_tables(indexed: Bench) -> None:
    said = indexed.mmrag("status", "--json").json
    assert said["home"] == str(indexed.home)
    assert said["domains"]["shop"]["files"] == 4
    assert said["domains"]["shop"]["dead_letters"] == 1
    assert said["domains"]["shop"]["serving"] == "mmrag__shop__g1"


def test_files_are_counted_by_what_they_are(indexed: Bench) -> None:
    types = indexed.mmrag("status", "--json").json["domains"]["shop"]["files_by_type"]
    assert types == {"application/pdf": 1, "image/jpeg": 1, "image/png": 2}


def test_a_person_gets_a_row_per_domain(indexed: Bench) -> None:
    lines = indexed.mmrag("status", "--domain", "notes").out.splitlines()
    assert lines[-1].split()[0] == "notes"


def test_the_place_of_the_tables_is_told_apart_from_the_home(indexed: Bench) -> None:
    other = Bench(indexed.home.with_name("other"), indexed.source)
    state = str(indexed.home)
    said = other.mmrag("status", MMRAG_STATE_ROOT=state)
    assert said.out.startswith(f"Tables and memo in {state}; index and receipts under {other.home}")
    held = other.mmrag("status", "--json", MMRAG_STATE_ROOT=state).json
    assert (held["home"], held["state"]) == (str(other.home), state)
    assert held["receipts"] == str(other.home / "receipts")


def test_all_sources_and_the_queue_are_told(indexed: Bench) -> None:
    queue = "https://sqs.eu-central-1.amazonaws.com/1/events"
    more = {"MMRAG_SOURCE_ROOT": "s3://pictures/in", "MMRAG_SOURCE_DOMAIN": "garden"}
    said = indexed.mmrag("status", "--json", MMRAG_QUEUE_URL=queue, **more)
    assert said.json["sources"]["roots"] == [str(indexed.source)]
    assert said.json["sources"]["folders"] == {"garden": "s3://pictures/in"}
    assert said.json["queue"] == queue
    shown = indexed.mmrag("status", MMRAG_QUEUE_URL=queue, **more).out
    assert f"sources: {indexed.source}, garden = s3://pictures/in\nqueue: {queue}\n" in shown


def test_what_is_not_there_is_not_said(indexed: Bench) -> None:
    said = indexed.mmrag("status").out
    assert [w for w in ("queue", "purged", "expired", "leave", "waiting") if w in said] == []


def test_models_are_told_by_name(indexed: Bench) -> None:
    models = indexed.mmrag("status", "--json").json["domains"]["notes"]["models"]
    assert (models["image"], models["text"]) == ("mmrag-mini", "all-MiniLM-L6-v2")
    assert "image mmrag-mini" in indexed.mmrag("status").out


def test_days_to_live_are_told_where_they_are_set(indexed: Bench) -> None:
    days = {"MMRAG_TTL_DAYS": '{"notes": 30000}'}
    rows = indexed.mmrag("status", "--json", **days).json["domains"]
    assert (rows["notes"]["days_to_live"], rows["shop"]["days_to_live"]) == (30_000, None)
    last = indexed.mmrag("status", **days).out.splitlines()[-1]
    assert last == "notes: files leave 30000 days after they were modified"


def test_files_out_of_time_are_counted_and_kept_days_are_told(bench: Bench) -> None:
    os.utime(bench.source / "notes" / "tea.txt", (0, 0))
    days = {"MMRAG_TTL_DAYS": '{"notes": 3650}'}
    assert bench.mmrag("index", "--domain", "notes", **days).code == 0
    assert bench.mmrag("status", "--json").json["domains"]["notes"]["expired"] == 1
    assert bench.mmrag("status", "--json").json["domains"]["notes"]["files"] == 2
    told = "notes: files leave 3650 days after they were modified, 1 expired"
    assert told in bench.mmrag("status").out


def test_days_are_told_as_they_were_named(indexed: Bench) -> None:
    days = {"MMRAG_TTL_DAYS": '{"notes": 36499.00001}'}
    row = indexed.mmrag("status", "--json", **days).json["domains"]["notes"]
    assert row["days_to_live"] == 36499.00001


def test_files_out_of_time_have_no_type_and_unread_ones_say_so(bench: Bench) -> None:
    (bench.source / "notes" / "link.txt").symlink_to("tea.txt")
    for path in (bench.source / "notes" / "tea.txt", bench.source / "notes" / "tent.md"):
        os.utime(path, (0, 0))
    bench.mmrag("index", "--domain", "notes", MMRAG_TTL_DAYS='{"notes": 3650}')
    row = bench.mmrag("status", "--json").json["domains"]["notes"]
    assert row["files_by_type"] == {"text/plain": 1, "unread": 1}
    assert (row["files"], row["expired"]) == (2, 2)


def test_domains_that_settings_name_and_nobody_knows_are_told(indexed: Bench) -> None:
    named = {"MMRAG_TTL_DAYS": '{"nots": 30000}', "MMRAG_REINDEX_CRONS": '{"attic": "@daily"}'}
    said = indexed.mmrag("status", "--json", **named)
    unknown = {"MMRAG_TTL_DAYS": ["nots"], "MMRAG_REINDEX_CRONS": ["attic"]}
    assert (said.code, said.json["unknown_domains"]) == (0, unknown)
    assert "MMRAG_TTL_DAYS names 'nots' (did you mean 'notes'?): no such domain" in said.err
    assert "MMRAG_REINDEX_CRONS names 'attic': no such domain is indexed" in said.err


def test_damaged_days_hide_nothing_else(bench: Bench) -> None:
    (bench.home / "ttl.json").write_text("[]")
    said = bench.mmrag("status", "--json")
    assert (said.code, said.json["domains"]["notes"]["days_to_live"]) == (1, None)
    assert "ttl.json cannot be read" in said.json["warnings"][0]


def test_a_table_that_cannot_be_read_hides_no_other_domain(bench: Bench) -> None:
    (bench.home / "tables" / "pages" / "notes.parquet").write_text("damaged")
    said = bench.mmrag("status", "--json")
    assert (said.code, set(said.json["domains"]), set(said.json["failed"])) == (
        1,
        {"shop"},
        {"notes"},
    )
    assert "domain notes: " in said.err
    assert "cannot be trusted" in said.err


def test_a_damaged_list_of_sources_hides_nothing_else(bench: Bench) -> None:
    (bench.home / "sources.json").write_text("{")
    said = bench.mmrag("status", "--json")
    assert (said.code, said.json["sources"]) == (1, None)
    assert said.json["domains"].keys() == {"notes", "shop"}
    assert "sources.json cannot be read" in said.json["warnings"][0]


def test_tables_out_of_reach_do_not_hide_where_everything_lies(
    indexed: Bench, tmp_path: Path
) -> None:
    (tmp_path / "a file").touch()
    said = indexed.mmrag("status", "--json", MMRAG_STATE_ROOT=str(tmp_path / "a file"))
    assert (said.code, said.json["domains"]) == (1, {})
    assert said.json["sources"]["roots"] == [str(indexed.source)]
    assert said.json["events"] == {"waiting": None, "not_understood": None}


def test_a_bucket_that_is_not_there_is_one_warning(indexed: Bench, aws_chain: None) -> None:
    there = {"MMRAG_S3_ENDPOINT_URL": server_url(), "MMRAG_AWS_REGION": REGION}
    said = indexed.mmrag("status", "--json", MMRAG_STATE_ROOT="s3://no-such-state/x", **there)
    assert (said.code, len(said.json["warnings"])) == (1, 1)
    assert "there is no such bucket" in said.json["warnings"][0]

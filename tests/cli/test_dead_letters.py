"""`mmrag dead-letters`: which files, why, and another try."""

import shutil
from datetime import datetime

from tests.cli.commands import Bench

PROMISED = {"key", "station", "reason", "message", "domain", "attempts"}


def test_a_broken_file_is_listed_with_its_reason(indexed: Bench) -> None:
    (letter,) = indexed.mmrag("dead-letters", "--json").json["dead_letters"]
    assert letter.keys() >= PROMISED
    assert (letter["key"], letter["station"]) == ("broken.jpg", "pages")
    assert letter["reason"] in ("truncated", "corrupt")


def test_times_are_iso_8601_with_their_zone(indexed: Bench) -> None:
    (letter,) = indexed.mmrag("dead-letters", "--json").json["dead_letters"]
    assert "T" in letter["first_seen"]
    assert datetime.fromisoformat(letter["first_seen"]).tzinfo is not None


def test_a_person_can_copy_the_file_and_reads_why(indexed: Bench) -> None:
    lines = indexed.mmrag("dead-letters").out.splitlines()
    assert lines[0] == "1 dead letter"
    assert lines[1].startswith("shop/broken.jpg  pages: ")
    assert lines[2].startswith("    ")


def test_a_domain_without_dead_letters_has_an_empty_list(indexed: Bench) -> None:
    assert indexed.mmrag("dead-letters", "--domain", "notes", "--json").json == {"dead_letters": []}


def test_replay_tries_again(bench: Bench) -> None:
    said = bench.mmrag("dead-letters", "--replay", "--json")
    (letter,) = said.json["dead_letters"]
    assert letter["attempts"] == 2


def test_a_mended_file_leaves_the_list_on_replay(bench: Bench) -> None:
    shop = bench.source / "shop"
    shutil.copy(shop / "lamp.png", shop / "broken.jpg")
    assert bench.mmrag("dead-letters", "--replay", "--json").json == {"dead_letters": []}


def test_a_replay_that_cannot_list_its_folder_says_so(bench: Bench) -> None:
    shutil.rmtree(bench.source / "shop")
    said = bench.mmrag("dead-letters", "--domain", "shop", "--replay", "--json")
    assert said.code == 1
    assert "domain shop was not indexed" in said.err
    assert len(said.json["dead_letters"]) == 1

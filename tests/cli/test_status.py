"""`mmrag status`: what is indexed and where it lies."""

from tests.cli.commands import Bench


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

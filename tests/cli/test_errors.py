"""What a person reads when a command cannot work: one line, what to do, exit status 1."""

from pathlib import Path

import pytest

from tests.cli.commands import Bench, Said

NOTHING_INDEXED = ("status", "verify", "dead-letters")


@pytest.mark.parametrize("command", NOTHING_INDEXED)
def test_before_the_first_index_commands_say_what_to_run(empty: Bench, command: str) -> None:
    said = empty.mmrag(command)
    told = f"no domain is indexed yet in {empty.home}: run `mmrag index --source DIR` first"
    assert told in _line(said)
    assert not empty.home.exists()


def test_searching_before_the_first_index_says_what_to_run(empty: Bench) -> None:
    said = empty.mmrag("search", "tea")
    assert f"no domain is indexed yet in {empty.home}: run `mmrag index" in _line(said)


def test_a_wrong_place_of_tables_is_named(empty: Bench) -> None:
    said = empty.mmrag("status", MMRAG_STATE_ROOT="/no/such/state")
    assert "no domain is indexed yet in /no/such/state: " in _line(said)


def test_indexing_without_a_source_says_how_to_name_one(empty: Bench) -> None:
    assert "no source is known yet: run `mmrag index --source DIR`" in _line(empty.mmrag("index"))


@pytest.mark.parametrize("name", ["absent", "x" * 5_000])
def test_a_source_that_is_no_folder_is_named(empty: Bench, name: str) -> None:
    assert "is not a folder: name one that exists" in _line(empty.mmrag("index", "--source", name))


def test_a_source_that_holds_nothing_is_named(empty: Bench, tmp_path: Path) -> None:
    (tmp_path / "void").mkdir()
    said = empty.mmrag("index", "--source", str(tmp_path / "void"))
    assert "void' holds neither folders nor files" in _line(said)


@pytest.mark.parametrize("name", ["a/b", "garden~0-2"])
def test_a_name_that_cannot_be_a_domain_is_refused(empty: Bench, name: str) -> None:
    said = empty.mmrag("index", "--source", str(empty.source), "--domain", name)
    assert f"{name!r} cannot name a domain" in _line(said)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MMRAG_TILE_PX", "abc"),
        ("MMRAG_CHUNK_OVERLAP_TOKENS", "-1"),
        ("MMRAG_OCR", "tesseract"),
        ("MMRAG_VISIBILITY_RULES", "staff"),
        ("MMRAG_RECONCILE_CRON", "at night"),
        ("MMRAG_WEBHOOK_URL", "hooks.example.com/x"),
        ("MMRAG_TTL_DAYS", '{"a/b": 3}'),
        ("MMRAG_TTL_DAYS", '{"a~0-2": 3}'),
        ("MMRAG_SHARDS", '{"a~0-2": 3}'),
        ("MMRAG_SHARDS", '{"a": 1}'),
        ("MMRAG_SHARDS", '{"a": 65}'),
        ("MMRAG_SHARDS", "3"),
        ("MMRAG_REINDEX_CRONS", '{"a~0-2": "@daily"}'),
    ],
)
def test_a_wrong_setting_is_named(empty: Bench, variable: str, value: str) -> None:
    said = empty.mmrag("status", **{variable: value})
    assert variable in _line(said)


def test_a_misspelt_setting_is_told_but_stops_nothing(indexed: Bench) -> None:
    said = indexed.mmrag("status", MMRAG_TIL_PX="512")
    assert said.code == 0
    assert "MMRAG_TIL_PX is no setting of ours" in said.err
    assert "did you mean MMRAG_TILE_PX?" in said.err


def test_a_wrong_value_is_repeated_unless_it_may_be_a_secret(empty: Bench) -> None:
    assert "MMRAG_TILE_PX='abc': " in empty.mmrag("status", MMRAG_TILE_PX="abc").err


def test_a_home_that_is_a_file_is_told(empty: Bench) -> None:
    empty.home.write_text("")
    assert "is a file: name a folder" in _line(empty.mmrag("status"))


def test_a_home_that_cannot_be_written_is_one_line(empty: Bench) -> None:
    empty.home.write_text("a file where the state should be")
    below = str(empty.home / "below")
    said = empty.mmrag("index", "--source", str(empty.source), MMRAG_HOME=below)
    assert "check that path, its permissions" in _line(said)


def test_a_source_that_is_gone_names_the_file_that_remembers_it(bench: Bench) -> None:
    bench.source.rename(bench.source.with_name("moved"))
    said = bench.mmrag("index")
    assert said.code == 1
    assert "take it out of" in said.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "nothing to search for"),
        (["x", "--kind", "paragraph"], "known: page, tile, text, ocr, caption"),
        (["x", "--domain", "garden"], "no indexed domain 'garden'; indexed: notes, shop"),
        (["--image", "absent.png"], "cannot be read"),
        (["--image", "."], "cannot be read"),
    ],
)
def test_a_search_that_cannot_work_says_why(
    indexed: Bench, arguments: list[str], told: str
) -> None:
    assert told in _line(indexed.mmrag("search", *arguments))


def test_a_text_is_no_picture_to_search_with(indexed: Bench) -> None:
    said = indexed.mmrag("search", "--image", str(indexed.source / "notes" / "tea.txt"))
    assert "holds text: give its words instead" in _line(said)


def test_a_name_with_a_blank_at_its_end_is_shown_in_quotes(empty: Bench) -> None:
    (empty.source / "garden").rename(empty.source / "garden ")
    (empty.source / "attic").mkdir()
    told = empty.mmrag("index", "--domain", "garden", MMRAG_SOURCE_ROOT=str(empty.source))
    assert "no source has a domain 'garden'; known: attic, 'garden '. Map" in _line(told)


def test_an_error_prints_nothing_on_standard_output_with_json(indexed: Bench) -> None:
    said = indexed.mmrag("status", "--domain", "garden", "--json")
    assert (said.code, said.out) == (1, "")


def test_an_error_does_not_print_control_characters(indexed: Bench) -> None:
    said = indexed.mmrag("status", "--domain", "a\x1b[2Jb\nc")
    assert "\x1b" not in said.err
    assert r"a\x1b[2Jb\nc" in _line(said)


def _line(said: Said) -> str:
    """Return what a failed command says, when that is one line, beginning with `error: `."""
    (line,) = said.err.splitlines()
    return line if said.code == 1 and line.startswith("error: ") else ""

"""How results are written: readable when narrow, safe with hostile names, JSON everywhere."""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime

import pytest
from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from mmrag_pipeline.cli import console
from mmrag_pipeline.cli.state import COUNTED
from mmrag_pipeline.cli.verify import _SHOWN


def test_numbers_stand_right_and_are_grouped() -> None:
    assert _printed(["what", "many"], [("rows", 1234567)]).splitlines()[-1] == "rows  1,234,567"


def test_markup_in_a_cell_is_shown() -> None:
    assert "[red]x[/red]" in _printed(["key"], [("[red]x[/red]",)])


def test_control_characters_are_spelled_out() -> None:
    assert console.printable("a\x1b[2J\nb\u202e") == r"a\x1b[2J\nb\u202e"


@pytest.mark.parametrize(
    ("columns", "widest"),
    [
        (["domain", *COUNTED, "collection"], "mmrag__notes__g1"),
        (["domain", "clean", *_SHOWN], "7"),
    ],
)
def test_a_row_of_an_ordinary_domain_stays_on_one_line_at_80_columns(
    columns: list[str], widest: str
) -> None:
    row = ("notes", *[1234] * (len(columns) - 2), widest)
    assert len(_printed(columns, [row]).splitlines()) == 4


def test_a_table_without_rows_is_only_its_head() -> None:
    assert len(_printed(["station", "rows"], []).splitlines()) == 3


def test_one_is_not_many() -> None:
    told = [console.counted(number, "file") for number in (0, 1, 1500)]
    assert told == ["0 files", "1 file", "1,500 files"]


def test_a_key_stays_on_its_line_and_words_are_indented_under_it() -> None:
    out = io.StringIO()
    with redirect_stdout(out):
        console.print_entry("shop/" + "x" * 200, "why", body="it is so")
    assert out.getvalue().splitlines()[0] == f"shop/{'x' * 200}  why"
    assert out.getvalue().splitlines()[1].startswith("    it is so")


def test_json_keeps_letters_where_the_output_can_spell_them() -> None:
    assert '"ü"' in _json({"key": "ü"}, encoding="utf-8")


def test_json_is_escaped_where_the_output_cannot_spell_it() -> None:
    text = _json({"key": "ü"}, encoding="ascii")
    assert text.isascii()
    assert json.loads(text) == {"key": "ü"}


def test_times_are_iso_8601_in_json() -> None:
    text = _json({"at": datetime(2025, 1, 2, tzinfo=UTC)}, encoding="utf-8")
    assert json.loads(text) == {"at": "2025-01-02T00:00:00+00:00"}


def test_what_has_no_json_form_is_a_defect() -> None:
    with pytest.raises(TypeError, match="object has no JSON form"):
        console.print_json({"x": object()})


def test_progress_without_a_terminal_is_ten_lines_per_station_at_most() -> None:
    err = io.StringIO()
    with redirect_stderr(err), console.progress("Indexing") as of_domain:
        shop = of_domain("shop")
        for done in range(1001):
            shop.advance("ocr", done=done, total=1000)
    assert len(err.getvalue().splitlines()) == 11
    assert err.getvalue().splitlines()[-1] == "shop ocr: 1,000 of 1,000"


def test_a_domain_of_one_file_is_told_after_a_finished_one() -> None:
    err = io.StringIO()
    with redirect_stderr(err), console.progress("Indexing") as of_domain:
        of_domain("shop").advance("ocr", done=39, total=39)
        of_domain("office").advance("ocr", done=1, total=1)
    assert err.getvalue().splitlines() == ["shop ocr: 39 of 39", "office ocr: 1 of 1"]


def test_a_bar_says_its_domain_and_goes_when_the_next_begins() -> None:
    with Progress(console=Console(file=io.StringIO())) as bars:
        console.Bars(bars, "shop").advance("ocr", done=1, total=39)
        console.Bars(bars, "office").advance("pages", done=2, total=3)
    (task,) = bars.tasks
    assert (task.description, task.completed, task.total) == ("office pages", 2, 3)


def test_a_bar_of_a_long_domain_stays_on_one_line_at_80_columns() -> None:
    out = io.StringIO()
    terminal = Console(file=out, width=80, force_terminal=True)
    with console.bars_on(terminal) as bars:
        console.Bars(bars, "d" * 80).advance("image_vectors", done=999, total=999)
    shown = Text.from_ansi(out.getvalue()).plain.splitlines()
    assert any("d… image_vectors ━" in line and "999/999" in line for line in shown)


def _printed(columns: list[str], rows: list[tuple[object, ...]]) -> str:
    out = io.StringIO()
    Console(file=out, width=80).print(console.table("Title", columns, rows))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _json(value: object, *, encoding: str) -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    with redirect_stdout(stream):
        console.print_json(value)
        sys.stdout.flush()
    return raw.getvalue().decode(encoding)

"""How commands speak: results to standard output, everything else to standard error."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

OUT = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 160)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: object) -> None:
    """Print the one JSON object of a command, escaped where the output cannot spell it."""
    text = json.dumps(value, ensure_ascii=False, indent=1, default=_iso)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=1, default=_iso)
    sys.stdout.write(text + "\n")


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """Return a table; numbers stand right. Cells are data: markup in them is shown, not obeyed."""
    made = Table(
        title=Text(printable(title), style="bold"),
        title_justify="left",
        header_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for number, name in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[number], int | float) for row in rows)
        made.add_column(
            Text(name), justify="right" if numeric else "left", no_wrap=numeric, overflow="fold"
        )
    for row in rows:
        made.add_row(*(Text(_cell(value)) for value in row))
    return made


def print_entry(heading: str, details: str, *, body: str = "") -> None:
    """Print one result: what can be copied on a line of its own, the rest indented under it."""
    OUT.print(Text(printable(heading), style="bold"), Text(printable(details)), sep="  ")
    if body:
        OUT.print(Padding(Text(printable(body)), (0, 0, 0, 4)), soft_wrap=False)


def print_title(text: str) -> None:
    """Print a line above results."""
    OUT.print(Text(printable(text), style="bold"))


def counted(number: int, noun: str) -> str:
    """Return `1 file`, `1,234 files`: a number with its noun."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return printable(str(value))


def printable(text: str) -> str:
    """Return a text whose control characters are spelled out: they could hide what is shown."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def warn(message: str) -> None:
    """Tell something on standard error that stops nothing."""
    ERR.print(f"warning: {printable(message)}", style="yellow", markup=False)


class Bars:
    """Progress on a terminal: one bar per station (ports.Progress)."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def advance(self, station: str, *, done: int, total: int) -> None:
        """Move a station's bar."""
        if station not in self._tasks:
            self._tasks[station] = self._progress.add_task(station, total=total)
        self._progress.update(self._tasks[station], completed=done, total=total)


class Lines:
    """Progress elsewhere: a plain line at every tenth of a station (ports.Progress)."""

    def __init__(self) -> None:
        self._said: dict[str, int] = {}

    def advance(self, station: str, *, done: int, total: int) -> None:
        """Say how far a station is, ten times at most."""
        tenth = 10 * done // max(total, 1)
        if total and self._said.get(station) != tenth:
            self._said[station] = tenth
            ERR.print(f"{station}: {done:,} of {total:,}", markup=False)


@contextmanager
def progress(title: str) -> Iterator[Bars | Lines]:
    """Show how far a run is while the block lasts."""
    if not ERR.is_terminal:
        yield Lines()
        return
    columns = (TextColumn("{task.description:>14}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=ERR, transient=True) as bars:
        ERR.print(title, style="bold", markup=False)
        yield Bars(bars)

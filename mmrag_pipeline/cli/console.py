"""How commands speak: results to standard output, everything else to standard error."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table

OUT = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 160)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: object) -> None:
    """Print the one JSON object of a command."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """Return a table; numbers stand right. Cells are data: markup in them is shown, not obeyed."""
    made = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for number, name in enumerate(columns):
        numeric = all(isinstance(row[number], int | float) for row in rows)
        made.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        made.add_row(*(_cell(value) for value in row))
    return made


def _cell(value: object) -> str:
    text = f"{value:,.2f}" if isinstance(value, float) else _plain(value)
    return text.replace("[", r"\[")


def _plain(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return printable(str(value))


def printable(text: str) -> str:
    """Return a text whose control characters are spelled out: they could hide what is shown."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


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

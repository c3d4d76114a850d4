"""How commands speak: results to standard output, everything else to standard error."""

import json
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Column, Table
from rich.text import Text

from mmrag_pipeline.json_lines import FIELDS
from mmrag_pipeline.observing.stages import writes_json

_LOG = logging.getLogger("mmrag_pipeline.cli")
_LEVELS = {"red": logging.ERROR, "yellow": logging.WARNING}


class _Stderr(Console):
    """Standard error: text for people, or lines of the log where these are JSON."""

    def print(self, *objects: Any, style: Any = None, **how: Any) -> None:  # rich has many more
        """Print, or log the text at the level that its style stands for."""
        if writes_json():
            _LOG.log(_LEVELS.get(style, logging.INFO), " ".join(map(str, objects)))
        else:
            super().print(*objects, style=style, **how)


OUT = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 160)
ERR = _Stderr(stderr=True, highlight=False, soft_wrap=True)
_DOMAIN_WIDTH = 20
_INDENT = 4
_BAR_WIDTH = 30


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
    """Return a table, without a heading where the title is empty; numbers stand right.

    Cells are data: markup in them is shown, not obeyed.
    """
    made = Table(
        title=Text(printable(title), style="bold") if title else None,
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
        for line in Text(printable(body)).wrap(OUT, OUT.width - _INDENT):
            OUT.print(" " * _INDENT + line.plain.rstrip(), markup=False)


def print_title(text: str) -> None:
    """Print a line above results."""
    OUT.print(Text(printable(text), style="bold"))


def in_a_row(names: Iterable[str]) -> str:
    """Return names with commas between; those with blanks at an end in quotes, to be seen."""
    return ", ".join(repr(name) if name != name.strip() else name for name in names)


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


def fail(message: str) -> None:
    """Tell on standard error what ends a command."""
    if writes_json():
        _LOG.error(message)
        return
    ERR.print("error:", style="bold red", end=" ")
    ERR.print(printable(message), markup=False)


def warn(message: str) -> None:
    """Tell something on standard error that stops nothing."""
    if writes_json():
        _LOG.warning(message)
        return
    ERR.print(f"warning: {printable(message)}", style="yellow", markup=False)


class Bars:
    """A domain's progress on a terminal: a bar per station (ports.Progress)."""

    def __init__(self, progress: Progress, domain: str) -> None:
        self._progress, self._domain = progress, _short(printable(domain))
        self._tasks: dict[str, TaskID] = {}
        for finished in progress.task_ids:
            progress.remove_task(finished)

    def advance(self, station: str, *, done: int, total: int) -> None:
        """Move a station's bar."""
        if station not in self._tasks:
            label = f"{self._domain} {station}"
            self._tasks[station] = self._progress.add_task(label, total=total)
        self._progress.update(self._tasks[station], completed=done, total=total)


class Lines:
    """A domain's progress elsewhere: a plain line at every tenth of a station (ports.Progress)."""

    def __init__(self, domain: str) -> None:
        self._domain = printable(domain)
        self._said: dict[str, int] = {}

    def advance(self, station: str, *, done: int, total: int) -> None:
        """Say how far a station is, ten times at most."""
        tenth = 10 * done // max(total, 1)
        if total and self._said.get(station) != tenth:
            self._said[station] = tenth
            line = f"{self._domain} {station}: {done:,} of {total:,}"
            if writes_json():
                _LOG.info(line, extra={FIELDS: {"stage": station, "partition": self._domain}})
            else:
                ERR.print(line, markup=False)


def _short(domain: str) -> str:
    """Return a name that leaves room for the station and its bar on 80 columns."""
    return domain if len(domain) <= _DOMAIN_WIDTH else domain[: _DOMAIN_WIDTH - 1] + "…"


@contextmanager
def progress(title: str) -> Iterator[Callable[[str], Bars | Lines]]:
    """Show how far a run is while the block lasts; yields what gives a domain its progress."""
    if not ERR.is_terminal or writes_json():
        yield Lines
        return
    with bars_on(ERR) as bars:
        ERR.print(title, style="bold", markup=False)
        yield partial(Bars, bars)


def bars_on(terminal: Console) -> Progress:
    """Return what draws the bars of a domain and wipes them at the end of its block."""
    label = TextColumn("{task.description}", markup=False, table_column=Column(justify="right"))
    columns = (label, BarColumn(_BAR_WIDTH), MofNCompleteColumn())
    return Progress(*columns, console=terminal, transient=True)

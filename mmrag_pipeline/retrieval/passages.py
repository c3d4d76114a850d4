"""From lines to passages: whole sentences and table rows, each with its box.

Recognized lines are torn: a price stands apart from what it is the price of, a sentence breaks at
the margin. Whoever quotes or reads a torn line reads it wrongly.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mmrag_pipeline.answer_records import Passage
from mmrag_pipeline.records import Box, Line
from mmrag_pipeline.wording import sentences

_BARE = re.compile(r"[-+−]?\d[\d.,'’]*\s?%?")
"""A number alone, as it stands in the column of a table."""
_ENDS_IN_VALUE = re.compile(r"\d[.,]\d\d$|\d{4}-\d\d-\d\d$")
_ENDED = re.compile(r"[.!?:;…][\"'”’)\]]*$")
_CONTINUES = re.compile(r"[a-zß-öø-ÿ(]|\d[\d.,]*\s+\w")
_NEW_ITEM = re.compile(r"[-*•–#]\s|\d+[.)]\s")
_PROSE_WORDS = 8
"""A line of so many words without an end goes on in the next one."""
_UPRIGHT = 0.5


@dataclass(frozen=True, slots=True)
class _Row:
    texts: tuple[str, ...]
    box: Box | None
    table: bool = False

    @property
    def text(self) -> str:
        return " ".join(self.texts)

    def with_next(self, other: "_Row", *, table: bool) -> "_Row":
        box = self.box.union(other.box) if self.box and other.box else self.box or other.box
        return _Row((*self.texts, *other.texts), box, table)


def passages(lines: Sequence[Line]) -> list[Passage]:
    """Return the sentences and table rows of lines in reading order; nothing is left out.

    A value joins the label in its row (or above it, in its column); a line joins the one that goes
    on with its sentence. The box is that of the lines that a passage is from.
    """
    rows = [_Row((text,), line.box) for line in lines if (text := " ".join(line.text.split()))]
    found = (_split(row) for row in _wrapped(_stacked(_paired(_turned(rows)))))
    made = [passage for one in found for passage in one]
    return [Passage(one.text, _mirrored(one.box)) for one in made] if _lies(rows) else made


def lines_of(text: str, page: Sequence[Line], box: Box | None) -> list[Line]:
    """Return the lines of a page that a text was cut from, whole; its own where none are.

    So a sentence that a chunk's border cuts is whole again, and each line has its own box.
    """
    wanted = text.split("\n")
    held = [line.text for line in page]
    for start in range(len(held) - len(wanted) + 1):
        part = held[start : start + len(wanted)]
        if _begins(part, wanted):
            return list(page[start : start + len(wanted)])
    return [Line(line, box) for line in wanted]


def _begins(part: Sequence[str], wanted: Sequence[str]) -> bool:
    """Return whether these lines are those, the first maybe cut in front, the last behind."""
    if len(wanted) == 1:
        return bool(wanted[0].strip()) and wanted[0] in part[0]
    inner = list(part[1:-1]) == list(wanted[1:-1])
    return inner and part[0].endswith(wanted[0]) and part[-1].startswith(wanted[-1])


def _lies(rows: Sequence[_Row]) -> bool:
    """Return whether the page lies on its side: its lines are taller than wide."""
    boxes = [row.box for row in rows if row.box and len(row.text) > 3]
    tall = sum(box.bottom - box.top > box.right - box.left for box in boxes)
    return bool(boxes) and tall > len(boxes) * _UPRIGHT


def _turned(rows: list[_Row]) -> list[_Row]:
    return [_Row(r.texts, _mirrored(r.box)) for r in rows] if _lies(rows) else rows


def _mirrored(box: Box | None) -> Box | None:
    """Return a box with its axes exchanged: what shares a row stays side by side."""
    return Box(box.top, box.left, box.bottom, box.right) if box else None


def _is_value(row: _Row) -> bool:
    return not row.table and bool(_BARE.fullmatch(row.text))


def _is_label(row: _Row) -> bool:
    return not row.table and not _is_value(row) and not _ENDS_IN_VALUE.search(row.text)


def _paired(rows: list[_Row]) -> list[_Row]:
    """Join each value to the label of its row.

    On a slanted scan a value may touch two labels, and come before its own. Labels and values
    alternate then: whether a run of them begins with a label says which belongs to which.
    """
    return [row for run in _runs(rows) for row in _paired_run(run)]


def _paired_run(run: list[_Row]) -> list[_Row]:
    """Return an alternating run in pairs, but for those that do not share a row."""
    start = 1 if len(run) % 2 and _touching(run, 1) > _touching(run, 0) else 0
    made, rest = run[:start], run[start:]
    for one, other in zip(rest[::2], rest[1::2], strict=False):
        label, value = (one, other) if _is_label(one) else (other, one)
        beside = _overlap(label.box, value.box) > 0
        made += [label.with_next(value, table=True)] if beside else [one, other]
    return made + rest[len(rest) - len(rest) % 2 :]


def _runs(rows: Iterable[_Row]) -> Iterator[list[_Row]]:
    """Yield rows in runs in which labels and values alternate; others alone."""
    run: list[_Row] = []
    for row in rows:
        kind = (_is_label(row), _is_value(row))
        before = (_is_label(run[-1]), _is_value(run[-1])) if run else None
        alternates = before is not None and any(kind) and kind == before[::-1]
        if run and not alternates:
            yield run
            run = []
        run = [*run, row]
    if run:
        yield run


def _touching(run: Sequence[_Row], start: int) -> int:
    """Return by how much the pairs that begin at `start` share their rows."""
    pairs = zip(run[start::2], run[start + 1 :: 2], strict=False)
    return sum(_overlap(one.box, other.box) for one, other in pairs)


def _overlap(first: Box | None, second: Box | None) -> int:
    """Return the pixels of height that two boxes share, at least 0."""
    if first is None or second is None:
        return 0
    return max(0, min(first.bottom, second.bottom) - max(first.top, second.top))


def _stacked(rows: list[_Row]) -> list[_Row]:
    """Join each value that is left alone to the label right above it in its column."""
    below = {at: row for at, row in enumerate(rows) if _is_value(row)}
    owner = {at: above for at, row in below.items() if (above := _above(rows, row)) is not None}
    value_of = {label: at for at, label in owner.items()}
    return [
        row.with_next(rows[value_of[at]], table=True) if at in value_of else row
        for at, row in enumerate(rows)
        if at not in owner or value_of[owner[at]] != at
    ]


def _above(rows: Sequence[_Row], value: _Row) -> int | None:
    """Return the place of the label that begins where a value does, less than a line above."""
    box = value.box
    if box is None:
        return None
    height = box.bottom - box.top
    for at, row in enumerate(rows):
        if row.box is None or not _is_label(row):
            continue
        aligned = abs(row.box.left - box.left) * 2 <= height
        if aligned and 0 <= box.top - row.box.bottom <= height:
            return at
    return None


def _wrapped(rows: Iterable[_Row]) -> Iterator[_Row]:
    """Join each line to the one that goes on with its sentence."""
    held: _Row | None = None
    for row in rows:
        if held is not None and _goes_on(held, row):
            held = held.with_next(row, table=False)
            continue
        if held is not None:
            yield held
        held = row
    if held is not None:
        yield held


def _goes_on(row: _Row, other: _Row) -> bool:
    last = row.texts[-1]
    if row.table or other.table or _ENDED.search(last) or _NEW_ITEM.match(other.text):
        return False
    if _NEW_ITEM.match(last) and last.startswith("#"):
        return False
    prose = len(last.split()) >= _PROSE_WORDS
    return prose or (len(last.split()) > 3 and bool(_CONTINUES.match(other.text)))


def _split(row: _Row) -> list[Passage]:
    return [
        Passage(text, row.box) for text in (sentences(row.text) if not row.table else [row.text])
    ]

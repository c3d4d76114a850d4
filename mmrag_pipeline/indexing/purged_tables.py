"""The tables of a partition without some files, and without what only they had."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.frames import table_digest
from mmrag_pipeline.ids import domain_of
from mmrag_pipeline.indexing.commit import read_table, rows_of
from mmrag_pipeline.indexing.contents import content_key
from mmrag_pipeline.indexing.failures import failures_of
from mmrag_pipeline.indexing.named import is_named, spelled
from mmrag_pipeline.indexing.references import page_of
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.indexing.stations import STATIONS
from mmrag_pipeline.records import Lineage

_REDACTED = "it told of a file that was purged"
Sets = dict[str, pl.Series]
"""Kind of thing -> the keys of those that stay."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """Rows of `table` stay when what `key` names is among the `kind` that stays."""

    table: str
    key: pl.Expr
    kind: str
    teaches: Mapping[str, pl.Expr]
    """Kinds of things that the rows which stay are the list of."""


def _rule(table: str, key: pl.Expr, kind: str, **teaches: pl.Expr) -> _Rule:
    return _Rule(table, key, kind, teaches)


def _item() -> pl.Expr:
    """Return what a failure is about; a tile's key tells its page."""
    return pl.col("item").str.replace(r"^([0-9a-f]{32}):[\d,-]+$", "$1")


_FILE, _PAGE = pl.col("file_id"), pl.col("page_digest")
_RULES: Sequence[_Rule] = (
    _rule("raw_files", _FILE, "listed", files=_FILE, contents=content_key()),
    _rule("pages", _FILE, "files", pages=_PAGE),
    _rule("tiles", _PAGE, "pages"),
    _rule("ocr", _PAGE, "pages"),
    _rule("captions", _PAGE, "pages"),
    _rule("chunks", _FILE, "files", texts=pl.col("text_digest")),
    _rule("image_vectors", page_of(pl.col("digest")), "pages"),
    _rule("text_vectors", pl.col("digest"), "texts"),
    _rule(
        "points",
        pl.col("payload").str.json_path_match("$.file_id"),
        "files",
        points=pl.col("point_id"),
    ),
    _rule("collection", pl.col("point_id"), "points"),
    _rule("dead_letters", _FILE, "files"),
    *(_rule(failures_of(name), _item(), "items") for name in STATIONS),
)


def cut_tables(
    world: World, partition: str, files: Mapping[str, str | None], *, run_id: str
) -> dict[str, int]:
    """Write the tables again without these files (id -> key); return table -> rows less.

    What is left refers to the files that raw_files still lists, and to their pages and texts.
    A table that changed is not taken for current by any run: each is made anew from the memo.
    Raises CorruptStateError when a table is missing that others were made of, OvertakenError
    when a run of another machine replaced one meanwhile.
    """
    removed: dict[str, int] = {}
    for lineage, before, after in _cuts(world, partition, files):
        if not after.equals(before):
            _write(world, lineage, rows=after, run_id=run_id)
        removed[lineage.table] = before.height - after.height
    return removed


def mentions(world: World, partition: str, marks: Sequence[str]) -> dict[str, int]:
    """Return table -> rows in which any of these ids or digests stands, whatever the column."""
    tables = [rule.table for rule in _RULES]
    found = {name: _mentioning(rows_of(world.tables, name, partition), marks) for name in tables}
    return {name: rows for name, rows in found.items() if rows}


def _cuts(
    world: World, partition: str, files: Mapping[str, str | None]
) -> Iterator[tuple[Lineage, pl.DataFrame, pl.DataFrame]]:
    """Yield each table there is, rows before and rows after, in the order of the data."""
    sets: Sets = {}
    names = spelled(domain_of(partition), [key for key in files.values() if key])
    for rule in _RULES:
        before, lineage = read_table(world, rule.table, partition)
        if before is None or lineage is None:
            continue
        if rule.kind == "listed":
            after = before.filter(~_FILE.is_in(list(files)))
        else:
            after = _staying(before, rule, _known(sets, rule, partition))
        for kind, column in rule.teaches.items():
            sets[kind] = after.select(column.alias("key").drop_nulls().unique())["key"]
        yield lineage, before, _silent(after, names)


def _known(sets: Sets, rule: _Rule, partition: str) -> pl.Series:
    if rule.kind == "items":
        return pl.concat([pl.Series("key", [], dtype=pl.String), *sets.values()])
    if rule.kind not in sets:
        raise CorruptStateError(
            f"{partition!r} has a table {rule.table!r}, and the one with its {rule.kind} is "
            f"missing: run `mmrag index --domain {domain_of(partition)}`, which makes it again "
            "from the memo, then purge again (the files stay out of the index)"
        )
    return sets[rule.kind]


def _staying(before: pl.DataFrame, rule: _Rule, known: pl.Series) -> pl.DataFrame:
    return before.filter(rule.key.is_in(known.implode()))


def _silent(rows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Return rows whose messages, about things that others share, name none of the files."""
    if "message" not in rows.columns or not names:
        return rows
    texts = rows["message"]
    may = texts.str.contains_any(list(names)).fill_null(False)
    told = [m and is_named(text, names) for m, text in zip(may, texts, strict=True)]
    redacted = pl.when(pl.Series(told, dtype=pl.Boolean)).then(pl.lit(_REDACTED))
    return rows.with_columns(message=redacted.otherwise("message"))


def _write(world: World, last: Lineage, *, rows: pl.DataFrame, run_id: str) -> None:
    """Replace a table; its lineage names no upstream table, so that no run finds it current."""
    digest = table_digest(rows)
    made = replace(last, digest=digest, rows=rows.height, upstream={}, run_id=run_id)
    world.tables.write(rows, made, replaces=last)


def _mentioning(table: pl.DataFrame, marks: Sequence[str]) -> int:
    texts = [name for name, kind in table.schema.items() if kind == pl.String]
    if not texts or not marks:
        return 0
    return table.filter(pl.any_horizontal(pl.col(texts).str.contains_any(list(marks)))).height

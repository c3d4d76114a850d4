"""Texts that other rules of redaction change, told by the words that tables hold."""

from dataclasses import dataclass, replace

import polars as pl

from mmrag_pipeline.indexing import chunks
from mmrag_pipeline.indexing.listed import Look
from mmrag_pipeline.marks import MARKS
from mmrag_pipeline.redaction.lines import values
from mmrag_pipeline.redaction.rules import rules_of

_OWNER = ["file_id", "page_no", "kind"]
_ANOTHER = "redacted:"
"""Before the digest of a text that will be another one."""


@dataclass(frozen=True, slots=True)
class Reworded:
    """What redaction changes of chunks of before."""

    rows: pl.DataFrame
    """Those of the texts that change, each under a digest that no text has."""
    differs: bool
    """Whether the rules are not those that the chunks were made with."""
    alone: bool
    """Whether nothing else is new in how texts are cut: all others stay as they are."""

    @property
    def is_none(self) -> bool:
        """Return whether all texts are cut again and all stay."""
        return self.alone and self.rows.is_empty()


def reworded(seen: Look, before: pl.DataFrame) -> Reworded:
    """Return what redaction changes of texts with these keys, which were cut before.

    A text changes at most when it holds a value by the rules of today, or a mark of those of
    before.
    """
    rows, lineage = seen.table("chunks"), seen.world.tables.lineage("chunks", seen.partition)
    recipe = chunks.recipe(seen.world)
    held = dict(lineage.cards) if lineage else {}
    differs = held.get(chunks.REDACTION) != recipe.cards.get(chunks.REDACTION)
    if lineage is None or not differs:
        return Reworded(rows.clear(), differs=False, alone=False)
    others = {role: card for role, card in recipe.cards.items() if role != chunks.REDACTION}
    alone = {role: card for role, card in held.items() if role != chunks.REDACTION} == others
    marks = [pl.col(name).str.contains_any([*MARKS.values()]) for name in ("text", "section")]
    marked = rows.filter(pl.any_horizontal(marks).fill_null(value=False)).select(_OWNER)
    owners = pl.concat([marked, _telling(seen, before)]).join(before, on=_OWNER, how="semi")
    other = rows.join(owners, on=_OWNER, how="semi")
    return Reworded(
        other.with_columns(text_digest=pl.lit(_ANOTHER) + pl.col("text_digest")),
        differs=True,
        alone=alone and replace(recipe, cards=held).digest == lineage.recipe,
    )


def _telling(seen: Look, before: pl.DataFrame) -> pl.DataFrame:
    """Return whose words hold a value."""
    rules = rules_of(seen.world.settings, seen.world.domain)
    tables = {name: seen.table(name) for name in chunks.STATION.upstream}
    words = chunks.chunk_sources(seen.world, tables).join(before, on=[*_OWNER, "key"], how="semi")
    found = [
        bool(values("\n".join(line["text"] for line in lines), rules))
        for lines in words["lines"].to_list()
    ]
    return words.filter(pl.Series(found, dtype=pl.Boolean)).select(_OWNER)

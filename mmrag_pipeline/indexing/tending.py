"""What is done for a generation that no run fills: what rules say of a file, and what is gone.

None of it needs a model. So a generation that serves while another one is held back, and one that
a person is about to let serve again, shows nobody a file that was hidden, deleted or purged since,
nor personal data that is to be redacted by now.
New files and new contents are not in it: those need its models.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.ids import Json, digest_json, domain_of
from mmrag_pipeline.indexing import withheld
from mmrag_pipeline.indexing.applied import writing
from mmrag_pipeline.indexing.apply import HASH, VECTORS_HALF
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.indexing.raw_files import BY_RULES
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.indexing.tombstones import tombstones
from mmrag_pipeline.ports import CollectionReader
from mmrag_pipeline.records import StoredPoint
from mmrag_pipeline.redaction import lines as redaction
from mmrag_pipeline.redaction.lines import values
from mmrag_pipeline.redaction.rules import Rules, rules_of

TENDED = "tended"
"""Mark of a collection: the digest of what was known of the files when it was tended last."""
_BATCH = 1_000
_Owner = tuple[str, ...]
"""File, page and kind of a text."""
Files = Mapping[str, Mapping[str, Json]]
"""File id -> what rules say of it, as payloads have it, and the id."""


@dataclass(frozen=True, slots=True)
class _Tending:
    """What some points need."""

    hidden: Mapping[str, Mapping[str, object]]
    """Point id -> payload with other groups or another category."""
    hashes: Mapping[str, str]
    gone: list[str]


def tend(world: World, partition: str, name: str) -> int:
    """Bring what rules say of files, and their absence; return how many points changed.

    One to which nothing happened since is not looked into. Raises CorruptStateError when no table
    tells of the files: nothing is deleted because of that.
    """
    told = known_of_files(world, partition)
    if told is None:
        raise CorruptStateError(
            f"the table of files of {partition!r} is missing, so nobody knows which of them may be "
            "shown: run `mmrag index` first"
        )
    if world.vectors.marks(name).get(TENDED) == told:
        return 0
    files, changed = _files(world, partition), 0
    rules = rules_of(world.settings, domain_of(partition))
    with world.vectors.writer(name) as index, writing(world, name, index) as own:
        for work in _work(index, files, _unredacted(index, rules)):
            own.beat()
            index.set_payloads(work.hidden, of=work.hashes)
            index.delete(work.gone)
            changed += len(work.hidden) + len(work.gone)
        index.flush()
        own.end(complete=True)
        index.set_marks({TENDED: told})
    return changed


def known_of_files(world: World, partition: str) -> str | None:
    """Return a digest of what tells which files may be shown, None when no table does."""
    lineage = world.tables.lineage("raw_files", partition)
    buried = tombstones(world, partition)["file_id"].sort()
    rules = redaction.recipe(rules_of(world.settings, domain_of(partition)))
    told = [*buried, *_withheld(world, partition), *([rules] if rules else [])]
    return None if lineage is None else digest_json([lineage.digest, *told])


def _files(world: World, partition: str) -> Files:
    """Return what payloads say by rules, of the files that are to be found."""
    rows = rows_of(world.tables, "raw_files", partition)
    buried = tombstones(world, partition)["file_id"]
    out = _withheld(world, partition)
    shown = rows.filter(~pl.col("expired") & ~pl.col("file_id").is_in([*buried, *out]))
    return {row["file_id"]: row for row in shown.select("file_id", *BY_RULES).iter_rows(named=True)}


def _unredacted(index: CollectionReader, rules: Rules) -> set[_Owner]:
    """Return whose texts hold personal data: all of them go, for a value may be cut in two."""
    if not rules.kinds:
        return set()
    return {
        _owner(point)
        for points in _held(index)
        for point in points
        if any(values(str(point.payload.get(name, "")), rules) for name in ("text", "section"))
    }


def _withheld(world: World, partition: str) -> list[str]:
    """Return the ids of files of which the image filter lets a page not pass, sorted."""
    if world.image_filter is None:
        return []
    pages = rows_of(world.tables, "pages", partition)
    out = pages.join(withheld.shown(world, pages), on="file_id", how="anti")
    return out["file_id"].unique().sort().to_list()


def _work(index: CollectionReader, files: Files, unredacted: set[_Owner]) -> Iterator[_Tending]:
    """Yield what a few points need at a time; that is done before the next are looked at."""
    for points in _held(index):
        gone = [
            p.point_id
            for p in points
            if str(p.payload.get("file_id")) not in files or _owner(p) in unredacted
        ]
        other = [p for p in points if p.point_id not in gone and _is_other(p, files)]
        yield _Tending(
            {p.point_id: _told(p, files) for p in other},
            {p.point_id: str(p.payload.get(HASH)) for p in other},
            gone,
        )


def _held(index: CollectionReader) -> Iterator[list[StoredPoint]]:
    for batch in index.held():
        for part in batch.iter_slices(_BATCH):
            yield index.fetch(part["point_id"].to_list())


def _owner(point: StoredPoint) -> _Owner:
    return tuple(str(point.payload.get(name)) for name in ("file_id", "page_no", "kind"))


def _is_other(point: StoredPoint, files: Files) -> bool:
    told = files[str(point.payload["file_id"])]
    return any(point.payload.get(name) != said for name, said in told.items())


def _told(point: StoredPoint, files: Files) -> dict[str, object]:
    """Return a payload as rules have it, and another hash: a run of its models looks again."""
    told = files[str(point.payload["file_id"])]
    held = str(point.payload.get(HASH))[:VECTORS_HALF]
    mark = f"{held}{digest_json(['tended', told])[:VECTORS_HALF]}"
    return {**point.payload, **told, HASH: mark}

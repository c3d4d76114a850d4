"""Decisions on whether an index may be served, as pure functions over ports."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.indexing.generations import alias_of, is_in_place, serving
from mmrag_pipeline.indexing.held_back import held_back, written
from mmrag_pipeline.indexing.history import history
from mmrag_pipeline.indexing.image_vectors import IMAGE_VECTORS
from mmrag_pipeline.indexing.references import SOUND
from mmrag_pipeline.indexing.remember import Shelf, remembered
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.indexing.text_vectors import shelf as text_shelf
from mmrag_pipeline.indexing.unit_rows import off_unit
from mmrag_pipeline.records import Layout, Signal
from mmrag_pipeline.schemas import TABLES

DEAD_LETTER_RATE = 0.10
"""A larger part of files that cannot be used is worth a warning."""
_BATCH = 8_192
_ROLES = ("image", "text", "image_text", "bm25", "ocr", "caption")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found; `counts` are the numbers behind the message."""

    passed: bool
    message: str
    counts: Mapping[str, int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VectorCounts:
    """What is wrong among the vectors that a table refers to."""

    wanted: int
    missing: int
    misshapen: int
    """Rows of another dimension than the card's."""
    off_norm: int
    """Rows whose length is not 1 within unit_rows.NORM_TOLERANCE, or not a number."""
    unread: int = 0
    """Vectors that an earlier check found sound: this time only whether they are there."""

    def plus(self, other: "VectorCounts") -> "VectorCounts":
        """Return both counts together."""
        return VectorCounts(
            self.wanted + other.wanted,
            self.missing + other.missing,
            self.misshapen + other.misshapen,
            self.off_norm + other.off_norm,
            self.unread + other.unread,
        )


def judge_schema(world: World, table: str, partition: str) -> Verdict:
    """Return whether the stored table has its declared columns and as many rows as it claims."""
    try:
        frame = world.tables.read(table, partition)
        lineage = world.tables.lineage(table, partition)
    except CorruptStateError as error:
        return Verdict(False, str(error))
    if frame is None or lineage is None:
        return Verdict(False, f"table {table!r} of {partition!r} was never written")
    return judge_frame(table, frame, rows=lineage.rows)


def judge_frame(table: str, frame: pl.DataFrame, *, rows: int) -> Verdict:
    """Return whether a frame is what its table declares."""
    wrong = [
        f"{name} is {frame.schema.get(name)} instead of {declared}"
        for name, declared in TABLES[table].items()
        if frame.schema.get(name) != declared
    ]
    wrong += [f"{name} is not declared" for name in frame.columns if name not in TABLES[table]]
    if frame.height != rows:
        wrong.append(f"it has {frame.height} rows and its lineage says {rows}")
    counts = {"rows": frame.height, "differences": len(wrong)}
    return Verdict(not wrong, "; ".join(wrong) or "as declared", counts)


def judge_vectors(world: World, table: str, partition: str) -> Verdict:
    """Return whether every vector a table refers to is there, of its dimension, of length 1.

    A vector is read once; that it was found sound is remembered, and later only its key is read.
    """
    rows = world.tables.read(table, partition)
    if rows is None:
        return Verdict(False, f"table {table!r} of {partition!r} was never written")
    total = VectorCounts(0, 0, 0, 0)
    for place, keys in _shelves(world, table, rows):
        total = total.plus(_looked_at(world, place, keys, partition))
    return vector_verdict(total)


def vector_verdict(total: VectorCounts) -> Verdict:
    """Return the decision on counted vectors."""
    counts = {
        "vectors": total.wanted,
        "missing": total.missing,
        "wrong_dimension": total.misshapen,
        "off_norm": total.off_norm,
        "read_before": total.unread,
    }
    wrong = total.missing + total.misshapen + total.off_norm
    message = "all there, of the card's dimension and of unit length"
    if wrong:
        message = f"{wrong} of {total.wanted} vectors cannot be used: {counts}; {_remedy(total)}"
    return Verdict(wrong == 0, message, counts)


def _remedy(total: VectorCounts) -> str:
    if total.misshapen + total.off_norm == 0:
        return "`mmrag index --force` computes missing ones again"
    return (
        "what is remembered is never computed again: delete image_vectors, text_vectors, "
        f"image_text_vectors and {SOUND} under memo/ beside the tables, then `mmrag index --force`"
    )


def _looked_at(world: World, place: Shelf, keys: pl.Series, partition: str) -> VectorCounts:
    """Count what is wrong: in vectors not looked at yet, and whether the others are still there."""
    fresh = world.memo.missing(SOUND, place.fingerprint, keys)
    known = keys.filter(~keys.is_in(fresh.implode()))
    gone = world.memo.missing(place.station, place.fingerprint, known).len()
    total = VectorCounts(known.len(), gone, 0, 0, known.len() - gone)
    sound = []
    for part in _slices(fresh):
        found = count_vectors(remembered(world, place, part), part, place)
        total = total.plus(found)
        sound += [part] if vector_verdict(found).passed else []
    if sound:
        world.memo.append(SOUND, place.fingerprint, partition, pl.concat(sound).to_frame("key"))
    return total


def count_vectors(known: pl.DataFrame, wanted: pl.Series, place: Shelf) -> VectorCounts:
    """Count what is wrong in one batch of remembered vectors (columns `key`, `vector`)."""
    missing = wanted.n_unique() - known["key"].n_unique()
    declared = place.schema["vector"]
    if known.schema["vector"] != declared:
        return VectorCounts(wanted.len(), missing, known.height, 0)
    off_norm = int(off_unit(known["vector"].to_numpy()).sum()) if known.height else 0
    return VectorCounts(wanted.len(), missing, 0, off_norm)


def judge_counts(world: World, partition: str) -> Verdict:
    """Return whether points, the record of what was applied and the collection agree.

    It is the collection that was written, which serves unless something is against it.
    """
    desired, applied = (rows_of(world.tables, name, partition) for name in ("points", "collection"))
    name = written(world.tables, partition)
    if name not in world.vectors.layouts() or not is_in_place(world, partition, name):
        live = serving(world, partition) or "no collection"
        alias = alias_of(world, partition)
        told = f"{live} is served as {alias!r}, and {name or 'none'} was written"
        return Verdict(False, f"{told}: materialize `collection`")
    with world.vectors.reader(name) as index:
        held = index.count()
    return count_verdict(desired, applied, held)


def count_verdict(points: pl.DataFrame, applied: pl.DataFrame, held: int) -> Verdict:
    """Return the decision on desired points, applied points and the number really held."""
    same = points.join(applied, on=["point_id", "point_hash"], how="semi").height
    counts = {
        "points": points.height,
        "applied": applied.height,
        "held": held,
        "not_applied": points.height - same,
    }
    passed = same == points.height == applied.height == held
    remedy = "run `mmrag verify --repair`, or materialize `collection` with force"
    message = "points, record and index agree" if passed else f"they differ: {counts}; {remedy}"
    return Verdict(passed, message, counts)


def judge_dead_letters(world: World, partition: str) -> Verdict:
    """Return whether an unusual part of the files could not be used."""
    files, letters = (world.tables.read(name, partition) for name in ("raw_files", "dead_letters"))
    if files is None or letters is None:
        return Verdict(False, f"partition {partition!r} has no raw_files or dead_letters yet")
    return dead_letter_verdict(files.height, letters)


def dead_letter_verdict(files: int, letters: pl.DataFrame) -> Verdict:
    """Return the decision on a partition's dead letters, with counts per reason."""
    lost = letters["file_id"].n_unique()
    rate = lost / files if files else 0.0
    reasons = letters.group_by("reason").agg(pl.col("file_id").n_unique()).sort("reason")
    counts = {"files": files, "files_with_dead_letters": lost, "rate": round(rate, 4)}
    counts |= {f"reason: {reason}": count for reason, count in reasons.iter_rows()}
    message = f"{lost} of {files} files have a dead letter (warning above {DEAD_LETTER_RATE:.0%})"
    return Verdict(rate <= DEAD_LETTER_RATE, message, counts)


def judge_fingerprints(world: World, partition: str) -> Verdict:
    """Return whether the desired points carry one model per role, those of today's settings."""
    points = world.tables.read("points", partition)
    if points is None:
        return Verdict(False, f"partition {partition!r} has no points yet")
    expected = {
        "image": world.image_text.card.fingerprint,
        "image_text": world.image_text.card.fingerprint,
        "text": world.text.card.fingerprint,
        "bm25": world.sparse.card.fingerprint,
    }
    return fingerprint_verdict(point_cards(points), expected)


def judge_layout(world: World, partition: str) -> Verdict:
    """Return whether the collection that was written was made for the models of its points.

    Those are the cards in the points' lineage, which `judge_fingerprints` finds in the payloads.
    """
    points = world.tables.lineage("points", partition)
    made = world.vectors.layouts().get(written(world.tables, partition))
    if points is None or made is None:
        return Verdict(False, f"partition {partition!r} has no points or no collection yet")
    cards = {role: {card} for role, card in points.cards.items()}
    return fingerprint_verdict(cards, layout_cards(made))


def judge_gate(world: World, partition: str) -> Verdict:
    """Return whether the collection that was written serves, or what keeps it from that."""
    held = held_back(world.tables, world.vectors, partition, serving=serving(world, partition))
    if held is not None:
        return Verdict(False, held.told(partition))
    rows = history(world, partition).filter(
        pl.col("collection") == written(world.tables, partition)
    )
    reasons = [f": {reason}" for reason in rows["reason"].tail(1) if reason]
    return Verdict(True, f"nothing keeps it from serving{''.join(reasons)}")


def layout_cards(layout: Layout) -> dict[str, str]:
    """Return signal -> card fingerprint of a collection."""
    return {space.signal: space.fingerprint for space in layout.spaces}


def point_cards(points: pl.DataFrame) -> dict[str, set[str]]:
    """Return role -> the card fingerprints that the points' payloads carry."""
    found: dict[str, set[str]] = {role: set() for role in _ROLES}
    for rows in points.iter_slices(_BATCH):
        # a handful of distinct ones: looked into one by one, not in every payload
        told = rows["payload"].str.json_path_match("$.cards").drop_nulls().unique()
        for role, card in (item for cards in told for item in json.loads(cards).items()):
            if card is not None:
                found.setdefault(role, set()).add(card)
    return found


def fingerprint_verdict(found: Mapping[str, set[str]], expected: Mapping[str, str]) -> Verdict:
    """Return whether each role has one fingerprint at most, and the expected one."""
    mixed = [f"{role} has {len(cards)} models" for role, cards in found.items() if len(cards) > 1]
    foreign = [
        f"{role} is of model {', '.join(sorted(cards))}, not {expected[role]}"
        for role, cards in found.items()
        if role in expected and cards - {expected[role]}
    ]
    wrong = mixed + foreign
    counts = {role: len(cards) for role, cards in found.items()}
    return Verdict(not wrong, "; ".join(wrong) or "one model per signal", counts)


def _shelves(world: World, table: str, rows: pl.DataFrame) -> Iterator[tuple[Shelf, pl.Series]]:
    if table == "image_vectors":
        yield IMAGE_VECTORS.shelf(world), rows["digest"]
        return
    signals: dict[Signal, Shelf] = {
        "text": text_shelf("text", world.text.card),
        "image_text": text_shelf("image_text", world.image_text.card),
    }
    for signal, place in signals.items():
        yield place, rows.filter(pl.col("signal") == signal)["digest"]


def _slices(keys: pl.Series) -> Iterable[pl.Series]:
    return (keys.slice(start, _BATCH) for start in range(0, keys.len(), _BATCH))

"""What it costs to see that a large partition's collection is right, and to mend 1 % of it.

Tables, memo and collection are real and on the disk; the points are made up, their vectors short:
what is compared are ids and hashes. `python -m benchmarks.reconcile [POINTS]`.
"""

import random
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from benchmarks.corpus import DOMAIN
from benchmarks.measure import Finding, in_process, report, show, timed
from mmrag_pipeline.engines.stub import StubImageText, StubText
from mmrag_pipeline.frames import table_digest
from mmrag_pipeline.ids import point_ids
from mmrag_pipeline.indexing import collection, points
from mmrag_pipeline.indexing.image_vectors import IMAGE_VECTORS
from mmrag_pipeline.indexing.run import run_step
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.verify import Drift, repair, verify
from mmrag_pipeline.records import Lineage, StoredPoint
from mmrag_pipeline.schemas import POINTS
from mmrag_pipeline.stores.edge import EdgeVectors
from mmrag_pipeline.stores.folder_blobs import FolderBlobs
from mmrag_pipeline.stores.layouts import HASH
from mmrag_pipeline.stores.memo import ParquetMemo
from mmrag_pipeline.stores.tables import ParquetTables
from mmrag_pipeline.testing.ledger import Ledger, audited
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import Models, State, fake_world

_MODULE = "benchmarks.reconcile"
_DIMENSION = 8
_DRIFTED = 0.01
_FILL = Mode("fill")


def fill(root: Path, count: int) -> Finding:
    """Write tables and memo, and bring all points into an empty collection."""
    world, ledger = _world(root)
    _write(world, _points(world, count))
    return _timed(ledger, f"{count:,} into an empty collection", lambda: _reconcile(world))


def unchanged(root: Path, count: int) -> Finding:
    """Run the station when there is nothing to do."""
    world, ledger = _world(root)
    return _timed(ledger, f"reconcile, {count:,} unchanged", lambda: _reconcile(world), "15 s")


def clean(root: Path, count: int) -> Finding:
    """Compare everything."""
    return _verified(root, f"verify, {count:,} unchanged", "15 s")


def drifted(root: Path, count: int) -> Finding:
    """Damage the collection, a third each way, and compare everything."""
    world, _ = _world(root)
    name = collection.generation(world, DOMAIN)
    with world.vectors.writer(name) as index:
        held = [row for batch in index.held() for row in batch.iter_rows()]
        picked = random.Random(0).sample(held, int(len(held) * _DRIFTED))
        third = len(picked) // 3
        index.delete([one for one, _ in picked[:third]])
        changed = {
            one: {HASH: f"{told[:16] if number % 2 else 'x' * 16}{'x' * 16}", "kind": "page"}
            for number, (one, told) in enumerate(picked[third : 2 * third])
        }
        index.set_payloads(changed)
        foreign = [_foreign(one) for one, _ in picked[2 * third :]]
        index.upsert([StoredPoint(one, {"kind": "page"}) for one in foreign])
    return _verified(root, f"verify, {_DRIFTED:.0%} of {count:,} drifted", "")


def mended(root: Path, count: int) -> Finding:
    """Repair it."""
    world, ledger = _world(root)
    case = f"repair, {_DRIFTED:.0%} of {count:,} drifted"
    return _timed(ledger, case, lambda: dict(repair(world, DOMAIN, Mode("repair")).changes))


def again(root: Path, count: int) -> Finding:
    """Compare everything after the repair."""
    return _verified(root, f"verify, {count:,} mended", "15 s")


CASES = {
    "fill": fill,
    "unchanged": unchanged,
    "clean": clean,
    "drifted": drifted,
    "mended": mended,
    "again": again,
}


def main() -> None:
    """Print the table, or run one case in this process: CASE ROOT POINTS."""
    if len(sys.argv) == 4:
        report(CASES[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3])))
        return
    count = sys.argv[1] if len(sys.argv) > 1 else "1000000"
    with tempfile.TemporaryDirectory() as root:
        findings = [in_process(_MODULE, name, root, count) for name in CASES]
    show("A partition compared and mended (notes: what was found or written)", findings)


def _timed(
    ledger: Ledger, case: str, work: Callable[[], Mapping[str, int]], goal: str = ""
) -> Finding:
    notes: dict[str, float] = {}
    spent = timed(lambda: notes.update(work()))
    notes["model calls"] = ledger.calls()
    return Finding(case, spent.seconds, spent.cpu_s, goal, notes=notes)


def _verified(root: Path, case: str, goal: str) -> Finding:
    world, ledger = _world(root)
    return _timed(ledger, case, lambda: _counts(verify(world, DOMAIN)), goal)


def _counts(drift: Drift) -> dict[str, int]:
    names = ("held", "missing", "foreign", "changed", "unrecorded", "mixed")
    return {name: getattr(drift, name) for name in names if getattr(drift, name)}


def _reconcile(world: World) -> Mapping[str, int]:
    (outcome,) = run_step(world, collection.STEP, DOMAIN, mode=_FILL)
    return dict(outcome.changes)


def _foreign(point_id: str) -> str:
    return point_id[::-1][:8] + point_id[8:]


def _world(root: Path) -> tuple[World, Ledger]:
    blobs, ledger = FolderBlobs(root), Ledger()
    state = State(
        tables=ParquetTables(blobs),
        memo=ParquetMemo(blobs),
        vectors=EdgeVectors(root / "collections", 20.0),
    )
    models = Models(image_text=StubImageText(_DIMENSION), text=StubText(_DIMENSION))
    return fake_world(FakeSource(), state=state, models=audited(models, ledger)), ledger


def _points(world: World, count: int) -> pl.DataFrame:
    """Return pages of made-up files, with payloads of about the usual length."""
    rows = pl.select(number=pl.int_range(count)).with_columns(
        file_id=pl.concat_str(_digits(0), _digits(1)),
        page_no=pl.lit(0),
        kind=pl.lit("page"),
        anchor=pl.lit("0,0,1240,1754"),
    )
    ids = point_ids(rows.select("file_id", "page_no", "kind", "anchor"))
    nothing = pl.lit(None, pl.String)
    return rows.select(
        point_id=ids,
        point_hash="file_id",
        kind="kind",
        payload=_payload(world).struct.json_encode(),
        image_key="file_id",
        text_key=nothing,
        image_text_key=nothing,
        sparse_text=nothing,
    ).sort("point_id")


def _digits(seed: int) -> pl.Expr:
    return pl.col("number").hash(seed).cast(pl.String).str.zfill(20).str.tail(16)


def _payload(world: World) -> pl.Expr:
    key = pl.format("scans/{}.png", "number")
    return pl.struct(
        "file_id",
        "kind",
        "page_no",
        domain=pl.lit(DOMAIN),
        key=key,
        uri=pl.format("s3://bucket/raw/{}", key),
        page_digest="file_id",
        digest="file_id",
        media_type=pl.lit("image/png"),
        modified_at=pl.lit("2026-01-01T00:00:00.000000Z"),
        visibility=pl.concat_list(pl.lit("public")),
        cards=pl.struct(image=pl.lit(world.image_text.card.fingerprint)),
    )


def _write(world: World, rows: pl.DataFrame) -> None:
    recipe = points.recipe(world)
    told = {"recipe": recipe.digest, "cards": dict(recipe.cards), "run_id": "made up"}
    lineage = Lineage("points", DOMAIN, table_digest(rows), rows.height, {}, **told)
    world.tables.write(rows.select(POINTS.names()), lineage)
    shelf = IMAGE_VECTORS.shelf(world)
    vector = pl.concat_list(pl.lit(1.0, pl.Float32) for _ in range(_DIMENSION))
    keys = rows.select(key="image_key").with_columns(
        vector=vector.list.to_array(_DIMENSION).cast(shelf.schema["vector"])
    )
    for part in keys.iter_slices(100_000):
        world.memo.append(shelf.station, shelf.fingerprint, DOMAIN, part)


if __name__ == "__main__":
    main()

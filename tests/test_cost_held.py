"""What the index takes in memory, and what it would take, is as computed by hand."""

from pathlib import Path

import polars as pl
import pytest

from mmrag_pipeline.cost_report import Books, held_now
from mmrag_pipeline.ids import collection_name
from mmrag_pipeline.records import Layout, Lineage, VectorSpace
from mmrag_pipeline.schemas import TABLES
from mmrag_pipeline.stores.cost_ledger import BlobLedger
from mmrag_pipeline.stores.folder_blobs import FolderBlobs
from mmrag_pipeline.testing.worlds import State, fake_settings

VECTORS = 1_000
"""Of 8 numbers: 32 bytes as they are, 8 as a scalar copy, 100 of ids, and in a graph with m = 16
2 x 16 + 16 / ln 16 = 37.77078 links, 151.08312 bytes; all of it times 1.3."""


def _table(state: State, name: str, **columns: pl.Series) -> None:
    rows = pl.DataFrame(columns)
    empty = {n: pl.lit(None, kind) for n, kind in TABLES[name].items() if n not in columns}
    frame = rows.with_columns(**empty).select(TABLES[name].names())
    state.tables.write(frame, Lineage(name, "shop", "", frame.height, {}, "", {}, ""))


@pytest.fixture
def state() -> State:
    """Return a domain with four files in the index, and one whose time is over."""
    found = State()
    _table(found, "points", image_key=pl.Series([f"{n}" for n in range(VECTORS)] + [None]))
    files = {"digest": pl.Series(["a", "b", "c", "d", None, None])}
    _table(found, "raw_files", **files, expired=pl.Series([False, None, False, False, True, None]))
    name = collection_name("mmrag", "shop", 1)
    found.vectors.create(name, Layout((VectorSpace("image", 8, "card"),)))
    found.vectors.move_alias(collection_name("mmrag", "shop"), name)
    return found


@pytest.mark.parametrize(
    ("placed", "held_bytes", "unquantized_bytes"),
    [
        (("scalar", "cold"), 336_808.056, 368_008.056),
        (("scalar", "cached"), 378_408.056, 368_008.056),
        (("none", "cached"), 368_008.056, 368_008.056),
    ],
)
def test_memory_is_that_of_graph_ids_and_what_the_tuning_keeps(
    state: State,
    tmp_path: Path,
    placed: tuple[str, str],
    held_bytes: float,
    unquantized_bytes: float,
) -> None:
    kept = dict(zip(("index_quantization", "index_vectors_memory"), placed, strict=True))
    settings = fake_settings().model_copy(update={**kept, "index_hnsw_m": 16})
    ledger = BlobLedger(FolderBlobs(tmp_path))
    held = held_now(Books(settings, ledger, state.tables, state.vectors))
    assert held.gb * 1e9 == pytest.approx(held_bytes)
    assert held.unquantized_gb * 1e9 == pytest.approx(unquantized_bytes)
    assert held.expired_gb * 1e9 == pytest.approx(held_bytes / 4)

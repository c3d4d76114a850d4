"""An evaluator over a fake world, with queries that a test chooses."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import numpy as np

from mmrag_pipeline.errors import ParseError
from mmrag_pipeline.evaluation.evaluator import Evaluator
from mmrag_pipeline.evaluation.qrels import LabelledQuery
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.records import Pixels
from mmrag_pipeline.testing.gates import searcher_of
from mmrag_pipeline.testing.worlds import TODAY


def fake_evaluator(world: World, queries: Sequence[LabelledQuery]) -> Evaluator:
    """Return what asks these queries of a world; its clock goes on by an hour at each look.

    A query picture is black, and as many pixels wide as its file has bytes.
    """
    hours = count()

    def clock() -> datetime:
        return TODAY + timedelta(hours=next(hours))

    return Evaluator(
        settings=world.settings,
        tables=world.tables,
        searcher=searcher_of(world),
        load_image=_black,
        read=lambda: queries,
        clock=clock,
    )


def _black(path: Path) -> Pixels:
    if not path.is_file():
        raise ParseError(f"{path} is no picture", reason="no_pixels")
    return np.zeros((8, len(path.read_bytes()), 3), np.uint8)

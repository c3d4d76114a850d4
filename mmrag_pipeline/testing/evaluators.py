"""An evaluator over a fake world, with queries that a test chooses."""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import numpy as np

from mmrag_pipeline.answer_records import Checked, GroundedAnswer
from mmrag_pipeline.errors import ParseError
from mmrag_pipeline.evaluation.evaluator import Evaluator
from mmrag_pipeline.evaluation.qrels import LabelledQuery
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.records import Card, Pixels
from mmrag_pipeline.retrieval.query import Query
from mmrag_pipeline.testing.gates import searcher_of
from mmrag_pipeline.testing.worlds import TODAY
from mmrag_pipeline.wording import DO_NOT_KNOW

CARD = Card("echo", "1", "answer", 0, "Apache-2.0", "", "", "float32")


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
        load_image=no_picture,
        read=lambda: queries,
        clock=clock,
        answering=lambda: nullcontext(_quoted),
        open_world=lambda: nullcontext(world),
    )


def _quoted(query: Query) -> GroundedAnswer:
    """Answer with the question itself, or nothing to one that ends in a question mark."""
    silent = query.text.endswith("?")
    said = Checked(DO_NOT_KNOW if silent else query.text, support=1.0)
    return GroundedAnswer(query.text, (said,), (), CARD, abstained=silent)


def no_picture(path: Path) -> Pixels:
    """Return a black picture as wide as the file has bytes; raises ParseError without a file."""
    if not path.is_file():
        raise ParseError(f"{path} is no picture", reason="no_pixels")
    return np.zeros((8, len(path.read_bytes()), 3), np.uint8)

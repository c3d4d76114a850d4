"""Pages of evaluations made by hand, for tests of what they look like."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from mmrag_pipeline.evaluation.charts import Bar, trend
from mmrag_pipeline.evaluation.evaluation_page import (
    Against,
    EvaluationPage,
    Expected,
    Part,
    RankedHit,
    RunRow,
    ShownQuery,
    Value,
)
from mmrag_pipeline.evaluation.report import ShownHit, SignalShare, thumbnail
from mmrag_pipeline.records import Box

HOSTILE = "<script>alert(1)</script>\"' onerror=x {{ 7 * 7 }} {% raw %}](javascript:x)"
AT = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
GREY = thumbnail(np.full((300, 400, 3), 200, np.uint8), Box(40, 40, 200, 120), side_px=240)
MEASURES = ("ndcg@10", "success@1", "success@10", "mrr@10")
SHARES = (SignalShare("image", 2, 0.71, 0.3), SignalShare("bm25", 1, 8.2, 0.9))
HIT = ShownHit(1, 1.2, "shop", "a/kettle.png", 2, "ocr", "KX-4711 kettle", GREY, SHARES)


def part(of: str, name: str, queries: int = 10) -> Part:
    value = Value(0.8, 0.65, 0.9)
    signals = {} if of == "domain" else {"fused": value, "bm25": Value(0.5, 0.25, 0.75)}
    return Part(of, name, queries, dict.fromkeys(MEASURES, value), signals)


QUERY = ShownQuery(
    query_id="q1",
    why="changed",
    text="the red kettle",
    kind="words",
    image=None,
    values={"fused": 0.63, "bm25": 1.0},
    before=1.0,
    expected=(
        Expected("kettle.png", indexed=True, ranks={"fused": 2, "bm25": 1}),
        Expected("gone.png", indexed=False, ranks={}),
    ),
    hits=(
        RankedHit(HIT, relevant=False),
        RankedHit(replace(HIT, rank=2, thumbnail=None), relevant=True),
    ),
)
RUNS = ({"fused": 0.5, "bm25": 0.5}, {"fused": 0.75, "bm25": 0.5}, {"fused": 1.0, "bm25": 0.5})
PAGE = EvaluationPage(
    title="Evaluation",
    made_at=AT,
    confidence=0.95,
    measures=MEASURES,
    parts=(part("", "all", 60), part("kind", "words"), part("domain", "shop")),
    speed=(("Median search", "21 ms"),),
    made_with=(("strategy", "evidence"), ("collection shop", "text 0ef3")),
    remarks=("1 relevant key not in the index, counted as not found: gone.png",),
    against=Against(
        AT - timedelta(days=1), "60 queries, worse: fused", True, (3, 9), [("depth", "150", "600")]
    ),
    bars=(
        Bar("fused", 0.8, 0.65, 0.9),
        Bar("bm25", 0.5, 0.25, 0.75),
        Bar("without bm25", 0.25, 0.125, 0.375, ablation=True),
    ),
    trend=trend(RUNS),
    runs=tuple(
        RunRow(AT + timedelta(days=n), one, 0.021, 0.043, ("depth",)) for n, one in enumerate(RUNS)
    ),
    shown=(
        QUERY,
        replace(QUERY, query_id="q2", why="worst"),
        replace(QUERY, why="best", before=None),
    ),
)


def hostile_page() -> EvaluationPage:
    """Return a page every text of which tries to be more than text."""
    share = SignalShare(HOSTILE, 1, 1.0, 1.0)
    hit = ShownHit(1, 1.0, HOSTILE, HOSTILE, 1, HOSTILE, HOSTILE, b"\xff", (share,))
    ranked = RankedHit(hit, relevant=True)
    names = {"fused": 0.5, HOSTILE: 0.5}
    query = replace(
        QUERY,
        query_id=HOSTILE,
        text=HOSTILE,
        kind=HOSTILE,
        image=b"\xff",
        values=names,
        expected=(Expected(HOSTILE, indexed=False, ranks={HOSTILE: 1}),),
        hits=(ranked, replace(ranked, hit=replace(hit, thumbnail=None))),
    )
    value = Value(0.5, 0.4, 0.6)
    return replace(
        PAGE,
        title=HOSTILE,
        parts=(Part(HOSTILE, HOSTILE, 1, {"ndcg@10": value}, {HOSTILE: value}),),
        speed=((HOSTILE, HOSTILE),),
        made_with=((HOSTILE, HOSTILE),),
        remarks=(HOSTILE,),
        against=Against(AT, HOSTILE, False, (0, 0), [(HOSTILE, HOSTILE, HOSTILE)]),
        bars=(Bar(HOSTILE, 0.5, 0.4, 0.6, ablation=True),),
        trend=trend([{HOSTILE: 0.5}, {HOSTILE: 0.6}]),
        runs=(RunRow(AT, {HOSTILE: 0.5}, 0.1, 0.2, (HOSTILE,)),),
        shown=(query,),
    )

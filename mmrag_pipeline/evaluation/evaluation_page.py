"""One HTML file that shows how good an index is, with pictures; nothing in it is trusted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mmrag_pipeline.evaluation.charts import Bar, Trend
from mmrag_pipeline.evaluation.chosen import Why
from mmrag_pipeline.evaluation.report import ShownHit, rendered

MAX_PARTS = 120
MAX_BARS = 60
MAX_RUNS = 30
MAX_SHOWN = 24
MAX_HITS = 5
MAX_EXPECTED = 4
MAX_ROWS = 60
MAX_REMARKS = 10
# With the limits above: 24 x (1 + 5) pictures of at most 20 kB in base64, and their words.
MAX_PAGE_BYTES = 6_000_000
LIMITS = {
    "parts": MAX_PARTS,
    "bars": MAX_BARS,
    "runs": MAX_RUNS,
    "shown": MAX_SHOWN,
    "hits": MAX_HITS,
    "expected": MAX_EXPECTED,
    "rows": MAX_ROWS,
    "remarks": MAX_REMARKS,
}


@dataclass(frozen=True, slots=True)
class Value:
    """A mean between 0 and 1 with its interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Part:
    """Measures of the fused ranking over a part of the queries."""

    of: str
    """What the part is one of, for example `kind`."""
    name: str
    queries: int
    values: Mapping[str, Value]
    """Measure -> value."""
    signals: Mapping[str, Value]
    """Ranking -> nDCG@10: fused and by each signal; empty where it is not compared."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """One evaluation of the same queries."""

    at: datetime
    values: Mapping[str, float]
    """Ranking -> mean nDCG@10."""
    p50_s: float
    p95_s: float
    changed: tuple[str, ...]
    """What it was made with differently than the one before."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A right answer as its label spells it, and where each ranking has it."""

    label: str
    indexed: bool
    ranks: Mapping[str, int]
    """Ranking -> rank; those that do not have it are left out."""


@dataclass(frozen=True, slots=True)
class RankedHit:
    """A hit of a query, whether it is a right answer, and the groups that may see its file."""

    hit: ShownHit
    relevant: bool
    visibility: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownQuery:
    """A query that is worth a look; `image` is a thumbnail of the picture asked with."""

    query_id: str
    why: Why
    text: str
    kind: str
    image: bytes | None
    values: Mapping[str, float]
    """Ranking -> nDCG@10: fused and by each signal that it asks."""
    before: float | None
    """nDCG@10 of the fused ranking in the last run, if there is one."""
    expected: tuple[Expected, ...]
    hits: tuple[RankedHit, ...]


@dataclass(frozen=True, slots=True)
class Against:
    """How an evaluation compares with the last one of the same queries."""

    at: datetime
    message: str
    worse: bool
    moved: tuple[int, int]
    """Queries that the fused ranking answers worse than before, and better."""
    changes: Sequence[tuple[str, str, str]]
    """What they were made with differently: name, before, now."""


@dataclass(frozen=True, slots=True)
class EvaluationPage:
    """Everything that the page shows; empty parts are left out of it."""

    title: str
    made_at: datetime
    confidence: float
    measures: tuple[str, ...]
    """Columns of the tables."""
    parts: tuple[Part, ...]
    """All queries first."""
    speed: tuple[tuple[str, str], ...]
    made_with: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...] = ()
    """What is to be known before the measures are read."""
    against: Against | None = None
    bars: tuple[Bar, ...] = ()
    trend: Trend | None = None
    runs: tuple[RunRow, ...] = ()
    shown: tuple[ShownQuery, ...] = ()


def render_evaluation(page: EvaluationPage) -> str:
    """Return the page as one HTML document without scripts or outside references.

    Every text is escaped and shortened and every list cut (the page says so), so that the result
    stays below MAX_PAGE_BYTES whatever labels and files hold. It can be encoded as UTF-8.
    """
    return rendered("evaluation.html.j2", page=page, limits=LIMITS)

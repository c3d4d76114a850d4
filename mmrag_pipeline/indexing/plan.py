"""plan: what a run would add, change, delete and reuse, without a model, a parser or a write."""

from collections.abc import Mapping
from dataclasses import dataclass

from mmrag_pipeline.indexing.forecast import Work, forecast, look
from mmrag_pipeline.indexing.station import World

RATES: Mapping[str, float] = {
    "raw_files": 0.0005,
    "pages": 0.02,
    "ocr": 0.8,
    "captions": 0.03,
    "image_vectors": 0.015,
    "chunks": 0.0005,
    "text_vectors": 0.01,
    "points": 0.00003,
    "collection": 0.0001,
}
"""Seconds per item assumed until runs here have shown better (two cores, offline models)."""


@dataclass(frozen=True, slots=True)
class StationPlan:
    """What a run would do at one station; `calls` and `seconds` are for what is made."""

    station: str
    add: int
    change: int
    delete: int
    reuse: int
    calls: int
    seconds: float
    exact: bool
    """False when it depends on what only a run can find out."""


def plan(world: World, partition: str, *, rates: Mapping[str, float] = RATES) -> list[StationPlan]:
    """Return each station's plan in the order of the data; raises ListingError.

    A file that changed counts as its pages of before, a new one as one page, a new PDF as
    an average PDF; nothing is read but the listing, our tables and the memo's keys.
    """
    return [_plan(name, work, rates) for name, work in forecast(look(world, partition)).items()]


def _plan(station: str, work: Work, rates: Mapping[str, float]) -> StationPlan:
    made = work.add + work.change
    return StationPlan(
        station=station,
        add=work.add,
        change=work.change,
        delete=work.delete,
        reuse=work.reuse,
        calls=made,
        seconds=made * rates.get(station, 0.0),
        exact=work.exact,
    )

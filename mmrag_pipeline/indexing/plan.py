"""plan: what a run would add, change, delete and reuse, without a model, a parser or a write."""

from collections.abc import Mapping
from dataclasses import dataclass

from mmrag_pipeline.indexing.forecast import forecast
from mmrag_pipeline.indexing.listed import READ_LIMIT_BYTES, look
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.indexing.work import Work

MODEL_STATIONS = ("ocr", "captions", "image_vectors", "text_vectors")
"""Stations that call a model for what they make."""

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
    """What a run would do at one station; `seconds` are for what is added and changed."""

    station: str
    add: int
    change: int
    delete: int
    reuse: int
    calls: int
    """Calls of the station's model, 0 where there is none."""
    expired: int
    """Files whose time is over since the last run, even new ones; 0 but at raw_files."""
    seconds: float
    redacted: int | None
    """Chunks of before that other rules of redaction change; None under the same, and elsewhere."""
    exact: bool
    """False when it depends on what only a run can find out."""


def plan(
    world: World,
    partition: str,
    *,
    rates: Mapping[str, float] = RATES,
    read_limit_bytes: int = READ_LIMIT_BYTES,
) -> list[StationPlan]:
    """Return each station's plan in the order of the data; raises ListingError.

    A file that changed counts as its pages of before, a new one as one page (of text where
    its name says so), a new PDF as an average PDF. Nothing is read but the listing, our
    tables, what the memo holds of parsed files and cut texts, the memo's other keys, and, of
    the files that a run would read, those as large as a known one, `read_limit_bytes` in all:
    that tells renamed, copied and touched files. One that cannot be read stays an estimate.
    """
    seen = look(world, partition, read_limit_bytes=read_limit_bytes)
    return [_plan(name, work, rates) for name, work in forecast(seen).items()]


def _plan(station: str, work: Work, rates: Mapping[str, float]) -> StationPlan:
    return StationPlan(
        station=station,
        add=work.add,
        change=work.change,
        delete=work.delete,
        reuse=work.reuse,
        calls=work.made if station in MODEL_STATIONS else 0,
        expired=work.expired,
        redacted=work.redacted,
        seconds=round(work.made * rates.get(station, 0.0), 3),
        exact=work.exact,
    )

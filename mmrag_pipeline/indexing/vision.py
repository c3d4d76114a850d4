"""ocr, captions and image_vectors in one step: each page is read and decoded once for all."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import polars as pl

from mmrag_pipeline.indexing import withheld
from mmrag_pipeline.indexing.captions import CAPTIONS
from mmrag_pipeline.indexing.failures import failure_table
from mmrag_pipeline.indexing.image_vectors import IMAGE_VECTORS
from mmrag_pipeline.indexing.lanes import Lane, Wish
from mmrag_pipeline.indexing.ocr import OCR
from mmrag_pipeline.indexing.pixel_station import PixelStation
from mmrag_pipeline.indexing.pixels import stream_pixels
from mmrag_pipeline.indexing.preemption import Pace, kept_at_the_end
from mmrag_pipeline.indexing.remember import Batch, Missing, find_missing
from mmrag_pipeline.indexing.station import Job, Made, Step, World
from mmrag_pipeline.indexing.told import telling_calls
from mmrag_pipeline.records import Box

_STATIONS = {one.station.name: one for one in (OCR, CAPTIONS, IMAGE_VECTORS)}


@dataclass(frozen=True, slots=True)
class _Task:
    """One station's part of the step."""

    station: PixelStation
    job: Job
    carried: pl.DataFrame
    """Rows of before that stay."""
    asked: pl.Series
    """Memo keys of all others."""
    missing: Missing

    def made(self, world: World, lane: Lane) -> Made:
        """Return the table when its lane has done what was missing."""
        table = self.station.rows(world, self.job, self.asked, carried=self.carried)
        made = lane.batch.made(table, self.missing)
        reused = made.reused + self.carried.height
        return replace(made, reused=reused, model_s=lane.model_s)


def make(world: World, jobs: Mapping[str, Job]) -> Mapping[str, Made]:
    """Make the tables of the given stations, reading and decoding each page once for all."""
    tasks = {name: _task(world, _STATIONS[name], job) for name, job in jobs.items()}
    lanes = {name: _lane(world, task) for name, task in tasks.items()}
    judging = _judging(world, jobs.get(IMAGE_VECTORS.station.name))
    _drive(world, jobs, {**lanes, **({withheld.STATION: judging.lane} if judging else {})})
    made = {name: task.made(world, lanes[name]) for name, task in tasks.items()}
    if judging:
        name = IMAGE_VECTORS.station.name
        made[name] = judging.without_withheld(world, made[name])
    return made


@dataclass(frozen=True, slots=True)
class _Judging:
    """What the image filter has to say of the pages, beside image_vectors."""

    job: Job
    missing: Missing
    lane: Lane

    def without_withheld(self, world: World, made: Made) -> Made:
        """Return image_vectors without the pages that do not pass: they are among its failures."""
        pages, before = self.job.frames["pages"], self.job.failures
        found = withheld.withheld_pages(world, pages)
        rows = failure_table(found, self.missing.given_up, before.clear())
        lost = failure_table(self.lane.batch.failures, rows.clear(), before)
        out = pl.Series(withheld.not_passed(world, pages), dtype=pl.String)
        keys = pl.col("digest").str.extract(r"^([^:]+)", 1)
        return replace(
            made,
            table=made.table.filter(~keys.is_in(out.implode())),
            failures=pl.concat([made.failures, rows, lost]).sort("item"),
            changes={"judged": self.lane.batch.computed, "withheld": len(found)},
        )


def _judging(world: World, job: Job | None) -> _Judging | None:
    if world.image_filter is None or job is None:
        return None
    place = withheld.shelf(world)
    missing = find_missing(world, job, place, withheld.drawn(job.frames["pages"]))
    wishes = {key: [Wish(key, None)] for key in missing.keys}
    lane = Lane(
        Batch(world, job, place),
        partial(withheld.judge, world),
        wishes,
        pace=Pace(world.settings.batch_size, world.settings.grace_period_s),
    )
    return _Judging(job, missing, lane)


def _task(world: World, station: PixelStation, job: Job) -> _Task:
    wanted = station.wanted(job)
    carried = station.carried(world, job, wanted)
    asked = wanted.filter(~wanted.is_in(carried[station.table_key].implode()))
    missing = find_missing(world, job, station.shelf(world), asked)
    return _Task(station, job, carried, asked, missing)


def _lane(world: World, task: _Task) -> Lane:
    station = task.station
    wishes: dict[str, list[Wish]] = {}
    for key in task.missing.keys:
        page_digest, _, box = key.partition(":")
        part = Box(*map(int, box.split(","))) if box else None
        wishes.setdefault(page_digest, []).append(Wish(key, part))
    calls = telling_calls(world.telemetry, station.station.name)
    return Lane(
        Batch(world, task.job, station.shelf(world)),
        lambda crops: station.call(world, crops),
        wishes,
        pace=Pace(station.batch_size(world), world.settings.grace_period_s, calls),
    )


def _drive(world: World, jobs: Mapping[str, Job], lanes: Mapping[str, Lane]) -> None:
    frames = {name: frame for job in jobs.values() for name, frame in job.frames.items()}
    needed = list(dict.fromkeys(digest for lane in lanes.values() for digest in lane.wishes))
    partition = next(iter(jobs.values())).partition
    with kept_at_the_end([lane.batch for lane in lanes.values()]):
        for number, (digest, page) in enumerate(stream_pixels(world, partition, frames, needed), 1):
            for name, lane in lanes.items():
                lane.take(digest, page)
                if name in jobs:
                    world.progress.advance(name, done=number, total=len(needed))
        for lane in lanes.values():
            lane.finish()


STEP = Step((OCR.station, CAPTIONS.station, IMAGE_VECTORS.station), make)

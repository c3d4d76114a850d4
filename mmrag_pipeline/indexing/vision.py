"""ocr, captions and image_vectors in one step: each page is read and decoded once for all."""

from collections.abc import Mapping
from dataclasses import replace

from mmrag_pipeline.indexing.captions import CAPTIONS
from mmrag_pipeline.indexing.image_vectors import IMAGE_VECTORS
from mmrag_pipeline.indexing.lanes import Lane, Wish
from mmrag_pipeline.indexing.ocr import OCR
from mmrag_pipeline.indexing.pixel_station import PixelStation
from mmrag_pipeline.indexing.pixels import stream_pixels
from mmrag_pipeline.indexing.remember import Batch, Missing, find_missing
from mmrag_pipeline.indexing.station import Job, Made, Step, World
from mmrag_pipeline.records import Box

_STATIONS = {one.station.name: one for one in (OCR, CAPTIONS, IMAGE_VECTORS)}


def make(world: World, jobs: Mapping[str, Job]) -> Mapping[str, Made]:
    """Make the tables of the given stations, reading and decoding each page once for all."""
    wanted = {name: _STATIONS[name].wanted(job) for name, job in jobs.items()}
    missing = {
        name: find_missing(world, job, _STATIONS[name].shelf(world), wanted[name])
        for name, job in jobs.items()
    }
    lanes = {name: _lane(world, _STATIONS[name], job, missing[name]) for name, job in jobs.items()}
    _drive(world, jobs, lanes)
    return {
        name: replace(
            lanes[name].batch.made(_STATIONS[name].rows(world, job, wanted[name]), missing[name]),
            model_s=lanes[name].model_s,
        )
        for name, job in jobs.items()
    }


def _lane(world: World, station: PixelStation, job: Job, missing: Missing) -> Lane:
    wishes: dict[str, list[Wish]] = {}
    for key in missing.keys:
        page_digest, _, box = key.partition(":")
        part = Box(*map(int, box.split(","))) if box else None
        wishes.setdefault(page_digest, []).append(Wish(key, part))
    return Lane(
        Batch(world, job, station.shelf(world)),
        lambda crops: station.call(world, crops),
        wishes,
        size=station.batch_size(world),
    )


def _drive(world: World, jobs: Mapping[str, Job], lanes: Mapping[str, Lane]) -> None:
    frames = {name: frame for job in jobs.values() for name, frame in job.frames.items()}
    needed = list(dict.fromkeys(digest for lane in lanes.values() for digest in lane.wishes))
    partition = next(iter(jobs.values())).partition
    for number, (digest, page) in enumerate(stream_pixels(world, partition, frames, needed), 1):
        for name, lane in lanes.items():
            lane.take(digest, page)
            world.progress.advance(name, done=number, total=len(needed))
    for lane in lanes.values():
        lane.finish()


STEP = Step((OCR.station, CAPTIONS.station, IMAGE_VECTORS.station), make)

"""RapidOCR with the PP-OCRv6 models of its wheel: printed words without a hub."""

import ctypes
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mmrag_pipeline.engines.cards import files_sha256
from mmrag_pipeline.engines.lazy import Lazy
from mmrag_pipeline.engines.rapidocr_models import build_engine, find_models, package_version
from mmrag_pipeline.engines.reading import clip, page_of, reading_order, turn_back
from mmrag_pipeline.records import Box, Card, Line, OcrResult, Pixels

if TYPE_CHECKING:
    from rapidocr import RapidOCR

Quads = npt.NDArray[np.float32]
"""(n, 4, 2) corners of text boxes: top left, then clockwise, as the detector found them."""

SMALLEST_SIDE_PX = 8
"""Nothing is printed on less."""
DIRECTION_SAMPLES = 9
TURNED_SHARE = 0.6
"""How much of the text must stand on its side before the page is turned."""
UPSIDE_DOWN_CONFIDENCE = 0.9
MIN_CONFIDENCE = 0.5
DETECTION_PIXELS = 700_000
"""How large the detector sees a page; recognition always reads full resolution."""
LARGEST_ENLARGEMENT = 2.0
WORKERS = 2
"""Pages read at once, one thread each; each holds the activations of one model call."""
LONGEST_LINE = 100
"""Widths per height that recognition takes at once: 0.2 GB; its memory grows with more."""


class RapidOcr:
    """PP-OCR through RapidOCR behind the Ocr port; sideways pages are turned upright first."""

    def __init__(self, *, model_dir: Path | None = None) -> None:
        self._models = Lazy(lambda: find_models(model_dir))
        self._engine = Lazy(lambda: build_engine(self._models.get(), session_threads=1))

    @property
    def card(self) -> Card:
        """Return the card; reads the model files' digests, loads nothing."""
        models = self._models.get()
        return Card(
            name=f"rapidocr/{models.recognition.stem}",
            revision=f"{package_version()}/1",
            modality="ocr",
            dimension=0,
            licence="Apache-2.0",
            weights_sha256=files_sha256(models.files),
            preprocessing=(
                f"detection at {DETECTION_PIXELS} px, at most x{LARGEST_ENLARGEMENT:g}, "
                f"lines in pieces of at most {LONGEST_LINE}:1"
            ),
            precision="float32",
        )

    def read(self, pages: Sequence[Pixels]) -> list[OcrResult]:
        """Return the lines of each picture in reading order, boxes in its pixels."""
        if not pages:
            return []
        engine = self._engine.get()
        try:
            with ThreadPoolExecutor(WORKERS) as pool:
                return list(pool.map(lambda page: read_page(engine, page), pages))
        finally:
            give_memory_back()


def give_memory_back() -> None:
    """Return freed memory to the system, where the C library has a call for it (glibc).

    Each page and line brings tensors of other sizes, and glibc keeps the holes they leave,
    in one heap per thread: without this the process grows from call to call.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def read_page(engine: "RapidOCR", page: Pixels) -> OcrResult:
    """Return what one picture says, turned upright for reading when it lies on its side."""
    height, width = page.shape[:2]
    if min(height, width) < SMALLEST_SIDE_PX:
        return page_of([])
    picture = np.ascontiguousarray(page[:, :, ::-1])
    quads, turns = detect(engine, picture), 0
    if sideways(quads):
        picture, turns = np.ascontiguousarray(np.rot90(picture)), 1
        quads = detect(engine, picture)
    if len(quads) and upside_down(engine, picture, quads):
        quads = turn_over(quads, picture.shape)
        picture, turns = np.ascontiguousarray(np.rot90(picture, 2)), turns + 2
    lines = _recognize(engine, picture, quads)
    return page_of(
        [_in_page(line, turns=turns, width_px=width, height_px=height) for line in lines]
    )


def detect(engine: "RapidOCR", picture: Pixels) -> Quads:
    """Return the text boxes of a BGR picture, found at the detector's size, in its pixels."""
    import cv2

    height, width = picture.shape[:2]
    scale = min((DETECTION_PIXELS / (height * width)) ** 0.5, LARGEST_ENLARGEMENT)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    found = engine(
        cv2.resize(picture, size, interpolation=method), use_det=True, use_cls=False, use_rec=False
    )
    boxes = getattr(found, "boxes", None)
    if boxes is None or not len(boxes):
        return np.empty((0, 4, 2), dtype=np.float32)
    ratio = np.array([width / size[0], height / size[1]], dtype=np.float32)
    return np.asarray(boxes, dtype=np.float32) * ratio


def sideways(quads: Quads) -> bool:
    """Tell whether most of the text, by length, stands on its side."""
    wide, tall = _sides(quads)
    lengths = np.maximum(wide, tall)
    return bool(lengths[tall > 1.5 * wide].sum() > TURNED_SHARE * lengths.sum())


def upside_down(engine: "RapidOCR", picture: Pixels, quads: Quads) -> bool:
    """Ask the direction model about the longest lines; most of them decide for the page.

    Line by line its mistakes would turn short upright words over.
    """
    wide, tall = _sides(quads)
    longest = np.argsort(-wide / np.maximum(tall, 1), kind="stable")[:DIRECTION_SAMPLES]
    _, verdict = engine.cls_and_rotate(engine.crop_text_regions(picture, quads[longest]))
    votes = [
        label == "180" and score > UPSIDE_DOWN_CONFIDENCE for label, score in verdict.cls_res or ()
    ]
    return sum(votes) * 2 > len(votes)


def turn_over(quads: Quads, shape: tuple[int, ...]) -> Quads:
    """Return where the boxes lie, corners renamed, once their picture is turned by 180 degrees."""
    size = np.array([shape[1], shape[0]], dtype=np.float32)
    return np.asarray(np.roll(size - quads, 2, axis=1), dtype=np.float32)


def _recognize(engine: "RapidOCR", picture: Pixels, quads: Quads) -> list[Line]:
    """Return the confident lines of an upright picture in reading order, boxes in its pixels."""
    height, width = picture.shape[:2]
    boxes = [clip(_around(quad), width_px=width, height_px=height) for quad in quads]
    lines = [
        _read_line(engine, crop, box=boxes[number])
        for number in reading_order(boxes)
        for crop in engine.crop_text_regions(picture, quads[number : number + 1])
    ]
    return [line for line in lines if line.confidence >= MIN_CONFIDENCE]


def _read_line(engine: "RapidOCR", crop: Pixels, *, box: Box) -> Line:
    """Return what the confident pieces of a line say, with their mean confidence."""
    read = engine.recognize_txt(pieces(crop))
    sure = [
        (text.strip(), min(max(float(score), 0.0), 1.0))
        for text, score in zip(read.txts or (), read.scores or (), strict=True)
        if score >= MIN_CONFIDENCE
    ]
    confidence = sum(score for _, score in sure) / max(len(sure), 1)
    return Line(" ".join(text for text, _ in sure), box, confidence)


def pieces(crop: Pixels) -> list[Pixels]:
    """Return a line in pieces of at most LONGEST_LINE heights, cut where it is blankest.

    The widths are even up to a quarter of the longest, which is where a gap is looked for.
    """
    height, width = crop.shape[:2]
    longest = LONGEST_LINE * height
    if width <= longest:
        return [crop]
    contrast = np.ptp(crop, axis=0).max(axis=1).astype(np.float64)
    ink = np.convolve(contrast, np.ones(max(1, height // 4)), "same")
    count, reach = -(-4 * width // (3 * longest)), longest // 8
    middles = [width * number // count for number in range(1, count)]
    cuts = [at - reach + int(ink[at - reach : at + reach].argmin()) for at in middles]
    return np.split(crop, cuts, axis=1)


def _in_page(line: Line, *, turns: int, width_px: int, height_px: int) -> Line:
    assert line.box is not None
    box = turn_back(line.box, quarter_turns=turns, width_px=width_px, height_px=height_px)
    return Line(line.text, clip(box, width_px=width_px, height_px=height_px), line.confidence)


def _around(quad: Quads) -> Box:
    left, top = np.floor(quad.min(axis=0)).astype(int)
    right, bottom = np.ceil(quad.max(axis=0)).astype(int)
    return Box(int(left), int(top), int(right), int(bottom))


def _sides(quads: Quads) -> tuple[Quads, Quads]:
    """Return the width and the height of each box along its own edges."""
    wide = np.linalg.norm(quads[:, 1] - quads[:, 0], axis=1)
    tall = np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1)
    return wide, tall

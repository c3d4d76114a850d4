"""PaddleOCR 3 behind the Ocr port: the production reader, for machines with its package."""

import logging
import warnings
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from mmrag_pipeline.engines.cards import files_sha256
from mmrag_pipeline.engines.lazy import Lazy
from mmrag_pipeline.engines.reading import clip, page_of, reading_order
from mmrag_pipeline.errors import ModelUnavailableError
from mmrag_pipeline.records import Box, Card, Line, OcrResult, Pixels

SETTING = "MMRAG_OCR"
SETTING_FOLDER = "MMRAG_OCR_MODEL_DIR"
SETTING_DEVICE = "MMRAG_DEVICE"
GRAPHS = ("inference.json", "inference.pdmodel")
"""The two spellings of a model's graph; PaddleX takes the first that is there."""
MIN_CONFIDENCE = 0.5
SMALLEST_SIDE_PX = 8
"""Nothing is printed on less."""


class Paddle:
    """PaddleOCR; `model_dir` holds the model folders `det` and `rec` for use without a hub."""

    def __init__(self, *, model_dir: Path | None = None, device: str = "cpu") -> None:
        self._model_dir = model_dir
        self._engine = Lazy(lambda: build_engine(model_dir, device=device))

    @property
    def card(self) -> Card:
        """Return the card; raises ModelUnavailableError without the package or the folders."""
        _require_package()
        files = model_files(self._model_dir) if self._model_dir else []
        direction = "as found" if self._model_dir else "upright by the direction model"
        return Card(
            name="paddleocr",
            revision=f"{_version('paddleocr')}/{_version('paddlex')}/1",
            modality="ocr",
            dimension=0,
            licence="Apache-2.0",
            weights_sha256=files_sha256(files) if files else "",
            preprocessing=f"lines {direction}; from confidence {MIN_CONFIDENCE}",
            precision="float32",
        )

    def read(self, pages: Sequence[Pixels]) -> list[OcrResult]:
        """Return the lines of each picture in reading order, boxes in its pixels."""
        return [self._read_page(page) for page in pages]

    def _read_page(self, pixels: Pixels) -> OcrResult:
        height, width = pixels.shape[:2]
        if min(height, width) < SMALLEST_SIDE_PX:
            return page_of([])
        found = self._engine.get().predict([np.ascontiguousarray(pixels[:, :, ::-1])])
        return result_of(found[0], width_px=width, height_px=height)


def build_engine(model_dir: Path | None, *, device: str) -> Any:
    """Return PaddleOCR on a folder's models, or the hub's; raises ModelUnavailableError."""
    _require_package()
    if model_dir:
        model_files(model_dir)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # paddle's import advises on compilers
            return _paddleocr(model_dir, device=device)
    except ModelUnavailableError:
        raise
    except Exception as error:  # paddle raises errors of many unrelated classes
        raise _cannot_load(model_dir, error) from error


def _paddleocr(model_dir: Path | None, *, device: str) -> Any:
    """Return PaddleOCR, told which models to load, and silent.

    oneDNN stays off: with it paddlepaddle 3.3.0 and 3.3.1 fail on every model that
    enlarges a map, as all PP-OCR detectors do (PaddlePaddle/Paddle issue 77340).
    """
    _require_device(device)
    paddleocr: Any = import_module("paddleocr")
    logging.getLogger("paddlex").setLevel(logging.ERROR)
    detection, recognition = (model_dir / "det", model_dir / "rec") if model_dir else (None, None)
    return paddleocr.PaddleOCR(
        text_detection_model_name=_model_name(detection),
        text_detection_model_dir=str(detection) if detection else None,
        text_recognition_model_name=_model_name(recognition),
        text_recognition_model_dir=str(recognition) if recognition else None,
        use_doc_orientation_classify=False,
        use_doc_unwarping=False,
        use_textline_orientation=model_dir is None,
        text_rec_score_thresh=MIN_CONFIDENCE,
        enable_mkldnn=False,
        device=device.replace("cuda", "gpu"),
    )


def result_of(page: Mapping[str, Any], *, width_px: int, height_px: int) -> OcrResult:
    """Return the result of one page of PaddleOCR 3.

    The page has parallel `rec_texts`, `rec_scores` and `rec_polys` (four corners each).
    """
    corners = [np.asarray(poly, dtype=np.float64).reshape(-1, 2) for poly in page["rec_polys"]]
    boxes = [clip(_around(poly), width_px=width_px, height_px=height_px) for poly in corners]
    lines = [
        Line(str(text).strip(), box, min(max(float(score), 0.0), 1.0))
        for text, score, box in zip(page["rec_texts"], page["rec_scores"], boxes, strict=True)
    ]
    return page_of([lines[number] for number in reading_order(boxes)])


def model_files(model_dir: Path) -> list[Path]:
    """Return graph, weights and description of both models; raises ModelUnavailableError.

    The description belongs to the weights: it holds the characters and the thresholds.
    """
    return [path for kind in ("det", "rec") for path in _files_of(model_dir / kind)]


def _files_of(folder: Path) -> list[Path]:
    graph = next((folder / name for name in GRAPHS if (folder / name).is_file()), None)
    files = [graph or folder / GRAPHS[0], folder / "inference.pdiparams", folder / "inference.yml"]
    for path in files:
        if not path.is_file():
            raise ModelUnavailableError(
                f"{SETTING_FOLDER}: {path} is missing. The folder needs det/ and rec/ with the "
                "inference models as PaddleOCR publishes them.",
                setting=SETTING_FOLDER,
            )
    return files


def _around(corners: Any) -> Box:
    left, top = np.floor(corners.min(axis=0)).astype(int).tolist()
    right, bottom = np.ceil(corners.max(axis=0)).astype(int).tolist()
    return Box(left, top, right, bottom)


def _require_package() -> None:
    if find_spec("paddleocr") is None or find_spec("paddle") is None:
        raise ModelUnavailableError(
            f"{SETTING}='paddleocr' needs packages that are not installed: "
            f'pip install "mmrag_pipeline[paddle]", or set {SETTING}=rapidocr.',
            setting=SETTING,
        )


def _require_device(device: str) -> None:
    """Raise ModelUnavailableError where PaddleOCR would go on, unasked, without the GPU."""
    paddle: Any = import_module("paddle")
    if device != "cpu" and paddle.device.cuda.device_count() == 0:
        raise ModelUnavailableError(
            f"{SETTING_DEVICE}={device!r}, but the installed paddle sees no GPU. Install "
            f"paddlepaddle-gpu in place of paddlepaddle, or set {SETTING_DEVICE}=cpu.",
            setting=SETTING_DEVICE,
        )


def _cannot_load(model_dir: Path | None, error: Exception) -> ModelUnavailableError:
    remedy = (
        f"Give {SETTING_FOLDER} models that this PaddleOCR knows by the name in their inference.yml"
        if model_dir
        else f"Where no hub can be reached, set {SETTING_FOLDER} to a folder with det/ and rec/"
    )
    return ModelUnavailableError(
        f"{SETTING}='paddleocr' could not load its models from {model_dir or 'the hub'} "
        f"({type(error).__name__}: {str(error).strip()[:300]}). {remedy}, or {SETTING}=rapidocr.",
        setting=SETTING,
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _model_name(folder: Path | None) -> str | None:
    """Return the name that a model folder gives itself: PaddleOCR refuses another."""
    if folder is None:
        return None
    yaml: Any = import_module("yaml")  # PaddleX brings it
    described = folder / "inference.yml"
    try:
        return str(yaml.safe_load(described.read_bytes())["Global"]["model_name"])
    except (TypeError, KeyError, ValueError, yaml.YAMLError) as error:
        raise ModelUnavailableError(
            f"{SETTING_FOLDER}: {described} does not say Global.model_name, the name under which "
            "PaddleOCR knows the model. Take the file that was published with the weights.",
            setting=SETTING_FOLDER,
        ) from error

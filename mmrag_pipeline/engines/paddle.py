"""PaddleOCR 3 behind the Ocr port: the production reader, for machines with its package."""

import re
from collections.abc import Mapping, Sequence
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
MODEL_NAME = re.compile(r"^\s*model_name:\s*['\"]?([\w.-]+)", re.MULTILINE)
MIN_CONFIDENCE = 0.5


class Paddle:
    """PaddleOCR; `model_dir` holds the model folders `det` and `rec` for use without a hub."""

    def __init__(self, *, model_dir: Path | None = None, device: str = "cpu") -> None:
        self._model_dir = model_dir
        self._device = "gpu" if device.startswith("cuda") else device
        self._engine = Lazy(self._load)

    @property
    def card(self) -> Card:
        """Return the card; raises ModelUnavailableError without the package or the folders."""
        _require_package()
        files = _weight_files(self._model_dir) if self._model_dir else []
        return Card(
            name="paddleocr",
            revision=_version(),
            modality="ocr",
            dimension=0,
            licence="Apache-2.0",
            weights_sha256=files_sha256(files) if files else "",
            preprocessing=f"text line direction; from confidence {MIN_CONFIDENCE}",
            precision="float32",
        )

    def read(self, pages: Sequence[Pixels]) -> list[OcrResult]:
        """Return the lines of each picture in reading order, boxes in its pixels."""
        if not pages:
            return []
        found = self._engine.get().predict([np.ascontiguousarray(p[:, :, ::-1]) for p in pages])
        return [
            result_of(page, width_px=pixels.shape[1], height_px=pixels.shape[0])
            for page, pixels in zip(found, pages, strict=True)
        ]

    def _load(self) -> Any:
        _require_package()
        from paddleocr import PaddleOCR  # type: ignore[import-not-found]  # an optional package

        detection, recognition = _folders(self._model_dir)
        try:
            return PaddleOCR(
                text_detection_model_name=_model_name(detection),
                text_detection_model_dir=str(detection) if detection else None,
                text_recognition_model_name=_model_name(recognition),
                text_recognition_model_dir=str(recognition) if recognition else None,
                use_doc_orientation_classify=False,
                use_doc_unwarping=False,
                use_textline_orientation=self._model_dir is None,
                text_rec_score_thresh=MIN_CONFIDENCE,
                device=self._device,
            )
        except Exception as error:  # paddle raises errors of many unrelated classes
            raise ModelUnavailableError(
                f"{SETTING}='paddleocr' could not load its models ({type(error).__name__}: "
                f"{str(error).strip()[:300]}). Where no hub can be reached, set "
                f"{SETTING_FOLDER} to a folder with det/ and rec/, or {SETTING}=rapidocr.",
                setting=SETTING,
            ) from error


def result_of(page: Mapping[str, Any], *, width_px: int, height_px: int) -> OcrResult:
    """Return the result of one page of PaddleOCR 3.

    The page has parallel `rec_texts`, `rec_scores` and `rec_polys` (four corners each).
    """
    corners = [np.asarray(poly, dtype=np.float64).reshape(-1, 2) for poly in page["rec_polys"]]
    boxes = [clip(_around(poly), width_px=width_px, height_px=height_px) for poly in corners]
    lines = [
        Line(str(text).strip(), box, float(score))
        for text, score, box in zip(page["rec_texts"], page["rec_scores"], boxes, strict=True)
    ]
    return page_of([lines[number] for number in reading_order(boxes)])


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


def _version() -> str:
    try:
        return version("paddleocr")
    except PackageNotFoundError:
        return ""


def _folders(model_dir: Path | None) -> tuple[Path | None, Path | None]:
    return (None, None) if model_dir is None else (model_dir / "det", model_dir / "rec")


def _weight_files(model_dir: Path) -> list[Path]:
    """Return the weights of both models; raises ModelUnavailableError."""
    files = [model_dir / kind / "inference.pdiparams" for kind in ("det", "rec")]
    for path in files:
        if not path.is_file():
            raise ModelUnavailableError(
                f"{SETTING_FOLDER}: {path} is missing. The folder needs det/ and rec/ with the "
                "inference models as PaddleOCR publishes them.",
                setting=SETTING_FOLDER,
            )
    return files


def _model_name(folder: Path | None) -> str | None:
    """Return the name that a model folder gives itself: PaddleOCR refuses another."""
    described = folder / "inference.yml" if folder else None
    if described is None or not described.is_file():
        return None
    found = MODEL_NAME.search(described.read_text(encoding="utf-8", errors="replace"))
    return found.group(1) if found else None

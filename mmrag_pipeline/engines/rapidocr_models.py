"""Finding the three PP-OCR model files and building RapidOCR on them, never downloading."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from mmrag_pipeline.errors import ModelUnavailableError

if TYPE_CHECKING:
    from rapidocr import RapidOCR

SETTING = "MMRAG_OCR"
SETTING_FOLDER = "MMRAG_OCR_MODEL_DIR"
NEVER_SHRINK_PX = 100_000
"""The detector's own limit: pictures come to it in the size that we chose."""


@dataclass(frozen=True, slots=True)
class OcrModels:
    """The files of one PP-OCR model set in ONNX."""

    detection: Path
    direction: Path
    recognition: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """Return the three files."""
        return (self.detection, self.direction, self.recognition)


def find_models(folder: Path | None) -> OcrModels:
    """Return the models of a folder, or those in RapidOCR's wheel; raises ModelUnavailableError."""
    where = folder if folder is not None else _bundled_folder()
    models = OcrModels(_only(where, "det"), _only(where, "cls"), _only(where, "rec"))
    if b"character" not in models.recognition.read_bytes():
        raise ModelUnavailableError(
            f"{models.recognition} does not carry its characters in its metadata. Use a "
            "recognition model in ONNX as RapidOCR publishes them.",
            setting=SETTING_FOLDER,
        )
    return models


def package_version() -> str:
    """Return RapidOCR's version, empty when it is not installed."""
    try:
        return version("rapidocr")
    except PackageNotFoundError:
        return ""


def build_engine(models: OcrModels, *, session_threads: int) -> "RapidOCR":
    """Return RapidOCR on these files, silent, with so many threads per model call.

    Recognition takes one line at a time, padded to no common width: measured on receipts
    that reads as well as batches of six and costs less, and a line's text does not
    depend on its neighbours.
    """
    from rapidocr import RapidOCR

    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.max_side_len": NEVER_SHRINK_PX,
            "Global.width_height_ratio": -1,
            "Det.model_path": str(models.detection),
            "Cls.model_path": str(models.direction),
            "Rec.model_path": str(models.recognition),
            "Det.limit_type": "max",
            "Det.limit_side_len": NEVER_SHRINK_PX,
            "Rec.rec_img_shape": [3, 48, 32],
            "Rec.rec_batch_num": 1,
            "EngineConfig.onnxruntime.intra_op_num_threads": session_threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def _bundled_folder() -> Path:
    spec = find_spec("rapidocr")
    if spec is None or not spec.submodule_search_locations:
        raise ModelUnavailableError(
            f"{SETTING}='rapidocr' needs the package rapidocr: pip install rapidocr onnxruntime.",
            setting=SETTING,
        )
    return Path(spec.submodule_search_locations[0]) / "models"


def _only(folder: Path, kind: str) -> Path:
    found = sorted(folder.glob(f"*_{kind}_*.onnx"))
    if len(found) != 1:
        raise ModelUnavailableError(
            f"{folder} holds {len(found)} files *_{kind}_*.onnx, one is needed "
            f"(found {[path.name for path in found]}). Give a folder with one det, one cls "
            f"and one rec model, or leave {SETTING_FOLDER} unset for the bundled ones.",
            setting=SETTING_FOLDER,
        )
    return found[0]

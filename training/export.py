"""Writes the shipped files: float16 weights, the open_clip configuration, card and model card."""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from training.encoders import ExportedEncoder
from training.evaluate import Metrics, measure
from training.model import ARCHITECTURE
from training.model_card import write_model_card
from training.schedule import FINAL_PX
from training.sources import DEBIAN, NPM
from training.text_tower import CONTEXT_LENGTH, DIMENSION
from training.workspace import Workspace, workspace_argument

MEAN = STD = (0.5, 0.5, 0.5)
INTERPOLATION, RESIZE_MODE = "bicubic", "squash"
PLACEHOLDER = "@MINILM@"
CANARY_TEXT = "a red bicycle"
CANARY_IMAGE = (
    "128x128 RGB uint8, float32 inference; "
    "in column x and row y: red = 2x, green = 2y, blue = x + y"
)
CANARY_PX = 128
HEAD = 5


def canary_picture() -> NDArray[np.uint8]:
    """Return the picture whose vector the card records."""
    x, y = np.meshgrid(np.arange(CANARY_PX), np.arange(CANARY_PX))
    return np.stack([2 * x, 2 * y, x + y], axis=-1).astype(np.uint8)


def write_weights(state: dict[str, Any], folder: Path) -> None:
    """Write `image.safetensors` with the names that open_clip's CustomTextCLIP uses."""
    tower = state["tower"]
    tensors = {
        f"visual.{name}": value
        for name, value in tower.items()
        if name.startswith("trunk.") and not name.endswith("num_batches_tracked")
    }
    tensors["text.proj.weight"] = state["text_map"]
    tensors["logit_scale"] = tower["log_scale"]
    halves = {name: value.half().contiguous() for name, value in tensors.items()}
    path = folder / "image.safetensors"
    save_file(halves, path, metadata={"format": "pt"})
    path.chmod(0o644)


def open_clip_config() -> dict[str, Any]:
    """Return the configuration; the loader puts the text tower's folder for the placeholder."""
    vision = {
        "timm_model_name": ARCHITECTURE,
        "timm_model_pretrained": False,
        "timm_pool": "avg",
        "timm_proj": "",
        "image_size": FINAL_PX,
    }
    text = {
        "hf_model_name": PLACEHOLDER,
        "hf_tokenizer_name": PLACEHOLDER,
        "hf_proj_type": "linear",
        "hf_pooler_type": "mean_pooler",
        "context_length": CONTEXT_LENGTH,
    }
    return {
        "model_cfg": {"embed_dim": DIMENSION, "vision_cfg": vision, "text_cfg": text},
        "preprocess_cfg": {
            "mean": MEAN,
            "std": STD,
            "interpolation": INTERPOLATION,
            "resize_mode": RESIZE_MODE,
        },
    }


def canary(encoder: ExportedEncoder) -> tuple[list[float], list[float]]:
    """Return the first values of the vectors of the canary picture and the canary text."""
    picture = encoder.images(canary_picture()[None])[0, :HEAD]
    text = encoder.texts([CANARY_TEXT])[0, :HEAD]
    return rounded(picture), rounded(text)


def rounded(values: Tensor) -> list[float]:
    """Return values with as many digits as a card keeps."""
    return [round(float(value), 6) for value in values]


def licence_rows() -> list[dict[str, str]]:
    """Return the sources that training saw, with their licences."""
    return [
        {"name": s.name, "version": s.version, "author": s.author, "licence": s.licence}
        for s in (*NPM, *DEBIAN)
        if s.purpose == "training"
    ]


def identity(folder: Path, encoder: ExportedEncoder, revision: str) -> dict[str, Any]:
    """Return what the package checks when it loads the model: the fields of its `Card`."""
    picture, text = canary(encoder)
    weights = (folder / "image.safetensors").read_bytes()
    return {
        "name": "mmrag-mini",
        "revision": revision,
        "modality": "image_text",
        "dimension": DIMENSION,
        "licence": "Apache-2.0",
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
        "preprocessing": f"{FINAL_PX}x{FINAL_PX} {RESIZE_MODE} {INTERPOLATION} {MEAN} {STD}",
        "precision": "float32",
        "canary": picture + text,
        "trial_only": True,
        "canary_inputs": {
            "text": CANARY_TEXT,
            "text_vector_head": text,
            "image": CANARY_IMAGE,
            "image_vector_head": picture,
        },
    }


def provenance(state: dict[str, Any]) -> dict[str, Any]:
    """Return what people want to know: sources, preprocessing, and how long it was trained."""
    progress = state["progress"]
    return {
        "source_licences": licence_rows(),
        "image_size": FINAL_PX,
        "mean": MEAN,
        "std": STD,
        "interpolation": INTERPOLATION,
        "resize_mode": RESIZE_MODE,
        "text_model": "all-MiniLM-L6-v2",
        "text_context_length": CONTEXT_LENGTH,
        "samples_seen": progress["samples"],
        "training_minutes": round(progress["spent_s"] / 60, 1),
    }


def export(workspace: Workspace, checkpoint: Path, folder: Path, revision: str) -> Metrics:
    """Write all files into `folder` and return the metrics measured on them."""
    folder.mkdir(parents=True, exist_ok=True)
    state = torch.load(checkpoint, weights_only=True)
    write_weights(state, folder)
    write_json(folder / "open_clip_config.json", open_clip_config())
    encoder = ExportedEncoder(folder)
    metrics = measure(workspace, encoder)
    card = identity(folder, encoder, revision) | provenance(state) | {"metrics": metrics}
    write_json(folder / "card.json", card)
    write_model_card(folder / "MODEL_CARD.md", card)
    return metrics


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON with a final newline."""
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Parse the command line and export."""
    parser = argparse.ArgumentParser(description=__doc__)
    workspace_argument(parser)
    parser.add_argument("--checkpoint", type=Path, required=True, help="a file under runs/")
    parser.add_argument("--folder", type=Path, required=True, help="where the files go")
    parser.add_argument("--revision", required=True, help="raise it with every new set of weights")
    arguments = parser.parse_args()
    workspace = Workspace(arguments.work)
    metrics = export(workspace, arguments.checkpoint, arguments.folder, arguments.revision)
    print(json.dumps(metrics, indent=1))


if __name__ == "__main__":
    main()

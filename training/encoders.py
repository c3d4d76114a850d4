"""Two ways to get vectors for evaluation: a training checkpoint, or exported files."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from training.model import ImageTower
from training.operators import declare_torchvision_operators
from training.schedule import FINAL_PX
from training.text_tower import encode, minilm_folder

BATCH = 128
VISUAL = "visual."


class Encoder(Protocol):
    """Embeds pictures (n, h, w, 3) uint8 and texts into unit vectors of one space."""

    def images(self, pictures: NDArray[np.uint8]) -> Tensor:
        """Return (n, 384)."""
        ...

    def texts(self, texts: Sequence[str]) -> Tensor:
        """Return (n, 384)."""
        ...


class CheckpointEncoder:
    """A checkpoint as training left it."""

    def __init__(self, checkpoint: Path) -> None:
        state = torch.load(checkpoint, weights_only=True)
        self.tower = ImageTower(len(state["tower"]["auxiliary.weight"]))
        self.tower.load_state_dict(state["tower"])
        self.tower.eval()
        self.text_map = state["text_map"]

    @torch.inference_mode()
    def images(self, pictures: NDArray[np.uint8]) -> Tensor:
        """Return (n, 384)."""
        vectors = []
        for start in range(0, len(pictures), BATCH):
            pixels = torch.from_numpy(pictures[start : start + BATCH]).permute(0, 3, 1, 2).float()
            sized = functional.interpolate(pixels, FINAL_PX, mode="bilinear", antialias=True)
            with torch.autocast("cpu", torch.bfloat16):
                vectors.append(self.tower.embed((sized / 255 - 0.5) / 0.5))
        return torch.cat(vectors)

    def texts(self, texts: Sequence[str]) -> Tensor:
        """Return (n, 384)."""
        raw = torch.from_numpy(encode(texts, exact=True)).float()
        return functional.normalize(raw @ self.text_map.T, dim=-1)


class ExportedEncoder:
    """The shipped files, loaded through open_clip as a user of them would."""

    def __init__(self, folder: Path) -> None:
        declare_torchvision_operators()
        import open_clip

        weights = load_file(folder / "image.safetensors")
        config = read_config(folder)
        with tempfile.TemporaryDirectory() as scratch:
            visual = self.register(Path(scratch), config["model_cfg"], weights)
            preprocess = config["preprocess_cfg"]
            self.model, _, self.preprocess = open_clip.create_model_and_transforms(
                "mmrag-mini",
                pretrained_image_path=str(visual),
                pretrained_text=True,
                image_mean=tuple(preprocess["mean"]),
                image_std=tuple(preprocess["std"]),
                image_interpolation=preprocess["interpolation"],
                image_resize_mode=preprocess["resize_mode"],
            )
            self.tokenizer = open_clip.get_tokenizer("mmrag-mini")
        check_visual_keys(self.model, weights)
        self.model.text.proj.load_state_dict({"weight": weights["text.proj.weight"]})
        self.model.logit_scale.data.fill_(float(weights["logit_scale"]))
        self.model.eval()

    def register(self, scratch: Path, model_config: Any, weights: dict[str, Tensor]) -> Path:
        """Write config and image weights where open_clip looks; return the weights' path."""
        import open_clip

        (scratch / "mmrag-mini.json").write_text(json.dumps(model_config), encoding="utf-8")
        open_clip.add_model_config(scratch)
        visual = {k.removeprefix(VISUAL): v for k, v in weights.items() if k.startswith(VISUAL)}
        path = scratch / "visual.safetensors"
        save_file(visual, path)
        return path

    @torch.inference_mode()
    def images(self, pictures: NDArray[np.uint8]) -> Tensor:
        """Return (n, 384)."""
        vectors = []
        for start in range(0, len(pictures), BATCH):
            chunk = [Image.fromarray(picture) for picture in pictures[start : start + BATCH]]
            pixels = torch.stack([self.preprocess(image) for image in chunk])
            vectors.append(self.model.encode_image(pixels, normalize=True))
        return torch.cat(vectors)

    @torch.inference_mode()
    def texts(self, texts: Sequence[str]) -> Tensor:
        """Return (n, 384)."""
        vectors = []
        for start in range(0, len(texts), BATCH):
            tokens = self.tokenizer(list(texts[start : start + BATCH]))
            vectors.append(self.model.encode_text(tokens, normalize=True))
        return torch.cat(vectors)


def read_config(folder: Path) -> Any:
    """Read the open_clip configuration with the text tower's real folder."""
    text = (folder / "open_clip_config.json").read_text(encoding="utf-8")
    return json.loads(text.replace("@MINILM@", minilm_folder()))


def check_visual_keys(model: Any, weights: dict[str, Tensor]) -> None:
    """Raise unless every image weight arrived; open_clip loads that file non-strictly."""
    state = model.state_dict()
    for key, value in weights.items():
        if key.startswith(VISUAL) and not torch.equal(state[key].float(), value.float()):
            raise ValueError(f"{key} was not loaded into the open_clip model")

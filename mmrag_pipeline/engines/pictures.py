"""Pictures to model input as open_clip's configuration says, in threads beside the model."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mmrag_pipeline.records import Pixels

if TYPE_CHECKING:
    import torch

Planes = npt.NDArray[np.uint8]
"""(3, height, width) in the model's input size."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What a model wants to see."""

    size_px: tuple[int, int]
    """Height and width."""
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str
    resize_mode: str
    to_picture: Callable[[object], object]
    """open_clip's own transform, for the resize modes that are not done here."""

    @property
    def as_text(self) -> str:
        """Return the description that a card carries."""
        height, width = self.size_px
        return f"{width}x{height} {self.resize_mode} {self.interpolation} {self.mean} {self.std}"


def read_preprocessing(
    config: Mapping[str, object], transform: Callable[[object], object]
) -> Preprocessing:
    """Return the preprocessing of an open_clip `preprocess_cfg`."""
    size = config["size"]
    height, width = size if isinstance(size, (tuple, list)) else (size, size)
    mean, std = config["mean"], config["std"]
    assert isinstance(mean, (tuple, list))
    assert isinstance(std, (tuple, list))
    return Preprocessing(
        (int(str(height)), int(str(width))),
        tuple(float(value) for value in mean),
        tuple(float(value) for value in std),
        str(config["interpolation"]),
        str(config["resize_mode"]),
        transform,
    )


def prepared_batches(
    pictures: Sequence[Pixels], wanted: Preprocessing, *, batch_size: int, threads: int
) -> Iterator["torch.Tensor"]:
    """Yield float32 channels-last batches; the next one is made while one is used."""
    starts = range(0, len(pictures), batch_size)
    with ThreadPoolExecutor(threads) as pool:
        ahead: deque[list[Future[torch.Tensor]]] = deque()
        for start in starts:
            batch = pictures[start : start + batch_size]
            ahead.append([pool.submit(prepare, picture, wanted) for picture in batch])
            if len(ahead) > 1:
                yield _stack(ahead.popleft())
        while ahead:
            yield _stack(ahead.popleft())


def prepare(picture: Pixels, wanted: Preprocessing) -> "torch.Tensor":
    """Return one picture as a normalized (3, height, width) tensor.

    Resizing in torch is Pillow's antialiased filter on bytes: equal within one level of
    255 and several times faster.
    """
    import torch

    size = _resized(picture.shape, wanted)
    if size is None:
        from PIL import Image

        made = wanted.to_picture(Image.fromarray(picture))
        assert isinstance(made, torch.Tensor)
        return made
    planes = torch.from_numpy(_writable(picture)).permute(2, 0, 1)[None]
    small = torch.nn.functional.interpolate(
        planes, size=size, mode=wanted.interpolation, antialias=True
    )[0]
    mean = torch.tensor(wanted.mean)[:, None, None]
    std = torch.tensor(wanted.std)[:, None, None]
    return (_centre(small, wanted.size_px).float() / 255 - mean) / std


def _resized(shape: tuple[int, ...], wanted: Preprocessing) -> tuple[int, int] | None:
    """Return the size before the crop, or None for modes left to open_clip's transform."""
    if wanted.resize_mode == "squash":
        return wanted.size_px
    side, width = wanted.size_px
    if wanted.resize_mode != "shortest" or side != width:
        return None
    shorter = min(shape[:2])
    return int(side * shape[0] / shorter), int(side * shape[1] / shorter)


def _centre(planes: "torch.Tensor", size_px: tuple[int, int]) -> "torch.Tensor":
    top = round((planes.shape[1] - size_px[0]) / 2)
    left = round((planes.shape[2] - size_px[1]) / 2)
    return planes[:, top : top + size_px[0], left : left + size_px[1]]


def _stack(made: "list[Future[torch.Tensor]]") -> "torch.Tensor":
    import torch

    batch = torch.stack([future.result() for future in made])
    return batch.contiguous(memory_format=torch.channels_last)


def _writable(picture: Pixels) -> Pixels:
    """Return the picture, copied when torch could not take its memory without a warning."""
    usable = picture.flags.writeable and picture.flags.c_contiguous
    return picture if usable else picture.copy(order="C")

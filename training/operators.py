"""Lets torchvision be imported beside a CPU build of torch that has not loaded its library."""

from typing import Any

import torch

# A torch.library.Library drops its definitions when it is collected.
_KEPT: list[Any] = []


def declare_torchvision_operators() -> None:
    """Declare the two operator schemas for which torchvision registers kernels at import."""
    if _KEPT:
        return
    create: Any = torch.library.Library
    library = create("torchvision", "DEF")
    for name in ("nms", "qnms"):
        try:
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        except RuntimeError:
            continue
    _KEPT.append(library)

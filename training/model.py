"""The image tower: a small timm network whose classifier is the projection to 384 dimensions."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.operators import declare_torchvision_operators
from training.text_tower import DIMENSION

ARCHITECTURE = "resnet10t"
START_SCALE = 30.0
HIGHEST_SCALE = 100.0


@dataclass(frozen=True, slots=True)
class Outputs:
    """Unit image vectors and the auxiliary class scores of the same images."""

    vectors: Tensor
    scores: Tensor


class ImageTower(nn.Module):
    """The tower with its learned scale and a classifier that only training uses."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        declare_torchvision_operators()
        import timm

        trunk: Any = timm.create_model(ARCHITECTURE, pretrained=False, num_classes=DIMENSION)
        self.trunk = trunk.to(memory_format=torch.channels_last)
        self.auxiliary = nn.Linear(trunk.num_features, classes)
        self.log_scale = nn.Parameter(torch.tensor(math.log(START_SCALE)))

    def forward(self, images: Tensor) -> Outputs:
        """Embed normalised images (n, 3, h, w)."""
        features = self.trunk.forward_head(self.trunk.forward_features(images), pre_logits=True)
        vectors = self.trunk.get_classifier()(features).float()
        return Outputs(functional.normalize(vectors, dim=-1), self.auxiliary(features).float())

    def embed(self, images: Tensor) -> Tensor:
        """Return unit vectors only."""
        return functional.normalize(self.trunk(images).float(), dim=-1)

    def scale(self) -> Tensor:
        """Return the factor before the softmax."""
        return self.log_scale.exp().clamp(max=HIGHEST_SCALE)


def parameter_groups(tower: ImageTower, weight_decay: float) -> list[dict[str, Any]]:
    """Split parameters into decayed matrices and undecayed vectors and scalars."""
    matrices = [p for p in tower.parameters() if p.ndim > 1]
    vectors = [p for p in tower.parameters() if p.ndim <= 1]
    return [
        {"params": matrices, "weight_decay": weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]

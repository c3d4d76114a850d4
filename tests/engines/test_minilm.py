"""The shipped text tower gives the vectors of the original."""

from functools import cache

import numpy as np
import pytest

from mmrag_pipeline.engines.canaries import CANARY_TEXT
from mmrag_pipeline.engines.cards import file_sha256
from mmrag_pipeline.engines.compute import Compute, ConcretePrecision
from mmrag_pipeline.engines.minilm import CANARY, WEIGHTS_SHA256, MiniLm, minilm_folder
from tests.engines.packs import TEXTS, TextEncoderPack, cosines

CANARY_ATOL = 1e-3


@cache
def minilm(precision: ConcretePrecision = "float32") -> MiniLm:
    return MiniLm(compute=Compute(precision=precision))


class TestMiniLm(TextEncoderPack):
    def encoder(self) -> MiniLm:
        return minilm()


class TestMiniLmInBfloat16(TextEncoderPack):
    neighbour_cosine = 0.9995

    def encoder(self) -> MiniLm:
        return minilm("bfloat16")


def test_the_canonical_text_has_the_canonical_vector() -> None:
    row = minilm().encode([CANARY_TEXT])[0]
    np.testing.assert_allclose(row[:5], CANARY, atol=CANARY_ATOL)


def test_the_wheels_weights_are_the_originals() -> None:
    assert file_sha256(minilm_folder() / "model.safetensors") == WEIGHTS_SHA256


def test_bfloat16_points_where_float32_does() -> None:
    assert min(cosines(minilm().encode(TEXTS), minilm("bfloat16").encode(TEXTS))) >= 0.999


def test_the_card_names_the_precision_in_its_fingerprint() -> None:
    assert minilm().card.fingerprint != minilm("bfloat16").card.fingerprint


@pytest.mark.parametrize(
    ("text", "spans"),
    [("", []), ("Red bike", [(0, 3), (4, 8)]), ("\ud800 é", [(2, 3)])],
)
def test_tokens_have_their_places(text: str, spans: list[tuple[int, int]]) -> None:
    assert minilm().token_spans(text) == spans

"""A trained fusion in a file, and what is refused."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.retrieval.features import FEATURES
from mmrag_pipeline.retrieval.fusion_model import (
    FusionModel,
    TrainingCard,
    model_text,
    read_model,
    revision_of,
)

CARD = TrainingCard(
    trained_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    queries=12,
    queries_digest="d",
    domains=("shop",),
    folds=5,
    held_out={"overall": {"learned": 0.9, "evidence": 0.8}},
)
WEIGHTS = st.lists(
    st.floats(allow_nan=False, allow_infinity=False),
    min_size=len(FEATURES),
    max_size=len(FEATURES),
)
MODEL = FusionModel.of([0.5] * len(FEATURES), {"words": "learned", "exact": "bm25"}, CARD)


def changed(**fields: object) -> str:
    """Return the file with other fields."""
    return json.dumps({**json.loads(model_text(MODEL)), **fields})


@given(WEIGHTS)
def test_what_is_written_is_read_again(weights: list[float]) -> None:
    model = FusionModel.of(weights, {"words": "learned"}, CARD)
    assert read_model(model_text(model), "fusion.json") == model


def test_other_numbers_are_another_revision() -> None:
    other = FusionModel.of([0.25] * len(FEATURES), MODEL.ways, CARD)
    assert other.revision != MODEL.revision
    assert FusionModel.of(MODEL.coefficients, MODEL.ways, CARD).revision == MODEL.revision


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Invalid JSON"),
        (model_text(MODEL)[:200], "Invalid JSON"),
        ("[]", "object"),
        (changed(coefficients=[0.1] * len(FEATURES)), "changed by hand"),
        (changed(coefficients=[0.5]), "1 coefficients"),
        (changed(coefficients=[None] * len(FEATURES)), "valid number"),
        (changed(format=2), "format"),
        (changed(ways={"words": "guess"}), "ways.words"),
        (changed(extra=1), "extra"),
    ],
)
def test_a_damaged_file_is_refused_with_the_way_out(text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=r"MMRAG_FUSION_MODEL=fusion.json .*fusion-train") as e:
        read_model(text, "fusion.json")
    assert told in str(e.value)


def test_a_fusion_of_other_features_is_refused_naming_them() -> None:
    names, weights = ["image.colour", *FEATURES[1:]], [0.5] * len(FEATURES)
    model = FusionModel.of(weights, {}, CARD)
    text = model_text(_renamed(model, tuple(names)))
    with pytest.raises(SettingsError, match=r"other features \(image.colour, image.score\)"):
        read_model(text, "fusion.json")


def _renamed(model: FusionModel, names: tuple[str, ...]) -> FusionModel:
    """Return a model as one that knows other features writes it."""
    revision = revision_of(names, model.coefficients, model.ways)
    return model.model_copy(update={"features": names, "revision": revision})

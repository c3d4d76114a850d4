"""What all models of folders and names have in common."""

from pathlib import Path

import pytest

from mmrag_pipeline.engines.blip import Blip
from mmrag_pipeline.engines.cards import CardShelf
from mmrag_pipeline.engines.classifier import Classifier
from mmrag_pipeline.engines.compute import Compute
from mmrag_pipeline.engines.cross_encoder import CrossEncoderScorer
from mmrag_pipeline.engines.sentence import SentenceEncoder
from mmrag_pipeline.errors import ModelUnavailableError


@pytest.mark.parametrize("engine", [Blip, Classifier, CrossEncoderScorer, SentenceEncoder])
def test_a_plan_asks_no_hub_for_a_model(
    engine: type[Blip | Classifier | CrossEncoderScorer | SentenceEncoder], tmp_path: Path
) -> None:
    absent = engine("no-such/model", cards=CardShelf(tmp_path), compute=Compute(hub=False))
    with pytest.raises(ModelUnavailableError, match="a plan downloads nothing"):
        _ = absent.card

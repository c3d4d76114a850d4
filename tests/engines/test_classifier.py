"""A folder of an image classifier becomes a filter with a card."""

from pathlib import Path

import numpy as np
import pytest

from mmrag_pipeline.engines.canaries import canary_picture
from mmrag_pipeline.engines.cards import CardShelf
from mmrag_pipeline.engines.classifier import Classifier
from mmrag_pipeline.engines.compute import Compute
from mmrag_pipeline.errors import ModelUnavailableError
from tests.engines.small_models import save_classifier


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_classifier(tmp_path_factory.mktemp("classifier"))


def classifier(model: str | Path, home: Path) -> Classifier:
    return Classifier(str(model), cards=CardShelf(home), compute=Compute(batch_size=2))


def test_every_label_has_a_chance_and_they_add_up(folder: Path, tmp_path: Path) -> None:
    white = np.full((40, 50, 3), 255, dtype=np.uint8)
    judged = classifier(folder, tmp_path).judge([canary_picture(), white, white[:, :40]])
    assert [[j.label for j in one] for one in judged] == [["normal", "nsfw", "violence"]] * 3
    assert all(sum(j.score for j in one) == pytest.approx(1) for one in judged)
    first = [one[0].score for one in judged]
    assert first[1] == pytest.approx(first[2])
    assert first[0] != pytest.approx(first[1])


def test_no_pictures_are_no_judgements(folder: Path, tmp_path: Path) -> None:
    assert classifier(folder, tmp_path).judge([]) == []


def test_the_card_holds_the_weights_and_a_canary(folder: Path, tmp_path: Path) -> None:
    card = classifier(folder, tmp_path).card
    assert (card.modality, len(card.weights_sha256), len(card.canary)) == ("safety", 64, 3)
    assert classifier(folder, tmp_path).card == card


def test_pickled_weights_are_not_loaded(folder: Path, tmp_path: Path) -> None:
    pickled = tmp_path / "pickled"
    pickled.mkdir()
    for name in ("config.json", "preprocessor_config.json"):
        (pickled / name).write_bytes((folder / name).read_bytes())
    (pickled / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(ModelUnavailableError, match=r"no file named model\.safetensors"):
        classifier(pickled, tmp_path).judge([canary_picture()])


def test_a_missing_folder_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match=r"MMRAG_IMAGE_FILTER='\./absent'"):
        _ = classifier("./absent", tmp_path).card

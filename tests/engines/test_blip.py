"""A BLIP folder becomes a captioner with a card."""

from pathlib import Path

import pytest

from mmrag_pipeline.engines.blip import Blip
from mmrag_pipeline.engines.cards import CardShelf
from mmrag_pipeline.engines.compute import Compute
from mmrag_pipeline.errors import ModelUnavailableError
from tests.engines.packs import CaptionerPack
from tests.engines.small_models import save_blip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_blip(tmp_path_factory.mktemp("blip"))


def blip_of(model: str | Path, home: Path) -> Blip:
    return Blip(str(model), cards=CardShelf(home), compute=Compute(batch_size=3))


class TestBlipFolder(CaptionerPack):
    @pytest.fixture(autouse=True)
    def _prepare(self, folder: Path, tmp_path: Path) -> None:
        self._captioner = blip_of(folder, tmp_path)

    def captioner(self) -> Blip:
        return self._captioner


def test_the_card_holds_the_weights_and_a_canary(folder: Path, tmp_path: Path) -> None:
    card = blip_of(folder, tmp_path).card
    assert len(card.weights_sha256) == 64
    assert len(card.canary) == 5
    assert blip_of(folder, tmp_path).card == card


def test_a_missing_folder_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match="no such folder") as caught:
        _ = blip_of("./absent", tmp_path).card
    assert caught.value.setting == "MMRAG_CAPTION_MODEL"

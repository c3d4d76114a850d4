"""Any sentence-transformers folder becomes a text encoder with a card."""

from pathlib import Path

import pytest

from mmrag_pipeline.engines.cards import CardShelf
from mmrag_pipeline.engines.compute import Compute
from mmrag_pipeline.engines.sentence import SentenceEncoder
from mmrag_pipeline.errors import ModelUnavailableError
from tests.engines.packs import TextEncoderPack
from tests.engines.small_models import save_sentence_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_sentence_model(tmp_path_factory.mktemp("sentence"))


def encoder_of(model: str | Path, home: Path) -> SentenceEncoder:
    return SentenceEncoder(str(model), cards=CardShelf(home), compute=Compute())


class TestSentenceFolder(TextEncoderPack):
    @pytest.fixture(autouse=True)
    def _prepare(self, folder: Path, tmp_path: Path) -> None:
        self._encoder = encoder_of(folder, tmp_path)

    def encoder(self) -> SentenceEncoder:
        return self._encoder


def test_the_card_is_kept_and_then_known_without_loading(folder: Path, tmp_path: Path) -> None:
    first = encoder_of(folder, tmp_path).card
    (folder / "modules.json").rename(folder / "hidden")
    try:
        assert encoder_of(folder, tmp_path).card == first
    finally:
        (folder / "hidden").rename(folder / "modules.json")


@pytest.mark.parametrize("model", ["./absent", "/absent/folder", "a/b/c"])
def test_a_missing_folder_names_the_setting_and_what_works(model: str, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match=r"no such folder.*all-MiniLM-L6-v2") as caught:
        encoder_of(model, tmp_path).encode(["a"])
    assert caught.value.setting == "MMRAG_TEXT_MODEL"


def test_a_folder_without_safetensors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(ModelUnavailableError, match="safetensors"):
        _ = encoder_of(tmp_path, tmp_path / "cards").card

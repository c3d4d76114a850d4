"""Any sentence-transformers cross-encoder becomes a scorer of pairs with a card."""

from pathlib import Path

import pytest

from mmrag_pipeline.engines.cards import CardShelf
from mmrag_pipeline.engines.compute import Compute
from mmrag_pipeline.engines.cross_encoder import CrossEncoderScorer
from mmrag_pipeline.errors import ModelUnavailableError
from tests.engines.small_models import save_cross_encoder

PASSAGES = ("a red bicycle", "a cat", "words words red")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_cross_encoder(tmp_path_factory.mktemp("pairs"))


def scorer_of(model: str | Path, home: Path) -> CrossEncoderScorer:
    return CrossEncoderScorer(str(model), cards=CardShelf(home), compute=Compute())


def test_each_passage_has_a_score_that_others_beside_it_do_not_change(
    folder: Path, tmp_path: Path
) -> None:
    scorer = scorer_of(folder, tmp_path)
    together = scorer.scores("a red cat", PASSAGES)
    alone = [scorer.scores("a red cat", [passage])[0] for passage in PASSAGES]
    assert together == pytest.approx(alone, abs=1e-5)
    assert len(set(alone)) == len(PASSAGES)


def test_no_passages_are_no_scores(folder: Path, tmp_path: Path) -> None:
    assert scorer_of(folder, tmp_path).scores("a red cat", []) == []


def test_a_text_longer_than_the_model_reads_is_cut(folder: Path, tmp_path: Path) -> None:
    long = " ".join(["red"] * 500)
    assert len(scorer_of(folder, tmp_path).scores("a cat \ud800", [long])) == 1


def test_the_card_is_kept_and_then_known_without_loading(folder: Path, tmp_path: Path) -> None:
    first = scorer_of(folder, tmp_path).card
    assert (first.modality, first.dimension, len(first.canary)) == ("pair", 1, 5)
    (folder / "config.json").rename(folder / "hidden")
    try:
        assert scorer_of(folder, tmp_path).card == first
    finally:
        (folder / "hidden").rename(folder / "config.json")


def test_a_missing_folder_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match="no such folder") as caught:
        scorer_of("./absent", tmp_path).scores("a", ["b"])
    assert caught.value.setting == "MMRAG_CROSS_ENCODER"


def test_a_folder_without_safetensors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(ModelUnavailableError, match="safetensors"):
        scorer_of(tmp_path, tmp_path / "cards").scores("a", ["b"])


def test_a_model_that_gives_several_numbers_is_refused(tmp_path: Path) -> None:
    folder = save_cross_encoder(tmp_path / "three", labels=3)
    with pytest.raises(ModelUnavailableError, match=r"gives 3 numbers.*num_labels=1"):
        scorer_of(folder, tmp_path / "cards").scores("a", ["b"])

"""Cards on disk: kept once, checked ever after."""

from dataclasses import replace
from pathlib import Path

import pytest

from mmrag_pipeline.engines.cards import (
    CardShelf,
    Evidence,
    check_canary,
    file_sha256,
    read_card,
    write_card,
)
from mmrag_pipeline.errors import CorruptStateError, ModelDriftError
from mmrag_pipeline.records import Card

DRAFT = Card("name", "1", "text", 0, "MIT", "", "none", "float32")
EVIDENCE = Evidence(3, "ab12", (0.1, -0.2))


def test_a_written_card_reads_back_the_same(tmp_path: Path) -> None:
    card = replace(DRAFT, canary=(0.125, -1.0), trial_only=True)
    write_card(tmp_path / "cards" / "card.json", card)
    assert read_card(tmp_path / "cards" / "card.json") == card


def test_writing_a_card_leaves_no_other_file(tmp_path: Path) -> None:
    write_card(tmp_path / "card.json", DRAFT)
    assert [path.name for path in tmp_path.iterdir()] == ["card.json"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"name": 3}'])
def test_an_unusable_card_is_named_in_the_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "card.json"
    path.write_text(content)
    with pytest.raises(CorruptStateError, match=r"card\.json"):
        read_card(path)


def test_a_canary_within_tolerance_is_the_same_model() -> None:
    check_canary(replace(DRAFT, canary=(0.1,)), (0.1009,), remedy="")


def test_bfloat16_cards_allow_more_noise() -> None:
    check_canary(replace(DRAFT, canary=(0.1,), precision="bfloat16"), (0.109,), remedy="")


@pytest.mark.parametrize("values", [(0.102,), (0.1, 0.1), ()])
def test_another_canary_is_drift_that_says_what_to_do(values: tuple[float, ...]) -> None:
    with pytest.raises(ModelDriftError, match=r"expected \[0\.1\].*Reinstall"):
        check_canary(replace(DRAFT, canary=(0.1,)), values, remedy="Reinstall.")


def test_a_settled_card_is_known_without_loading(tmp_path: Path) -> None:
    settled = CardShelf(tmp_path).settle(DRAFT, EVIDENCE)
    assert CardShelf(tmp_path).find(DRAFT) == settled
    assert (settled.dimension, settled.weights_sha256) == (3, "ab12")


def test_numeric_noise_leaves_the_kept_fingerprint(tmp_path: Path) -> None:
    shelf = CardShelf(tmp_path)
    first = shelf.settle(DRAFT, EVIDENCE)
    again = shelf.settle(DRAFT, replace(EVIDENCE, canary=(0.1004, -0.2004)))
    assert again.fingerprint == first.fingerprint


@pytest.mark.parametrize("change", [{"weights_sha256": "cd"}, {"canary": (0.3, 0.3)}])
def test_the_same_name_with_another_model_is_drift(
    tmp_path: Path, change: dict[str, object]
) -> None:
    shelf = CardShelf(tmp_path)
    shelf.settle(DRAFT, EVIDENCE)
    other = Evidence(
        3,
        str(change.get("weights_sha256", "ab12")),
        (0.3, 0.3) if "canary" in change else (0.1, -0.2),
    )
    with pytest.raises(ModelDriftError, match="removing"):
        shelf.settle(DRAFT, other)


def test_a_changed_file_has_another_sha256(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"one")
    before = file_sha256(path)
    path.write_bytes(b"other")
    assert file_sha256(path) != before

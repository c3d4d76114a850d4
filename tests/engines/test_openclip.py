"""Checkpoints load through open_clip whole, or not at all."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmrag_pipeline.engines.canaries import canary_picture
from mmrag_pipeline.engines.cards import CardShelf, write_card
from mmrag_pipeline.engines.compute import Compute, ConcretePrecision
from mmrag_pipeline.engines.openclip import OpenClip, shipped_card
from mmrag_pipeline.engines.openclip_sources import SHIPPED_FOLDER, find_source
from mmrag_pipeline.engines.openclip_tower import load_tower
from mmrag_pipeline.errors import ModelDriftError, ModelUnavailableError
from mmrag_pipeline.records import Pixels
from tests.engines.packs import TEXTS, ImageTextPack, cosines, pictures
from tests.engines.small_models import save_clip

NAME = "tiny-clip"
WEIGHTS_PRESENT = (SHIPPED_FOLDER / "card.json").is_file()
needs_weights = pytest.mark.skipif(
    not WEIGHTS_PRESENT, reason="the shipped image-text weights are not there yet"
)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("clip")
    state = save_clip(folder, name=NAME).state_dict()
    save_file(state, folder / "whole.safetensors")
    torch.save({"state_dict": state}, folder / "whole.pt")
    less = {key: value for key, value in state.items() if key != "visual.proj"}
    save_file(less, folder / "less.safetensors")
    save_file({**state, "stray": torch.zeros(1)}, folder / "more.safetensors")
    return folder


def open_clip_of(path: Path, home: Path, *, precision: ConcretePrecision = "float32") -> OpenClip:
    compute = Compute(precision=precision, batch_size=3)
    return OpenClip(f"{NAME}@{path}", cards=CardShelf(home), compute=compute)


class TestCheckpoint(ImageTextPack):
    @pytest.fixture(autouse=True)
    def _prepare(self, tiny: Path, tmp_path: Path) -> None:
        self._encoder = open_clip_of(tiny / "whole.safetensors", tmp_path)

    def encoder(self) -> OpenClip:
        return self._encoder


@needs_weights
class TestShipped(ImageTextPack):
    @pytest.fixture(autouse=True)
    def _prepare(self, tmp_path: Path, shipped: OpenClip) -> None:
        self._encoder = shipped

    def encoder(self) -> OpenClip:
        return self._encoder


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> OpenClip:
    cards = CardShelf(tmp_path_factory.mktemp("cards"))
    return OpenClip("mmrag-mini", cards=cards, compute=Compute())


@needs_weights
def test_the_shipped_model_gives_the_cards_canonical_vectors(shipped: OpenClip) -> None:
    picture = shipped.encode_images([canary_picture()])[0, :5]
    words = shipped.encode_texts(["a red bicycle"])[0, :5]
    np.testing.assert_allclose([*picture, *words], shipped.card.canary, atol=1e-3)


@needs_weights
def test_the_shipped_model_in_bfloat16_points_where_float32_does(
    shipped: OpenClip, tmp_path: Path
) -> None:
    low = OpenClip("mmrag-mini", cards=CardShelf(tmp_path), compute=Compute(precision="bfloat16"))
    assert min(cosines(low.encode_images(pictures()), shipped.encode_images(pictures()))) >= 0.999
    assert min(cosines(low.encode_texts(TEXTS), shipped.encode_texts(TEXTS))) >= 0.999


def test_a_torch_file_and_safetensors_give_the_same_vectors(tiny: Path, tmp_path: Path) -> None:
    one = open_clip_of(tiny / "whole.safetensors", tmp_path).encode_images(pictures())
    other = open_clip_of(tiny / "whole.pt", tmp_path).encode_images(pictures())
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("name", "message"), [("less", "1 weights are missing"), ("more", "1 do not belong")]
)
def test_a_checkpoint_with_other_keys_is_refused(
    tiny: Path, tmp_path: Path, name: str, message: str
) -> None:
    with pytest.raises(ModelUnavailableError, match=message):
        open_clip_of(tiny / f"{name}.safetensors", tmp_path).encode_texts(["a"])


def test_a_pickle_that_is_more_than_weights_is_refused(tiny: Path, tmp_path: Path) -> None:
    import torch

    torch.save({"state_dict": Path("evil")}, tmp_path / "evil.pt")
    with pytest.raises(ModelUnavailableError, match="no checkpoint"):
        open_clip_of(tmp_path / "evil.pt", tmp_path).encode_texts(["a"])


def test_pictures_are_seen_as_open_clips_own_preprocessing_makes_them(
    tiny: Path, tmp_path: Path
) -> None:
    import torch
    from PIL import Image

    from mmrag_pipeline.engines.pictures import prepare

    tower = load_tower(find_source(f"{NAME}@{tiny / 'whole.safetensors'}"), Compute())
    wide: Pixels = np.ascontiguousarray(np.tile(canary_picture(), (1, 2, 1))[:, :200])
    expected: Any = tower.preprocessing.to_picture(Image.fromarray(wide))
    torch.testing.assert_close(prepare(wide, tower.preprocessing), expected, atol=0.03, rtol=0)


@pytest.mark.parametrize("model", ["no-such-model/x", f"{NAME}/no-such-weights", f"{NAME}@absent"])
def test_a_model_that_cannot_be_had_names_the_setting_and_the_ways(
    tiny: Path, tmp_path: Path, model: str
) -> None:
    assert tiny.is_dir()
    encoder = OpenClip(model, cards=CardShelf(tmp_path), compute=Compute())
    with pytest.raises(ModelUnavailableError, match=r"MMRAG_IMAGE_MODEL.*mmrag-mini") as caught:
        encoder.encode_texts(["a"])
    assert caught.value.setting == "MMRAG_IMAGE_MODEL"


def test_a_changed_checkpoint_file_is_another_model(tiny: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = tmp_path / "model.safetensors"
    state = load_file(tiny / "whole.safetensors")
    save_file(state, path)
    before = open_clip_of(path, tmp_path / "cards").card.fingerprint
    save_file({key: value + 0.01 for key, value in state.items()}, path)
    assert open_clip_of(path, tmp_path / "cards").card.fingerprint != before


@pytest.fixture(scope="module")
def small_shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import json

    import torch
    from safetensors.torch import save_file

    from mmrag_pipeline.engines.minilm import minilm_folder
    from mmrag_pipeline.engines.openclip_sources import PLACEHOLDER, import_open_clip

    folder = tmp_path_factory.mktemp("shipped")
    vision = {"image_size": 32, "layers": 1, "width": 32, "patch_size": 16, "head_width": 16}
    text = {"hf_model_name": PLACEHOLDER, "hf_tokenizer_name": PLACEHOLDER, "context_length": 64}
    text |= {"hf_proj_type": "linear", "hf_pooler_type": "mean_pooler"}
    config = {"embed_dim": 16, "vision_cfg": vision, "text_cfg": text}
    preprocess = {"mean": [0.5] * 3, "std": [0.5] * 3, "resize_mode": "squash"}
    described = json.dumps({"model_cfg": config, "preprocess_cfg": preprocess})
    (folder / "open_clip_config.json").write_text(described)
    filled = folder / "filled"
    filled.mkdir()
    (filled / "open_clip_config.json").write_text(
        described.replace(PLACEHOLDER, str(minilm_folder()))
    )
    torch.manual_seed(1)
    model = import_open_clip().create_model(
        f"local-dir:{filled}", load_weights=False, pretrained_text=False
    )
    kept = {k: v for k, v in model.state_dict().items() if not k.startswith("text.transformer.")}
    save_file(kept, folder / "image.safetensors")
    write_card(folder / "card.json", shipped_card(folder, revision="1", licence="MIT"))
    return folder


def test_the_shipped_way_puts_minilm_beside_the_image_tower(
    small_shipped: Path, tmp_path: Path
) -> None:
    encoder = OpenClip(
        "mmrag-mini", cards=CardShelf(tmp_path), compute=Compute(), shipped=small_shipped
    )
    assert encoder.encode_texts(["a cat", "a cat sat"]).shape == (2, 16)
    assert encoder.card.trial_only


def test_other_weights_under_the_shipped_card_are_drift(
    small_shipped: Path, tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    for name in ("card.json", "open_clip_config.json"):
        (tmp_path / name).write_bytes((small_shipped / name).read_bytes())
    state = load_file(small_shipped / "image.safetensors")
    save_file({key: value * 2 for key, value in state.items()}, tmp_path / "image.safetensors")
    encoder = OpenClip("mmrag-mini", cards=CardShelf(tmp_path), compute=Compute(), shipped=tmp_path)
    with pytest.raises(ModelDriftError, match="sha256"):
        encoder.encode_texts(["a"])

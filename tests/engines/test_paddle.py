"""PaddleOCR's results, its folders, and its real engine on two small models made here."""

import logging
import socket
import warnings
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmrag_pipeline.engines.paddle import Paddle, build_engine, model_files, result_of
from mmrag_pipeline.errors import ModelUnavailableError
from mmrag_pipeline.records import Box, Pixels
from tests.engines.packs import OcrPack

INSTALLED = find_spec("paddleocr") is not None and find_spec("paddle") is not None
real = pytest.mark.skipif(not INSTALLED, reason="the extra `paddle` is not installed")


def quad(left: int, top: int, right: int, bottom: int) -> Any:
    """Return four corners as PaddleOCR gives them: clockwise, whole pixels."""
    corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return np.array(corners, dtype=np.int16)


RECORDED: dict[str, list[Any]] = {
    "rec_texts": ["RM 13.30", "TOTAL", " "],
    "rec_scores": [0.97, 0.99, 0.55],
    "rec_polys": [quad(60, 10, 99, 24), quad(5, 10, 44, 23), quad(0, 40, 100, 60)],
}

DETECTION = """
Global: {model_name: PP-OCRv5_mobile_det}
PreProcess:
  transform_ops:
  - DetResizeForTest: {resize_long: 960}
  - NormalizeImage: {mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], scale: 1./255., order: hwc}
  - ToCHWImage: null
PostProcess: {name: DBPostProcess, thresh: 0.3, box_thresh: 0.6, unclip_ratio: 1.5}
"""
RECOGNITION = """
Global:
  model_name: en_PP-OCRv5_mobile_rec
PreProcess:
  transform_ops:
  - DecodeImage: {channel_first: false, img_mode: BGR}
  - RecResizeImg: {image_shape: [3, 48, 320]}
PostProcess: {name: CTCLabelDecode, character_dict: [I]}
"""


def save_detection(paddle: Any, folder: Path) -> None:
    """Save a net that marks what is dark in one colour, joined over 33 pixels along the line.

    It shrinks and enlarges its map once, as real detectors do.
    """
    nn, assign = paddle.nn, paddle.nn.initializer.Assign
    weights = np.array([-12, 0, 0], np.float32).reshape(1, 3, 1, 1)
    bias = np.array([6], np.float32)
    net = nn.Sequential(
        nn.Conv2D(3, 1, 1, weight_attr=assign(weights), bias_attr=assign(bias)),
        nn.MaxPool2D(2),
        nn.Upsample(scale_factor=2, mode="nearest"),
        nn.AvgPool2D((1, 33), 1, (0, 16), exclusive=False),
        nn.Sigmoid(),
    )
    save(paddle, net, folder, shape=[None, 3, None, None])
    (folder / "inference.yml").write_text(DETECTION)


def save_recognition(paddle: Any, folder: Path) -> None:
    """Save a net that reads each upright stroke as the letter I: blank, I and space."""
    nn, assign = paddle.nn, paddle.nn.initializer.Assign
    weights, bias = np.zeros((3, 3, 48, 4), np.float32), np.array([0, -5, -9], np.float32)
    middle = weights[1, :, 16:32]  # a pad is grey, hence half ink from top to bottom
    middle[:] = -30 / middle.size

    class Strokes(nn.Layer):  # type: ignore[misc, name-defined]  # paddle is an optional package
        def __init__(self) -> None:
            super().__init__()
            self.columns = nn.Conv2D(
                3, 3, (48, 4), (48, 4), weight_attr=assign(weights), bias_attr=assign(bias)
            )

        def forward(self, x: Any) -> Any:
            return nn.functional.softmax(self.columns(x).squeeze(2).transpose([0, 2, 1]), axis=-1)

    save(paddle, Strokes(), folder, shape=[None, 3, 48, None])
    (folder / "inference.yml").write_text(RECOGNITION)


def save(paddle: Any, net: Any, folder: Path, *, shape: list[int | None]) -> None:
    """Save a net as an inference model."""
    folder.mkdir()
    net.eval()
    pictures = paddle.static.InputSpec(shape, "float32", "x")
    paddle.jit.save(net, str(folder / "inference"), input_spec=[pictures])


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield a folder with both models; what paddle keeps at home stays beside them."""
    folder = tmp_path_factory.mktemp("paddle")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder / "home"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # paddle's import advises on compilers
            paddle = import_module("paddle")
            save_detection(paddle, folder / "det")
            save_recognition(paddle, folder / "rec")
        yield folder


@pytest.fixture(scope="module")
def ocr(models: Path) -> Paddle:
    return Paddle(model_dir=models)


def strokes() -> Pixels:
    """Return a page with two strokes in a line below three in another, further right."""
    page = np.full((160, 320, 3), 255, np.uint8)
    for left in (100, 116, 132):
        page[40:60, left : left + 6] = 0
    for left in (20, 36):
        page[100:120, left : left + 6] = 0
    return page


def lay_out(folder: Path) -> Path:
    """Write model folders whose files hold their own names."""
    for kind in ("det", "rec"):
        (folder / kind).mkdir()
        for name in ("inference.json", "inference.pdiparams", "inference.yml"):
            (folder / kind / name).write_text(f"{kind}/{name}")
    return folder


def test_a_page_of_paddleocr_becomes_lines_in_reading_order() -> None:
    page = result_of(RECORDED, width_px=100, height_px=60)
    assert [line.text for line in page.lines] == ["TOTAL", "RM 13.30"]
    assert page.lines[1].box == Box(60, 10, 99, 24)
    assert page.language == "latin"


def test_a_page_without_words_has_no_lines() -> None:
    nothing: dict[str, list[object]] = {"rec_texts": [], "rec_scores": [], "rec_polys": []}
    assert result_of(nothing, width_px=9, height_px=9).lines == ()


def test_boxes_that_leave_the_picture_are_cut() -> None:
    page = result_of(RECORDED, width_px=50, height_px=20)
    assert [line.box for line in page.lines] == [Box(5, 10, 44, 20), Box(49, 10, 50, 20)]


def test_what_defines_a_model_is_graph_weights_and_description(tmp_path: Path) -> None:
    found = [str(path.relative_to(tmp_path)) for path in model_files(lay_out(tmp_path))]
    names = ("inference.json", "inference.pdiparams", "inference.yml")
    assert found == [f"{kind}/{name}" for kind in ("det", "rec") for name in names]


def test_a_graph_of_the_older_format_serves_as_well(tmp_path: Path) -> None:
    graph = lay_out(tmp_path) / "rec" / "inference.json"
    graph.rename(graph.with_name("inference.pdmodel"))
    assert graph.with_name("inference.pdmodel") in model_files(tmp_path)


@pytest.mark.parametrize("name", ["inference.json", "inference.pdiparams", "inference.yml"])
def test_a_missing_model_file_names_the_setting(tmp_path: Path, name: str) -> None:
    (lay_out(tmp_path) / "rec" / name).unlink()
    with pytest.raises(ModelUnavailableError, match=f"rec/{name} is missing") as caught:
        model_files(tmp_path)
    assert caught.value.setting == "MMRAG_OCR_MODEL_DIR"


@pytest.mark.skipif(INSTALLED, reason="the extra `paddle` is installed")
def test_without_the_package_the_error_says_how_to_install_it() -> None:
    with pytest.raises(ModelUnavailableError, match=r"mmrag_pipeline\[paddle\]") as caught:
        _ = Paddle().card
    assert caught.value.setting == "MMRAG_OCR"


@real
@pytest.mark.slow
class TestPaddle(OcrPack):
    @pytest.fixture(autouse=True)
    def _reader(self, ocr: Paddle) -> None:
        self._ocr = ocr

    def ocr(self) -> Paddle:
        return self._ocr


@real
@pytest.mark.slow
def test_the_real_engine_reads_a_page_in_order(ocr: Paddle) -> None:
    result = ocr.read([strokes()])[0]
    assert [line.text for line in result.lines] == ["III", "II"]
    assert result.confidence > 0.9


@real
@pytest.mark.slow
def test_the_real_engines_boxes_hold_the_ink(ocr: Paddle) -> None:
    page = strokes()
    for box in [line.box for line in ocr.read([page])[0].lines if line.box is not None]:
        page[box.top : box.bottom, box.left : box.right] = 255
    assert (page == 255).all()


@real
@pytest.mark.slow
@pytest.mark.parametrize("colour", [0, 1, 2])
def test_colours_are_seen_as_in_a_picture_file(
    models: Path, tmp_path: Path, *, ocr: Paddle, colour: int
) -> None:
    page = strokes()
    page[:, :, colour] = 255
    Image.fromarray(page).save(tmp_path / "page.png")
    from_file = build_engine(models, device="cpu").predict(str(tmp_path / "page.png"))[0]
    assert ocr.read([page])[0] == result_of(from_file, width_px=320, height_px=160)


@real
@pytest.mark.slow
def test_the_real_engine_returns_what_was_recorded(models: Path) -> None:
    found = build_engine(models, device="cpu").predict([strokes()])[0]
    for key, recorded in RECORDED.items():
        assert [type(item) for item in found[key]] == [type(recorded[0])] * 2
    assert (found["rec_polys"][0].shape, found["rec_polys"][0].dtype) == ((4, 2), np.int16)


@real
@pytest.mark.slow
def test_models_in_a_folder_ask_no_host(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **_: asked.append(address))
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: asked.append(address))
    assert Paddle(model_dir=models).read([strokes()])[0].lines
    assert asked == []


@real
@pytest.mark.slow
def test_loading_and_reading_say_nothing(models: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Paddle(model_dir=models).read([strokes()])
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("paddlex").level == logging.ERROR


@real
@pytest.mark.slow
def test_other_characters_make_another_card(models: Path, tmp_path: Path) -> None:
    before = Paddle(model_dir=lay_out(tmp_path)).card
    (tmp_path / "rec" / "inference.yml").write_text(RECOGNITION.replace("[I]", "[l]"))
    after = Paddle(model_dir=tmp_path).card
    assert before.fingerprint != after.fingerprint
    assert "3." in after.revision


@real
@pytest.mark.slow
def test_a_description_without_a_name_is_an_error_that_names_its_file(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match=r"det/inference\.yml does not say") as caught:
        Paddle(model_dir=lay_out(tmp_path)).read([strokes()])
    assert caught.value.setting == "MMRAG_OCR_MODEL_DIR"


@real
@pytest.mark.slow
def test_a_model_that_paddleocr_does_not_know_is_an_error(tmp_path: Path) -> None:
    for described in lay_out(tmp_path).rglob("inference.yml"):
        described.write_text("Global: {model_name: my_own}")
    with pytest.raises(ModelUnavailableError, match="my_own") as caught:
        Paddle(model_dir=tmp_path).read([strokes()])
    assert caught.value.setting == "MMRAG_OCR"


@real
@pytest.mark.slow
def test_a_gpu_that_paddle_does_not_see_is_an_error(models: Path) -> None:
    if import_module("paddle").device.cuda.device_count():
        pytest.skip("paddle sees a GPU here")
    with pytest.raises(ModelUnavailableError, match="no GPU") as caught:
        Paddle(model_dir=models, device="cuda").read([strokes()])
    assert caught.value.setting == "MMRAG_DEVICE"

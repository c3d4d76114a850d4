"""A loaded open_clip model: every weight proved to come from the checkpoint."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from mmrag_pipeline.engines.canaries import CANARY_TEXT, canary_picture, first_values
from mmrag_pipeline.engines.compute import Compute
from mmrag_pipeline.engines.folders import prepare_transformers
from mmrag_pipeline.engines.openclip_sources import SETTING, SHIPPED, WAYS, Source, import_open_clip
from mmrag_pipeline.engines.pictures import Preprocessing, prepared_batches, read_preprocessing
from mmrag_pipeline.engines.sentence import readable, unit_rows
from mmrag_pipeline.errors import ModelUnavailableError
from mmrag_pipeline.records import Pixels, Vectors

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class OpenClipTower:
    """A loaded model with everything that turns pictures and words into its input."""

    model: Any
    """open_clip's CLIP or CustomTextCLIP, which are untyped."""
    tokenizer: Any
    preprocessing: Preprocessing
    compute: Compute
    logit_scale: float
    cut_padding: bool
    """True where the text tower masks padding, so that leaving it out changes nothing."""

    def encode_images(self, pictures: Sequence[Pixels]) -> Vectors:
        """Return one unit float32 row per picture."""
        batches = prepared_batches(
            pictures,
            self.preprocessing,
            batch_size=self.compute.batch_size,
            threads=self.compute.threads,
        )
        return self._rows(self._run(self.model.encode_image, batch) for batch in batches)

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Return one unit float32 row per text."""
        size = self.compute.batch_size
        starts = range(0, len(texts), size)
        return self._rows(self._words(texts[start : start + size]) for start in starts)

    @property
    def dimension(self) -> int:
        """Return the length of its vectors."""
        return int(self.encode_texts([CANARY_TEXT]).shape[1])

    def canary(self) -> tuple[float, ...]:
        """Return what identifies the model: first values of the picture, then of the words."""
        picture = first_values(self.encode_images([canary_picture()]))
        return picture + first_values(self.encode_texts([CANARY_TEXT]))

    def _words(self, texts: Sequence[str]) -> Vectors:
        tokens = self.tokenizer([readable(text) for text in texts])
        if self.cut_padding:
            padding = self.tokenizer.tokenizer.pad_token_id
            tokens = tokens[:, : int((tokens != padding).sum(dim=1).max())]
        return self._run(self.model.encode_text, tokens)

    def _run(self, encode: Any, batch: "torch.Tensor") -> Vectors:
        import torch

        kind = self.compute.dtype if batch.is_floating_point() else batch.dtype
        with torch.inference_mode():
            rows = encode(batch.to(self.compute.device, dtype=kind))
            return unit_rows(rows.float().cpu().numpy())

    def _rows(self, parts: Iterator[Vectors]) -> Vectors:
        made = list(parts)
        if made:
            return np.concatenate(made)
        return np.empty((0, self.dimension), dtype=np.float32)


def load_tower(source: Source, compute: Compute) -> OpenClipTower:
    """Create the model, load every one of its weights, or raise ModelUnavailableError."""
    import torch

    prepare_transformers()
    model, transform, tokenizer = _create(source)
    _load_weights(model, source)
    scale = float(model.logit_scale.detach().float().exp())
    model = model.eval().to(compute.device, dtype=compute.dtype)
    model.visual.to(memory_format=torch.channels_last)
    wanted = read_preprocessing(model.visual.preprocess_cfg, transform)
    return OpenClipTower(model, tokenizer, wanted, compute, scale, bool(source.config))


def _create(source: Source) -> tuple[Any, Any, Any]:
    """Return open_clip's model without weights of its own, its transform and its tokenizer."""
    open_clip = import_open_clip()
    with TemporaryDirectory(prefix="mmrag-openclip-") as folder, _quiet():
        name = source.architecture
        if source.config:
            (Path(folder) / "open_clip_config.json").write_text(source.config, encoding="utf-8")
            name = f"local-dir:{folder}"
        model = open_clip.create_model(
            name,
            load_weights=False,
            pretrained_text=bool(source.config),
            force_quick_gelu=source.quick_gelu,
            force_preprocess_cfg=dict(source.preprocess),
        )
        if source.config:
            tokenizer = open_clip.tokenizer.HFTokenizer(
                source.tokenizer, context_length=model.context_length
            )
        else:
            tokenizer = open_clip.get_tokenizer(name)
    config = open_clip.transform.PreprocessCfg(**model.visual.preprocess_cfg)
    return model, open_clip.transform.image_transform_v2(config, is_train=False), tokenizer


def _load_weights(model: Any, source: Source) -> None:
    """Load the checkpoint and prove that no key was left random and none was left over."""
    open_clip = import_open_clip()
    try:
        keys = open_clip.load_checkpoint(model, str(source.weights), strict=False)
    except Exception as error:  # pickle, safetensors and torch each have errors of their own
        raise _not_loaded(source, f"{type(error).__name__}: {str(error).strip()[:300]}") from error
    missing = [key for key in keys.missing_keys if not key.startswith(source.elsewhere or ("\0",))]
    if missing or keys.unexpected_keys:
        raise _not_loaded(
            source,
            f"{len(missing)} weights are missing ({missing[:3]}...) and "
            f"{len(keys.unexpected_keys)} do not belong ({keys.unexpected_keys[:3]}...)",
        )


def _not_loaded(source: Source, why: str) -> ModelUnavailableError:
    return ModelUnavailableError(
        f"{SETTING}: {source.weights} is no checkpoint of {source.architecture or SHIPPED!r}: "
        f"{why}. {WAYS}",
        setting=SETTING,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back open_clip's warning about a model without weights: they are loaded after."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)

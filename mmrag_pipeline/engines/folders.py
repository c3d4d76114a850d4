"""From a model's name or folder to a folder with its files, by way of the hub when allowed."""

from pathlib import Path

from mmrag_pipeline.engines.torchvision_ops import declare_missing_operators
from mmrag_pipeline.errors import ModelUnavailableError

WANTED = ("*.json", "*.txt", "*.model", "*.safetensors")
UNWANTED = ("onnx/*", "openvino/*")


def prepare_transformers() -> None:
    """Make `import transformers` work beside a CPU torch, without its progress bars."""
    declare_missing_operators()
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers is untyped here


def local_folder(model: str) -> Path | None:
    """Return the folder a setting names, or None when it is a hub name."""
    path = Path(model).expanduser()
    return path if path.is_dir() else None


def model_folder(model: str, *, setting: str, default: str, hub: bool = True) -> Path:
    """Return the folder of a model, downloading it by name; raises ModelUnavailableError.

    Without `hub` one that was downloaded before is taken, and nobody is asked.
    """
    local = local_folder(model)
    if local is not None:
        return local
    if not _looks_like_name(model):
        raise ModelUnavailableError(
            f"{setting}={model!r}: there is no such folder. Give the folder that holds "
            f"config.json and model.safetensors, or leave {setting} unset for {default!r}.",
            setting=setting,
        )
    return _download(model, setting=setting, default=default) if hub else _held(model, setting)


def weight_files(folder: Path, *, setting: str) -> list[Path]:
    """Return the safetensors files under a folder, sorted; raises ModelUnavailableError."""
    files = sorted(folder.rglob("*.safetensors"))
    if not files:
        raise ModelUnavailableError(
            f"{setting}: the folder {folder} holds no *.safetensors file. Pickled weights are "
            "not loaded; save the model again with safe_serialization=True.",
            setting=setting,
        )
    return files


def _looks_like_name(model: str) -> bool:
    """Tell whether a text may be OWNER/NAME or NAME of a hub rather than a path."""
    return model.count("/") <= 1 and not model.startswith((".", "/", "~")) and "\\" not in model


def not_here(model: str, *, setting: str, way: str) -> ModelUnavailableError:
    """Return the error for a model that only a hub has, where nobody may ask it; `way` ends it."""
    return ModelUnavailableError(
        f"{setting}={model!r:.200} is not on this machine, and a plan downloads nothing: "
        f"{way}; then plan again.",
        setting=setting,
    )


def _held(model: str, setting: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError) as error:
        way = f"`hf download {model}`, or set {setting} to a folder with its files"
        raise not_here(model, setting=setting, way=way) from error


def _download(model: str, *, setting: str, default: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(
            model, allow_patterns=list(WANTED), ignore_patterns=list(UNWANTED)
        )
    except Exception as error:  # the hub client raises errors of many unrelated classes
        raise ModelUnavailableError(
            f"{setting}={model!r} is neither a folder nor a model that the hub gave "
            f"({type(error).__name__}: {_first_line(error)}). Where no hub can be reached, copy "
            f"the model's files and set {setting} to their folder, or leave it unset for the "
            f"shipped {default!r}.",
            setting=setting,
        ) from error
    return Path(folder)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0][:300]

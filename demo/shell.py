"""What `make dev-s3` takes over from the shell that starts it, and what it gives to another.

Its bucket, queue, state and index are its own: a variable that leads elsewhere would mix them
with those of a person's work.
"""

import shlex
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from mmrag_pipeline.settings import variable

_OURS = ("MMRAG_", "AWS_", "DAGSTER_")
_FOLDER = "s3"
_EXPORTS = "env.sh"
MODELS = frozenset(
    map(
        variable,
        (
            *("ocr", "ocr_model_dir", "captioner", "caption_model", "image_model", "text_model"),
            *("precision", "device", "batch_size"),
        ),
    )
)
"""Variables that are taken over: which models, and how they compute."""
_UNSET = "unset MMRAG_ $(env | sed -n " + " ".join(
    rf"-e 's/^\({prefix}[A-Za-z0-9_]*\)=.*/\1/p'" for prefix in _OURS
)


def home_in(environ: Mapping[str, str], *, default: Path) -> Path:
    """Return the folder of the state: under MMRAG_HOME, or that itself if `env.sh` set it."""
    home = Path(environ.get("MMRAG_HOME") or default).absolute()
    is_ours = home.name == _FOLDER and (home / _EXPORTS).is_file()
    return home if is_ours else home / _FOLDER


def forget_others(environ: MutableMapping[str, str]) -> dict[str, str]:
    """Remove every variable of ours, AWS's and Dagster's but MODELS; return those that stay."""
    held = [name for name in environ if name.startswith(_OURS)]
    for name in {*held} - MODELS:
        del environ[name]
    return {name: environ[name] for name in held if name in MODELS}


def write_exports(home: Path, variables: Mapping[str, str]) -> Path:
    """Write what gives another shell these variables and no others of their kinds."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    path = home / _EXPORTS
    home.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([f"{_UNSET})", *exports]) + "\n")
    return path

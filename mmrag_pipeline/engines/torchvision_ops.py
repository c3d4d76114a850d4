"""torchvision's import needs two operators that its build for another torch cannot register."""

from importlib.util import find_spec
from pathlib import Path
from threading import Lock

SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
NAMES = ("nms", "qnms")
_lock = Lock()
_declared: list[object] = []
"""Libraries live as long as the process: a collected one takes its schemas along."""


def declare_missing_operators() -> tuple[str, ...]:
    """Declare `torchvision::nms` and `qnms` beside a CPU torch; return the names declared.

    torchvision wheels from the package index are linked against the CUDA torch. Beside a
    CPU torch their kernels cannot load, and `import torchvision` fails at registering
    fake kernels for them. Nothing here calls them, so a schema without a kernel is
    enough. Call this before torchvision, transformers, sentence_transformers, timm or
    open_clip is imported; a second call does nothing.
    """
    import torch

    with _lock:
        if torch.version.cuda is not None or _declared or _kernels_load():
            return ()
        library = torch.library.Library(  # type: ignore[no-untyped-call]  # torch is untyped here
            "torchvision", "FRAGMENT"
        )
        for name in NAMES:
            library.define(name + SCHEMA)  # type: ignore[no-untyped-call]  # torch is untyped here
        _declared.append(library)
        return NAMES


def _kernels_load() -> bool:
    """Tell whether torchvision is absent or its own kernels load into this torch."""
    import torch

    spec = find_spec("torchvision")
    if spec is None or not spec.submodule_search_locations:
        return True
    libraries = sorted(Path(spec.submodule_search_locations[0]).glob("_C*.so"))
    try:
        for library in libraries:
            torch.ops.load_library(library)  # type: ignore[no-untyped-call]  # torch is untyped here
    except OSError:
        return False
    return bool(torch._C._jit_get_schemas_for_operator("torchvision::nms"))

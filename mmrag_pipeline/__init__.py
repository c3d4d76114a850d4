"""A Dagster pipeline that keeps a searchable multimodal index equal to its raw files."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmrag_pipeline.api.hits import Hit, Hits
    from mmrag_pipeline.api.index import Index
    from mmrag_pipeline.errors import MmragError
    from mmrag_pipeline.settings import Settings

__all__ = ["Hit", "Hits", "Index", "MmragError", "Settings"]
__version__ = "0.1.0"

_HOMES = {
    "Hit": "api.hits",
    "Hits": "api.hits",
    "Index": "api.index",
    "MmragError": "errors",
    "Settings": "settings",
}
"""Public name -> its module, imported when the name is asked for: this package is imported by
every process of the pipeline, and most of them need none of it."""

if not TYPE_CHECKING:  # a type checker knows the names above, and is to miss others

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

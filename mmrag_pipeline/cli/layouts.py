"""How the layout of a collection is told, and what of the settings names other models."""

from collections.abc import Mapping

from mmrag_pipeline.indexing.collection import MADE_WITH
from mmrag_pipeline.records import Layout
from mmrag_pipeline.settings import Settings, variable


def models_of(layout: Layout, names: Mapping[str, str]) -> dict[str, str]:
    """Return signal -> name of its model; `names` are those of the cards known here."""
    return {
        space.signal: names.get(space.fingerprint, f"of card {space.fingerprint[:12]}")
        for space in layout.spaces
    }


def layout_text(layout: Layout, names: Mapping[str, str]) -> str:
    """Return what a collection was made with: the settings it says so of, or its models."""
    told = {name: layout.made_with[name] for name in MADE_WITH if name in layout.made_with}
    made = [f"{name} {value}" if name == "precision" else value for name, value in told.items()]
    made = made or list(dict.fromkeys(models_of(layout, names).values()))
    kept = [layout.datatype] if layout.datatype != "float32" else []
    shards = [f"{layout.shards} shards"] if layout.shards > 1 else []
    return ", ".join([*made, *kept, *shards])


def other_settings(layout: Layout, settings: Settings) -> list[str]:
    """Return the settings, as `VARIABLE=VALUE`, that have to be others to name its models."""
    made = {**layout.made_with, **layout.storage}
    if settings.qdrant_url is None:  # the embedded index has one shard, whatever the setting says
        del made["qdrant_shards"]
    known = {name: value for name, value in made.items() if name in Settings.model_fields}
    return [
        f"{variable(name)}={value}"
        for name, value in known.items()
        if str(getattr(settings, name)) != value
    ]

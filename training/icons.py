"""Material Design icons: extra concepts with their own names, drawn in one colour."""

import json
import re
from typing import Any

import numpy as np

from training.iconsets import crop_to_sprite, render_svg
from training.sources import npm_folder
from training.workspace import Workspace

VARIANT = re.compile(
    r"-(outline|variant|box|circle|off|alert|plus|minus|check|remove|edit|lock|cog|multiple).*$"
)
# A crossed-out or badged variant shows something else than its base name says.
CHANGED = re.compile(r"-(off|alert|plus|minus|check|remove|edit|lock|cog)\b")
ABSTRACT = re.compile(
    r"(alpha|numeric|roman-numeral|format|border|arrow|chevron|code|set|sort|view|relation)(-.*)?"
)
DRAWINGS_PER_ICON = 3
ALIASES_PER_ICON = 6

Meta = dict[str, Any]


def usable_aliases(meta: Meta, base: str) -> list[str]:
    """Return other names of an icon, spelled with spaces."""
    if meta["name"] != base:
        return []
    plain = (alias for alias in meta["aliases"] if not re.search(r"outline|variant|\d", alias))
    return sorted({alias.replace("-", " ") for alias in plain} - {base.replace("-", " ")})


def group_by_base(metas: list[Meta]) -> dict[str, list[Meta]]:
    """Group icons that draw the same thing, leaving out brands and abstract marks."""
    groups: dict[str, list[Meta]] = {}
    for meta in metas:
        base = VARIANT.sub("", meta["name"])
        if meta["deprecated"] or "Brand / Logo" in meta["tags"] or ABSTRACT.fullmatch(base):
            continue
        groups.setdefault(base, []).append(meta)
    return groups


def bake_icons(workspace: Workspace) -> None:
    """Render the icons and save their sprites, names and aliases."""
    folder = npm_folder(workspace, "@mdi/svg")
    groups = group_by_base(json.loads((folder / "meta.json").read_text(encoding="utf-8")))
    sprites, records = [], []
    for base, metas in groups.items():
        aliases = usable_aliases(metas[0], base)[:ALIASES_PER_ICON]
        for meta in metas[:DRAWINGS_PER_ICON]:
            svg = (folder / "svg" / f"{meta['name']}.svg").read_text(encoding="utf-8")
            sprite = None if CHANGED.search(meta["name"]) else crop_to_sprite(render_svg(svg))
            if sprite is not None:
                sprites.append(sprite)
                records.append({"name": base.replace("-", " "), "aliases": aliases})
    workspace.save_array("sprites_icons", np.stack(sprites).transpose(0, 3, 1, 2))
    workspace.save_json("icons", records)
    print(f"icons: {len(sprites)} drawings of {len({r['name'] for r in records})} things")

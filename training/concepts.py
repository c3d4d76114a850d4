"""The things the model learns to name: one concept per emoji that is drawn in the needed styles."""

import html
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from training.sources import debian_root, npm_folder
from training.workspace import Workspace

# Emojibase groups: 2 holds skin-tone components, 9 holds country flags.
SKIPPED_GROUPS = (None, 2, 9)
SYMBOLS_GROUP = 8
ANNOTATION = re.compile(r'<annotation cp="([^"]*)"( type="tts")?>([^<]*)</annotation>')


@dataclass(frozen=True)
class Concept:
    """One emoji with its CLDR name, other words for it and its Unicode hexcode."""

    name: str
    label: str
    tags: tuple[str, ...]
    emoji: str
    hexcode: str
    group: int

    @cached_property
    def hexcodes(self) -> tuple[str, str, str]:
        """Return the lower-case spellings of the code with and without variation selector."""
        code = self.hexcode.lower()
        return code, code.replace("-fe0f", ""), f"{code}-fe0f"

    @cached_property
    def slugs(self) -> tuple[str, ...]:
        """Return names as icon sets spell them: `hot-beverage`, then `hotbeverage`."""
        plain = self.emoji.replace("\ufe0f", "")
        official = unicodedata.name(plain, "") if len(plain) == 1 else ""
        dashed = [slug(text) for text in (self.name, self.label, official) if text]
        return tuple(dict.fromkeys([*dashed, *(s.replace("-", "") for s in dashed)]))


def slug(text: str) -> str:
    """Return `text` in lower case with dashes between words."""
    folded = unicodedata.normalize("NFKD", text.lower().replace("’", ""))
    ascii_only = folded.encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")


def read_annotations(path: Path) -> Iterator[tuple[str, bool, str]]:
    """Yield (emoji, is its name, text) from one CLDR annotations file."""
    for key, kind, text in ANNOTATION.findall(path.read_text(encoding="utf-8")):
        yield html.unescape(key).replace("\ufe0f", ""), bool(kind), html.unescape(text)


def cldr_words(workspace: Workspace) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Return the CLDR English name and keywords of every emoji."""
    names: dict[str, str] = {}
    keywords: dict[str, set[str]] = {}
    common = debian_root(workspace) / "usr/share/unicode/cldr/common"
    for folder in ("annotations", "annotationsDerived"):
        for key, is_name, text in read_annotations(common / folder / "en.xml"):
            if is_name:
                names[key] = text.strip().lower()
            else:
                keywords[key] = {word.strip().lower() for word in text.split("|")}
    return names, keywords


def emojibase_entries(workspace: Workspace) -> list[dict[str, Any]]:
    """Return the emojibase records of the groups that are used."""
    path = npm_folder(workspace, "emojibase-data") / "en/data.json"
    entries = json.loads(path.read_text(encoding="utf-8"))
    return [entry for entry in entries if entry.get("group") not in SKIPPED_GROUPS]


def all_concepts(workspace: Workspace) -> list[Concept]:
    """Return every candidate concept, drawn or not, in emojibase order with distinct names."""
    names, keywords = cldr_words(workspace)
    found: dict[str, Concept] = {}
    for entry in emojibase_entries(workspace):
        key = entry["emoji"].replace("\ufe0f", "")
        label = entry["label"].lower()
        name = names.get(key, label)
        tags = {tag.lower() for tag in entry.get("tags") or ()} | keywords.get(key, set())
        words = tuple(sorted(tags - {name}))
        concept = Concept(name, label, words, entry["emoji"], entry["hexcode"], entry["group"])
        found.setdefault(name, concept)
    return list(found.values())


def load_concepts(workspace: Workspace) -> list[Concept]:
    """Return the concepts whose sprites were rendered, in the order of the sprite arrays."""
    by_name = {concept.name: concept for concept in all_concepts(workspace)}
    return [by_name[name] for name in workspace.load_json("concepts")]

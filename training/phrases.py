"""What each drawing may be called: names, labels and keywords, each in several wordings."""

import random
import re
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from training.concepts import Concept, load_concepts
from training.documents.captions import fix_articles
from training.documents.kinds import PHRASES
from training.synonyms import UNSEEN_WORDS
from training.text_map import bake_map
from training.text_tower import DIMENSION, encode
from training.workspace import Workspace, parse_workspace

FRAMES = (
    "a photo of a {}",
    "a picture of a {}",
    "an image of a {}",
    "an icon of a {}",
    "a drawing of a {}",
    "an illustration of a {}",
    "{} pictogram",
    "{} symbol",
    "a {}",
    "the {}",
    "image showing {}",
    "product image: {}",
)
WORDINGS = 5
COMMON_TAG = 40
"""A keyword shared by more concepts than this names none of them."""


@dataclass(frozen=True, slots=True)
class Phrasebook:
    """Things with their phrases; the first `emoji_count` things are the emoji concepts.

    `choices[thing]` are (phrase, weight) pairs, `members[phrase]` the things it names, and
    `icon_things[drawing]` the thing that each icon drawing shows.
    """

    things: list[str]
    emoji_count: int
    phrases: list[str]
    choices: list[list[tuple[int, float]]]
    members: list[list[int]]
    icon_things: list[int]


class Collector:
    """Gathers phrases of things and hands out phrase numbers."""

    def __init__(self, things: int) -> None:
        self.numbers: dict[str, int] = {}
        self.members: list[set[int]] = []
        self.choices: list[dict[int, float]] = [{} for _ in range(things)]

    def add(self, thing: int, phrase: str, weight: float) -> None:
        """Let `phrase` name `thing`, unless evaluation keeps that word unseen."""
        if phrase in UNSEEN_WORDS:
            return
        number = self.numbers.setdefault(phrase, len(self.numbers))
        if number == len(self.members):
            self.members.append(set())
        self.members[number].add(thing)
        self.choices[thing].setdefault(number, weight)


def match_icons(
    concepts: list[Concept], icons: list[dict[str, Any]]
) -> tuple[list[str], list[int]]:
    """Return all things and which of them each icon shows; icons join concepts by name."""
    numbers = {concept.label: place for place, concept in enumerate(concepts)}
    numbers |= {concept.name: place for place, concept in enumerate(concepts)}
    things = [concept.name for concept in concepts]
    shown = []
    for icon in icons:
        if icon["name"] not in numbers:
            numbers[icon["name"]] = len(things)
            things.append(icon["name"])
        shown.append(numbers[icon["name"]])
    return things, shown


def add_concept(
    collector: Collector, rng: random.Random, thing: int, concept: Concept, *, counts: Counter[str]
) -> None:
    """Add a concept's name, label, keywords and a few mixtures of them."""
    collector.add(thing, concept.name, 3.0)
    collector.add(thing, concept.label, 1.0)
    tags = [tag for tag in concept.tags if tag not in UNSEEN_WORDS]
    for tag in tags:
        weight = 2.0 if counts[tag] <= COMMON_TAG else 0.3
        collector.add(thing, tag, weight / len(tags))
    for _ in range(min(3, len(tags))):
        pair = rng.sample(tags, min(2, len(tags)))
        mixtures = (
            f"{concept.name}, {', '.join(pair)}",
            f"{pair[0]} {concept.name}",
            f"{concept.name} ({pair[0]})",
        )
        collector.add(thing, rng.choice(mixtures), 0.6)


def build_phrasebook(workspace: Workspace) -> Phrasebook:
    """Gather the phrases of all concepts and icons."""
    concepts, icons = load_concepts(workspace), workspace.load_json("icons")
    things, shown = match_icons(concepts, icons)
    collector, rng = Collector(len(things)), random.Random(11)
    counts = Counter(tag for concept in concepts for tag in concept.tags)
    for thing, concept in enumerate(concepts):
        add_concept(collector, rng, thing, concept, counts=counts)
    for icon, thing in zip(icons, shown, strict=True):
        collector.add(thing, icon["name"], 3.0)
        for alias in icon["aliases"]:
            collector.add(thing, alias, 1.0)
    choices = [list(options.items()) for options in collector.choices]
    members = [sorted(member) for member in collector.members]
    return Phrasebook(things, len(concepts), list(collector.numbers), choices, members, shown)


def wordings(rng: random.Random, phrase: str) -> list[str]:
    """Return the phrase itself and other wordings of it."""
    frames = rng.sample(FRAMES, WORDINGS - 1)
    return [phrase, *(fix_articles(frame.format(phrase)) for frame in frames)]


def colour_words(things: list[str], colours: set[str]) -> list[bool]:
    """Tell which things have a colour in their name."""
    return [bool(colours & set(re.findall(r"[a-z]+", thing))) for thing in things]


def load_phrasebook(workspace: Workspace) -> Phrasebook:
    """Read the phrasebook that `bake_phrases` wrote."""
    return Phrasebook(**workspace.load_json("phrasebook"))


def bake_phrases(workspace: Workspace) -> None:
    """Build the phrasebook, embed every wording, and save both with the map W."""
    book, rng = build_phrasebook(workspace), random.Random(12)
    texts = [text for phrase in book.phrases for text in wordings(rng, phrase)]
    vectors = encode(texts).reshape(len(book.phrases), WORDINGS, DIMENSION)
    workspace.save_json("phrasebook", asdict(book))
    workspace.save_array("phrase_vectors", vectors)
    workspace.save_array("thing_vectors", encode(book.things, exact=True))
    workspace.save_array("kind_vectors", encode(PHRASES, exact=True))
    bake_map(workspace)
    print(f"{len(book.things)} things, {len(book.phrases)} phrases, {len(texts)} wordings")


if __name__ == "__main__":
    bake_phrases(parse_workspace(__doc__))

"""Descriptions of composed pictures: a tinted thing, a coloured ground, a pair, several, a card."""

import hashlib
import random
from dataclasses import asdict, dataclass
from typing import Literal

from training.concepts import SYMBOLS_GROUP, Concept, load_concepts
from training.documents.bake import caption_colour
from training.documents.captions import fix_articles
from training.documents.pen import COLOURS
from training.synonyms import UNSEEN_WORDS
from training.text_tower import encode
from training.workspace import Workspace, parse_workspace

TRAINING_COUNT, TEST_COUNT = 36_000, 1_000
HELD_OUT_SHARE = 10
"""One in this many combinations of thing and property is never drawn in training."""
OBJECT_GROUPS = (3, 4, 5, 6, 7)
RARE_TAG = 3

Kind = Literal["ground", "tint", "both", "count", "pair", "card", "tinted_card"]
KIND_WEIGHTS: dict[Kind, int] = {
    "ground": 3,
    "tint": 3,
    "both": 1,
    "count": 2,
    "pair": 3,
    "card": 2,
    "tinted_card": 1,
}
OPENINGS = ("", "", "a photo of ", "an image of ", "a picture of ")
GROUND_FRAMES = (
    "{} on a {} background",
    "{} against a {} background",
    "{} with {} background",
    "{} on {}",
)
TINT_FRAMES = ("a {0} {1}", "{0} {1}", "a {1} in {0}")
PAIR_FRAMES = ("a {} and a {}", "{} and {}", "a {} next to a {}", "{}, {}")
CARD_FRAMES = (
    "a product card with a {}",
    "an online shop listing for a {}",
    "{} product page",
    "a catalog entry showing a {}",
    "{} for sale with a price",
)
NUMBER_WORDS = {2: ("two", "2", "a pair of"), 3: ("three", "3", "several")}


@dataclass(frozen=True, slots=True)
class Composite:
    """One composed picture; `second` is -1 and colours are empty where they do not apply."""

    kind: Kind
    first: int
    caption: str
    second: int = -1
    ground: str = ""
    tint: str = ""
    count: int = 1

    @property
    def on_card(self) -> bool:
        """Tell whether the thing is shown on a product card."""
        return self.kind in ("card", "tinted_card")


class Composer:
    """Draws random composites, training or held-out ones."""

    def __init__(self, concepts: list[Concept], rng: random.Random) -> None:
        self.concepts, self.rng = concepts, rng
        counts: dict[str, int] = {}
        for tag in (tag for concept in concepts for tag in concept.tags):
            counts[tag] = counts.get(tag, 0) + 1
        self.rare = {tag for tag, number in counts.items() if number <= RARE_TAG}
        self.usable = [
            place
            for place, concept in enumerate(concepts)
            if concept.group in OBJECT_GROUPS
            or (concept.group != SYMBOLS_GROUP and held_out_share(concept.name) < 0.3)
        ]

    def call(self, thing: int) -> str:
        """Return the thing's name, at times a keyword that few things share."""
        concept = self.concepts[thing]
        tags = [tag for tag in concept.tags if tag in self.rare and tag not in UNSEEN_WORDS]
        return self.rng.choice([concept.name] * 3 + tags[:3])

    def propose(self) -> Composite | None:
        """Return a random composite, or None where the parts do not fit together."""
        rng = self.rng
        kind = rng.choices(list(KIND_WEIGHTS), list(KIND_WEIGHTS.values()))[0]
        first = rng.choice(self.usable)
        second = rng.choice(self.usable) if kind == "pair" else -1
        ground = rng.choice(list(COLOURS)) if kind in ("ground", "both") else ""
        tint = rng.choice(list(COLOURS)) if kind in ("tint", "both", "tinted_card") else ""
        count = rng.choice((2, 3)) if kind == "count" else 1
        name = self.call(first)
        if second == first or (ground and ground == tint) or (tint and caption_colour(name)):
            return None
        draft = Composite(kind, first, name, second, ground, tint, count)
        return Composite(kind, first, self.describe(draft), second, ground, tint, count)

    def describe(self, draft: Composite) -> str:
        """Write the caption of a draft whose `caption` is still the bare name."""
        rng, name = self.rng, draft.caption
        if draft.on_card:
            shown = f"{draft.tint} {name}" if draft.tint else name
            return fix_articles(rng.choice(CARD_FRAMES).format(shown))
        if draft.kind == "count":
            plural = name if name.endswith("s") else f"{name}s"
            text = f"{rng.choice(NUMBER_WORDS[draft.count])} {plural}"
        elif draft.kind == "pair":
            text = rng.choice(PAIR_FRAMES).format(name, self.concepts[draft.second].name)
        elif draft.kind == "tint":
            text = rng.choice(TINT_FRAMES).format(draft.tint, name)
        else:
            shown = f"a {draft.tint} {name}" if draft.tint else rng.choice((f"a {name}", name))
            text = rng.choice(GROUND_FRAMES).format(shown, draft.ground)
        return fix_articles(rng.choice(OPENINGS) + text)

    def is_held_out(self, composite: Composite) -> bool:
        """Tell whether any combination in it belongs to the test side."""
        name = self.concepts[composite.first].name
        keys = [f"ground {name} {composite.ground}"] * bool(composite.ground)
        keys += [f"tint {name} {composite.tint}"] * bool(composite.tint)
        if composite.kind in ("count", "card"):
            keys.append(f"{composite.kind} {name}")
        if composite.second >= 0:
            both = sorted((name, self.concepts[composite.second].name))
            keys.append(f"pair {both[0]} {both[1]}")
        return any(held_out_share(key) < 1 / HELD_OUT_SHARE for key in keys)

    def collect(self, count: int, *, held_out: bool) -> list[Composite]:
        """Return `count` composites of one side of the split."""
        found: list[Composite] = []
        while len(found) < count:
            composite = self.propose()
            if composite is not None and self.is_held_out(composite) == held_out:
                found.append(composite)
        return found


def held_out_share(key: str) -> float:
    """Return a fixed number in [0, 1) for a text."""
    return int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) / 2**32


def load_composites(workspace: Workspace, name: str) -> list[Composite]:
    """Read composites saved by `bake_composites`."""
    return [Composite(**record) for record in workspace.load_json(name)]


def bake_composites(workspace: Workspace) -> None:
    """Write the training and test composites with their caption embeddings."""
    concepts = load_concepts(workspace)
    sets = {"composites": (TRAINING_COUNT, 21), "composites_test": (TEST_COUNT, 77)}
    for name, (count, seed) in sets.items():
        test = name.endswith("test")
        chosen = Composer(concepts, random.Random(seed)).collect(count, held_out=test)
        workspace.save_json(name, [asdict(composite) for composite in chosen])
        vectors = encode([composite.caption for composite in chosen], exact=test)
        workspace.save_array(f"{name}_vectors", vectors)
    print("\n".join(composite.caption for composite in chosen[:12]))


def bake_document_captions(workspace: Workspace) -> None:
    """Embed every distinct caption of the training documents."""
    records = workspace.load_json("documents")
    captions = sorted({text for record in records for text in record["captions"]})
    workspace.save_json("document_captions", captions)
    workspace.save_array("document_caption_vectors", encode(captions))
    print(f"{len(captions)} document captions")


if __name__ == "__main__":
    chosen_workspace = parse_workspace(__doc__)
    bake_composites(chosen_workspace)
    bake_document_captions(chosen_workspace)

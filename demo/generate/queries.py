"""Labelled queries: relevance is what the generator knows, never a judgement afterwards."""

import json
from collections.abc import Iterator, Sequence
from random import Random

from PIL import Image

from demo.generate.backgrounds import SCENES
from demo.generate.content import DOMAINS, Ask, AskGroup, load
from demo.generate.encode import encode
from demo.generate.item import Item
from demo.generate.photos import compose

SIZE = (288, 288)


def query_lines(items: Sequence[Item]) -> Iterator[str]:
    """Yield one JSON line per query, in a fixed order with ids q01, q02, ..."""
    groups = load("queries", dict[str, tuple[AskGroup, ...]])["query"]
    pairs = [(group.kind, ask) for group in groups for ask in group.asks]
    for number, (kind, ask) in enumerate(pairs, start=1):
        relevant = sorted(item.key for item in items if answers(item, ask))
        asked = {"query": ask.text, "image": ask.image and f"queries/{ask.image}.jpg"}
        line = {"id": f"q{number:02}", **{k: v for k, v in asked.items() if v}}
        yield json.dumps({**line, "relevant": relevant, "kind": kind}, ensure_ascii=False)


def answers(item: Item, ask: Ask) -> bool:
    """Return whether an item has everything that is asked for."""
    return (
        ask.shows <= item.shows
        and ask.holds.lower() in item.text.lower()
        and (not ask.topic or ask.topic in item.topics)
    )


def query_pictures() -> Iterator[tuple[str, bytes]]:
    """Yield (file name, bytes) of each query picture: the object, differently drawn."""
    groups = load("queries", dict[str, tuple[AskGroup, ...]])["query"]
    for name in sorted({ask.image for group in groups for ask in group.asks if ask.image}):
        yield f"{name}.jpg", encode(_picture(name), "jpg")


def _picture(name: str) -> Image.Image:
    rng = Random(f"query {name}")
    scene = rng.choice(SCENES[rng.choice(DOMAINS)])
    return compose([name], scene, rng=rng, size=SIZE)

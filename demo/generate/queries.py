"""Labelled queries: relevance is what the generator knows, never a judgement afterwards."""

import json
from collections.abc import Iterator, Mapping, Sequence
from random import Random

from PIL import Image

from demo.generate.backgrounds import SCENES
from demo.generate.content import DOMAINS, Ask, AskGroup, load
from demo.generate.encode import encode
from demo.generate.item import Item
from demo.generate.photos import compose

SIZE = (288, 288)
LOOKED_UP = "exact_number"
"""The kind of queries whose answer is what they look for."""
UNANSWERABLE = "unanswerable"
"""The kind of questions that no file answers."""


def query_lines(items: Sequence[Item]) -> Iterator[str]:
    """Yield one JSON line per query, in a fixed order with ids q01, q02, ..."""
    for number, (kind, ask) in enumerate(_asks("queries"), start=1):
        answer = ask.holds if kind == LOOKED_UP else ask.answer
        yield _line(f"q{number:02}", kind, ask, _relevant(items, ask), [answer] if answer else None)


def question_lines(items: Sequence[Item]) -> Iterator[str]:
    """Yield one JSON line per question with its answer, ids a01, a02, ..."""
    for number, (kind, ask) in enumerate(_asks("questions"), start=1):
        none = kind == UNANSWERABLE
        relevant = [] if none else _relevant(items, ask)
        told = [] if none else [ask.answer]
        _check(items, ask, relevant, none=none)
        yield _line(f"a{number:02}", kind, ask, relevant, told)


def _check(items: Sequence[Item], ask: Ask, relevant: Sequence[str], *, none: bool) -> None:
    """Raise ValueError unless every file that answers holds the answer."""
    texts = [item.text for item in items if item.key in relevant]
    if not none and not (texts and ask.answer and all(ask.answer in text for text in texts)):
        raise ValueError(f"{ask.text!r}: {ask.answer!r} is not in each of {relevant}")


def _asks(name: str) -> list[tuple[str, Ask]]:
    (groups,) = load(name, dict[str, tuple[AskGroup, ...]]).values()
    return [(group.kind, ask) for group in groups for ask in group.asks]


def _relevant(items: Sequence[Item], ask: Ask) -> list[str]:
    return sorted(item.key for item in items if answers(item, ask))


def _line(
    name: str, kind: str, ask: Ask, relevant: Sequence[str], told: Sequence[str] | None
) -> str:
    asked = {"query": ask.text, "image": ask.image and f"queries/{ask.image}.jpg"}
    line: Mapping[str, object] = {
        "id": name,
        **{field: value for field, value in asked.items() if value},
        "relevant": relevant,
        **({} if told is None else {"answer": told}),
        "kind": kind,
    }
    return json.dumps(line, ensure_ascii=False)


def answers(item: Item, ask: Ask) -> bool:
    """Return whether an item has everything that is asked for."""
    return (
        ask.shows <= item.shows
        and ask.holds.lower() in item.text.lower()
        and (not ask.topic or ask.topic in item.topics)
    )


def query_pictures() -> Iterator[tuple[str, bytes]]:
    """Yield (file name, bytes) of each query picture: the object, differently drawn."""
    for name in sorted({ask.image for _, ask in _asks("queries") if ask.image}):
        yield f"{name}.jpg", encode(_picture(name), "jpg")


def _picture(name: str) -> Image.Image:
    rng = Random(f"query {name}")
    scene = rng.choice(SCENES[rng.choice(DOMAINS)])
    return compose([name], scene, rng=rng, size=SIZE)

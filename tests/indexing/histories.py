"""Random histories of a partition, for the laws that hold over all of them."""

from collections.abc import Callable
from contextlib import suppress
from typing import cast

from hypothesis import strategies as st

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.testing.frail import Fuse
from tests.indexing.life import DOMAIN, Life
from tests.indexing.purging import purge_until

Event = tuple[str, Callable[[Life], object]]
"""A name, so that a failing history can be read, and what happens."""

CONTENTS = (
    "img:1",
    "img:2",
    "img:3@150x100",
    "img:?4",
    "txt:a note of few words",
    "txt:write to ann@example.com\nor pay 4111 1111\n1111 1111 there",
    "txt:# Title\n" + " ".join(f"word{n}." for n in range(40)),
    "pdf:p|q|=a page that has its own layer of text",
    "pdf:p|r|p",
    "pdf:q|!|?s|t@90x200",
    "bad",
    "slow",
    "",
)
KEYS = ("a1", "a2", "b", "c", "d")
_ROLES = ("ocr", "captioner", "image_text", "text", "sparse")

keys = st.sampled_from(KEYS)


def _put(key: str, content: str) -> Event:
    return f"put {key} {content!r}", lambda life: life.put(**{key: content})


def _on_file(what: str, key: str, other: str) -> Event:
    def happen(life: Life) -> None:
        if key in life.source.files[DOMAIN]:
            getattr(life.source, what)(*((DOMAIN, key, other) if other else (DOMAIN, key)))

    return f"{what} {key} {other}", happen


def _model(role: str, revision: str) -> Event:
    return f"{role}={revision}", lambda life: life.change_model(role, revision)


def _kill(at: int, late: bool) -> Event:
    return f"kill {'after' if late else 'before'} commit {at}", lambda life: life.run_until(
        Fuse(at, late=late)
    )


def _purge(key: str, at: int) -> Event:
    def happen(life: Life) -> None:
        with suppress(CorruptStateError):  # a killed run left a table without the one before it
            purge_until(life, Fuse(at), key)

    return f"purge {key}{f', killed at commit {at}' if at else ''}", happen


def _named(name: str, happen: Callable[[Life], object]) -> Event:
    return name, happen


file_events = st.one_of(
    st.builds(_put, keys, st.sampled_from(CONTENTS)),
    st.builds(_on_file, st.sampled_from(("touch", "delete", "forbid", "allow")), keys, st.just("")),
    st.builds(_on_file, st.sampled_from(("move", "copy")), keys, keys),
)
setting_events = st.one_of(
    st.builds(_model, st.sampled_from(_ROLES), st.sampled_from("123")),
    st.builds(
        lambda group: _named(f"show to {group}", lambda life: life.show_to(group)),
        st.sampled_from(("staff", "public")),
    ),
    st.builds(
        lambda *kinds: _named(f"redact {kinds}", lambda life: life.redact(*kinds)),
        st.sampled_from(("email", "card")),
    ),
    st.builds(
        lambda *names: _named(f"private {names}", lambda life: life.keep_private(*names)),
        st.sampled_from((DOMAIN, "other")),
    ),
    st.just(_named("redact nothing", lambda life: life.redact())),
    st.builds(
        lambda revision: _named(f"filter {revision}", lambda life: life.withhold(revision)),
        st.sampled_from(("", "1", "2")),
    ),
    st.builds(
        lambda name: _named(f"sort into {name!r}", lambda life: life.sort_into(name)),
        st.sampled_from(("bills", "")),
    ),
)
run = st.just(_named("run", lambda life: life.run()))
purge = st.builds(_purge, keys, st.just(0) | st.integers(1, 30))
"""Of one file; some are killed."""
kill = st.builds(_kill, st.integers(1, 45), st.booleans())


def histories(*events: st.SearchStrategy[Event], size: int) -> st.SearchStrategy[list[Event]]:
    """Return histories of up to `size` events after some first files."""
    first = st.lists(st.builds(_put, keys, st.sampled_from(CONTENTS)), min_size=1, max_size=4)
    later = st.lists(st.one_of(*events), max_size=size)
    return cast(st.SearchStrategy[list[Event]], st.builds(lambda a, b: [*a, *b], first, later))


def all_readable(life: Life) -> None:
    """End every lock, so that a rebuild sees what the history saw."""
    for key in life.source.files[DOMAIN]:
        life.source.allow(DOMAIN, key)

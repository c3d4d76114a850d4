"""Hits: a sequence, a table, JSON, lines."""

from collections.abc import Sequence

import pytest

from mmrag_pipeline import Hit, Hits
from mmrag_pipeline.errors import StateUnavailableError
from mmrag_pipeline.records import Box
from mmrag_pipeline.retrieval.hits import Hit as Ranked
from tests.api.ranked import hits, ranked


def test_hits_are_a_sequence_in_the_order_of_the_search() -> None:
    found = hits(ranked(1, key="a"), ranked(2, key="b"), ranked(3, key="c"))
    assert [hit.key for hit in found] == ["a", "b", "c"]
    assert (len(found), found[-1].rank, found[1] in found) == (3, 3, True)
    assert isinstance(found[1:], Hits)
    assert [hit.key for hit in found[1:]] == ["b", "c"]


def test_a_hit_tells_what_its_json_tells() -> None:
    (hit,) = hits(ranked())
    told = hit.as_json()
    names = [name for name in told if name not in ("box", "signals", "also")]
    assert {name: getattr(hit, name) for name in names} == {name: told[name] for name in names}
    assert (hit.box, hit.also) == (Box(1, 2, 30, 40), ())
    assert hit.signals["bm25"].contribution == 3.0


def test_the_table_has_a_row_per_hit_and_columns_per_signal() -> None:
    (row,) = hits(ranked()).to_polars().to_dicts()
    assert (row["key"], row["page"], row["box"], row["point_id"]) == (
        "a.png",
        1,
        [1, 2, 30, 40],
        "point-1",
    )
    assert (row["bm25_rank"], row["bm25_score"], row["bm25_contribution"]) == (1, 4.5, 3.0)
    assert row["image_rank"] is None


def test_a_table_of_no_hits_has_the_same_columns() -> None:
    assert hits().to_polars().schema == hits(ranked()).to_polars().schema


def test_lines_spell_out_what_a_name_would_hide() -> None:
    shown = repr(hits(ranked(key="two\nlines\x1b.txt"), title="a\nb"))
    assert shown.splitlines() == [
        r"1 hit for “a\nb”",
        r"  1 d/two\nlines\x1b.txt  page 1, ocr: +4.0",
    ]


def test_a_picture_is_read_when_it_is_looked_at_and_once() -> None:
    asked: list[str] = []

    def read(some: Sequence[Ranked]) -> list[bytes | None]:
        asked.extend(one.key for one in some)
        return [b"jpeg" if one.key == "a" else None for one in some]

    found = hits(ranked(1, key="a"), ranked(2, key="b"), read=read)
    assert asked == []
    assert found[0].picture() == b"jpeg"
    found._repr_html_()
    found._repr_html_()
    assert (asked, found[1].picture()) == (["a", "b"], None)


def test_a_picture_that_could_not_be_had_is_asked_for_again() -> None:
    tries: list[int] = []

    def read(some: Sequence[Ranked]) -> list[bytes | None]:
        tries.append(1)
        if len(tries) == 1:
            raise StateUnavailableError("no way there: try again")
        return [b"jpeg"]

    hit: Hit = hits(ranked(), read=read)[0]
    with pytest.raises(StateUnavailableError):
        hit.picture()
    assert hit.picture() == b"jpeg"

"""What is known of hits by id: names, texts and pixels, as far as they can be had."""

import pytest

from mmrag_pipeline.errors import StateUnavailableError
from mmrag_pipeline.ids import file_id
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.indexing.hit_pages import (
    HitFile,
    HitPage,
    drawn_pages,
    files_of_hits,
    texts_of_points,
)
from tests.indexing.life import DOMAIN, Life


def at(key: str, page_no: int = 1) -> HitPage:
    return HitPage(DOMAIN, file_id(DOMAIN, key), page_no)


@pytest.fixture
def life() -> Life:
    life = Life()
    life.put(a="img:1", same="img:1", b="txt:one two", c="pdf:2|3")
    life.show_to("staff")
    life.run()
    return life


def drawn(life: Life, *pages: HitPage) -> set[HitPage]:
    return {page for page, _ in drawn_pages(life.world(), set(pages))}


def test_files_have_their_names_and_groups(life: Life) -> None:
    found = files_of_hits(life.world().tables, {at("a"), at("c", 2), at("never")})
    assert found == {
        (DOMAIN, file_id(DOMAIN, "a")): HitFile("a", ("staff",)),
        (DOMAIN, file_id(DOMAIN, "c")): HitFile("c", ("public",)),
    }


def test_points_with_words_have_their_text(life: Life) -> None:
    tables = life.world().tables
    points = rows_of(tables, "points", DOMAIN)
    texts = texts_of_points(tables, [DOMAIN], points["point_id"].to_list())
    assert "one two" in texts.values()
    assert len(texts) == points["sparse_text"].drop_nulls().len()
    assert texts_of_points(tables, ["elsewhere"], points["point_id"].to_list()) == {}


def test_pages_are_drawn_for_each_file_that_has_them(life: Life) -> None:
    wanted = (at("a"), at("same"), at("c", 1), at("c", 2))
    assert drawn(life, *wanted) == set(wanted)


def test_what_has_no_pixels_is_left_out(life: Life) -> None:
    assert drawn(life, at("b"), at("never"), at("a", 9), HitPage("other", "x", 1)) == set()


def test_a_file_that_is_gone_takes_no_other_along(life: Life) -> None:
    life.source.delete(DOMAIN, "c")
    assert drawn(life, at("a"), at("c")) == {at("a")}


def test_a_source_that_fails_as_a_whole_gives_no_pictures(life: Life) -> None:
    def fail() -> None:
        raise StateUnavailableError("the share is away")

    life.source.while_reading = fail
    assert drawn(life, at("a"), at("c")) == set()


def test_a_file_that_the_index_withholds_is_neither_named_nor_drawn(life: Life) -> None:
    life.put(**{f"p{n}": f"img:{n + 10}" for n in range(8)})
    life.run()
    every = {at(f"p{n}") for n in range(8)}
    assert drawn(life, *every) == every
    life.withhold("1")
    life.run()
    left = {str(payload["key"]) for payload, _, _ in life.index()[0].values()}
    shown = {at(key) for key in left if key.startswith("p")}
    assert set() < shown < every
    assert drawn(life, *every) == shown
    named = files_of_hits(life.world().tables, every)
    assert {HitPage(domain, file, 1) for domain, file in named} == shown

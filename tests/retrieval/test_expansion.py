"""A picture without words asks texts with what models see and read in it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmrag_pipeline.engines.stub import StubCaptioner, StubOcr
from mmrag_pipeline.evaluation.evaluate import evaluate
from mmrag_pipeline.evaluation.qrels import LabelledQuery
from mmrag_pipeline.models import open_expansion
from mmrag_pipeline.records import Line, OcrResult, Pixels
from mmrag_pipeline.retrieval.asked import DERIVED, Asked
from mmrag_pipeline.retrieval.cascade import Cascade
from mmrag_pipeline.retrieval.expansion import MOST, Expansion, nothing_more
from mmrag_pipeline.retrieval.query import Query, Searcher
from mmrag_pipeline.retrieval.strategies import STRATEGIES
from mmrag_pipeline.settings import Settings
from tests.retrieval.shelves import Shelves, answers, one_each, picture

SEEN = np.random.default_rng(1).integers(0, 255, (32, 32, 3), dtype=np.uint8)
"""Large enough for the OCR of tests."""
LATE = ("rrf", "zscore", "minmax", "dbsf")


def _words() -> str:
    return Expansion(StubCaptioner(), StubOcr())(SEEN)


@pytest.fixture
def expansion() -> Expansion:
    """Give models whose calls are counted."""
    return Expansion(StubCaptioner(), StubOcr())


@pytest.fixture
def searcher(expansion: Expansion) -> Searcher:
    """Give an index of three pictures and two texts, one of which says what the first shows."""
    shelves = Shelves()
    shelves.fill("shop", {"said.txt": _words(), "other.txt": "something else entirely"})
    shelves.add("shop", [shelves.page("shop", "1.png", SEEN)])
    shelves.add("shop", [shelves.page("shop", f"{n}.png", picture(n)) for n in (2, 3)])
    return replace(shelves.searcher, expand=expansion)


def test_captions_come_first_and_then_what_is_read(expansion: Expansion) -> None:
    captions = [c.text for c in StubCaptioner().caption([SEEN])[0]]
    lines = [line.text for line in StubOcr().read([SEEN])[0].lines]
    assert expansion(SEEN) == " ".join([*captions, *lines])
    assert len(expansion(SEEN).split()) <= MOST


class _Letters(StubOcr):
    """Reads what photographs give, and one code."""

    def read(self, pages: Sequence[Pixels]) -> list[OcrResult]:
        """Return the same lines for any picture."""
        lines = tuple(Line(text, None, 0.9) for text in ("CC", "XR-200", "中", "1 -", ""))
        return [OcrResult(lines, "latin", 0.9) for _ in pages]


def test_letters_that_stand_alone_are_no_words() -> None:
    captions = StubCaptioner().caption([SEEN])[0]
    assert Expansion(StubCaptioner(), _Letters())(SEEN) == f"{captions[0].text} XR-200"


def test_a_picture_finds_the_text_that_says_what_it_shows(searcher: Searcher) -> None:
    found = {hit.key: hit for hit in searcher.search(Query(image=SEEN))}
    assert found["said.txt"].signals["bm25"].contribution > 0
    assert found["said.txt"].score > found["other.txt"].score


def test_what_derived_words_find_is_trusted_less_than_for_given_words(searcher: Searcher) -> None:
    derived, given = (
        {hit.key: hit.signals for hit in searcher.search(query)}["said.txt"]["bm25"]
        for query in (Query(image=SEEN), Query(_words()))
    )
    assert derived.contribution == pytest.approx(DERIVED * given.contribution)


def test_the_picture_itself_is_asked_without_the_words(searcher: Searcher) -> None:
    (first,) = searcher.search(Query(image=SEEN, kinds=("page",), limit=1))
    assert first.key == "1.png"
    assert first.signals["image"].score == pytest.approx(1.0, abs=1e-5)


def test_hits_tell_the_words_that_were_derived(searcher: Searcher) -> None:
    hits = searcher.search(Query(image=SEEN))
    assert {str(hit.as_json()["derived"]) for hit in hits} == {_words()}
    assert {hit.derived for hit in searcher.search(Query("something"))} == {""}


@pytest.mark.parametrize("query", [Query("words"), Query("words", image=SEEN)])
def test_no_model_puts_a_picture_into_words_beside_those_of_a_person(
    searcher: Searcher, expansion: Expansion, query: Query
) -> None:
    searcher.search(query)
    assert isinstance(expansion.ocr, StubOcr)
    assert expansion.ocr.calls == 0


def test_a_picture_is_put_into_words_once(searcher: Searcher, expansion: Expansion) -> None:
    assert searcher.expanded(searcher.expanded(Query(image=SEEN))).derived == _words()
    assert isinstance(expansion.ocr, StubOcr)
    assert expansion.ocr.calls == 1


def test_without_models_a_picture_asks_for_pictures_only() -> None:
    shelves = Shelves()
    shelves.fill("shop", {"said.txt": _words()})
    assert shelves.searcher.search(Query(image=SEEN)) == []


@pytest.mark.parametrize("name", LATE)
def test_late_fusion_trusts_derived_words_less(name: str) -> None:
    lists = answers({"text": one_each(a=0.9, b=0.1), "image": one_each(c=0.9, a=0.1)})
    own = {f.file: f for f in STRATEGIES[name](Asked("words", pictured=True, depth=9), lists)}
    derived = {
        f.file: f
        for f in STRATEGIES[name](Asked("", pictured=True, depth=9, derived="words"), lists)
    }
    for file, ranked in derived.items():
        for signal, share in ranked.shares.items():
            whole = own[file].shares[signal].contribution
            expected = whole * (DERIVED if signal == "text" else 1.0)
            assert share.contribution == pytest.approx(expected)


def test_a_cascade_asks_pictures_everywhere_for_a_picture(searcher: Searcher) -> None:
    cascade = Cascade(1)
    found = replace(searcher, strategy=cascade).search(Query(image=SEEN))
    assert {hit.key for hit in found if "image" in hit.signals} == {"1.png", "2.png", "3.png"}
    asked = Asked("", pictured=True, depth=9, derived=_words())
    assert cascade.shortlist(asked, answers({"text": one_each(a=0.9, b=0.1)})) is None


def test_an_evaluation_measures_what_a_search_finds(searcher: Searcher) -> None:
    query = LabelledQuery("q", "", Path("a.png"), ("shop/said.txt",), "picture")
    result = evaluate(searcher, [query], load_image=lambda _: SEEN)
    assert result.signals["bm25"].overall.as_json()["recall@1"] == 1.0


def test_pictures_are_put_into_words_only_where_settings_say_so(tmp_path: Path) -> None:
    assert open_expansion(Settings(home=tmp_path)) is nothing_more
    assert isinstance(open_expansion(Settings(home=tmp_path, expand_pictures=True)), Expansion)

"""What learned fusion sees."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.retrieval.asked import Asked
from mmrag_pipeline.retrieval.features import FEATURES, described, scored
from mmrag_pipeline.retrieval.signals import SIGNALS, Lists
from mmrag_pipeline.retrieval.trusted import evidence
from tests.retrieval.shelves import answers, found, one_each

ASKED = Asked("a red kettle", pictured=True, depth=100)
SCORES = st.integers(-50, 50).map(float)
POINTS = st.builds(found, st.sampled_from("abcdef"), SCORES, domain=st.sampled_from("xy"))
LISTS = st.dictionaries(st.sampled_from(SIGNALS), st.lists(POINTS, max_size=4))
PRINTED = st.builds(found, st.sampled_from("abc"), SCORES, kind=st.just("ocr"), confidence=SCORES)
READ = st.dictionaries(st.sampled_from(SIGNALS), st.lists(PRINTED, max_size=4))


def features(lists: Lists, asked: Asked = ASKED) -> dict[str, dict[str, float]]:
    """Return key -> feature -> value, what is 0 left out."""
    found_there = described(asked, answers(lists))
    return {
        file.file[1]: {name: v for name, v in zip(FEATURES, row, strict=True) if v}
        for file, row in zip(found_there.files, found_there.rows.tolist(), strict=True)
    }


def test_a_signal_tells_score_rank_nats_and_presence() -> None:
    known = features({"image": one_each(a=0.9, b=0.4, c=0.4, d=0.3)})
    nats = known["a"].pop("image.nats")
    assert nats > 0.0
    assert known["a"] == {
        "image.score": 1.0,
        "image.rank": 1.0,
        "image.found": 1.0,
        "image.nats_of_both": nats,
    }
    assert known["b"]["image.score"] == pytest.approx(1 / 6)
    assert known["b"]["image.rank"] == pytest.approx(1 / math.log2(3))


def test_a_signal_that_does_not_find_a_file_tells_nothing_of_it() -> None:
    known = features({"image": one_each(a=0.9), "bm25": one_each(b=3.0)})
    assert not any(name.startswith("bm25") for name in known["a"])


def test_a_file_tells_confidence_caption_and_age() -> None:
    read = [
        found("a", score, kind="ocr", confidence=confidence, modified_at="2026-01-11T00:00:00Z")
        for score, confidence in ((2.0, 0.9), (1.0, 0.5))
    ]
    seen = found("b", 1.0, kind="caption", text="a red kettle", modified_at="2026-01-01T00:00:00Z")
    known = features({"bm25": [*read, seen]})
    assert known["a"]["ocr_confidence"] == pytest.approx(0.7)
    assert known["b"]["caption_length"] == pytest.approx(math.log(4))
    assert known["b"]["recency"] == pytest.approx(-math.log(11))
    assert "recency" not in known["a"]


@pytest.mark.parametrize("told", ["", "yesterday", None])
def test_a_time_that_cannot_be_read_is_no_age(told: str | None) -> None:
    known = features({"bm25": [found("a", 1.0, modified_at=told), found("b", 2.0)]})
    assert "recency" not in known["a"]


@pytest.mark.parametrize(
    ("text", "pictured", "form"),
    [
        ("a kettle", False, "words"),
        ("total 129.50", False, "exact"),
        ("XR-200", True, "both"),
        (" ", True, "picture"),
    ],
)
def test_the_form_of_a_query_is_what_it_is_made_of(text: str, pictured: bool, form: str) -> None:
    assert Asked(text, pictured=pictured, depth=100).form == form


def test_the_form_shows_in_what_the_nats_of_a_signal_count() -> None:
    lists: Lists = {"bm25": [found("a", 9.0, text="total 129.50")]}
    known = features(lists, Asked("total 129.50", pictured=False, depth=100))["a"]
    assert known["bm25.nats_of_exact"] == known["bm25.nats"] > 0.0
    assert "bm25.nats_of_words" not in known


def test_weights_of_1_on_nats_give_the_ranking_by_evidence() -> None:
    lists: Lists = {"image": one_each(a=0.9, b=0.4, c=0.3), "bm25": one_each(b=2.0, c=1.0)}
    weights = [float(name.endswith(".nats")) for name in FEATURES]
    ranked = scored(described(ASKED, answers(lists)), weights)
    by_evidence = evidence(ASKED, answers(lists))
    assert [file.score for file in ranked] == pytest.approx([file.score for file in by_evidence])


@given(LISTS, st.integers())
def test_the_order_of_candidates_does_not_matter(lists: Lists, seed: int) -> None:
    mixed = {
        s: random.Random(seed).sample(list(f), len(f)) for s, f in reversed(list(lists.items()))
    }
    first, second = (described(ASKED, answers(own)) for own in (lists, mixed))
    assert first.files == second.files
    assert first.rows.tolist() == second.rows.tolist()


@given(READ, st.lists(st.integers(-3, 3), min_size=len(FEATURES), max_size=len(FEATURES)))
def test_contributions_add_up_to_the_weighted_features(lists: Lists, weights: list[int]) -> None:
    found_there = described(ASKED, answers(lists))
    totals = dict(zip([f.file for f in found_there.files], found_there.rows @ weights, strict=True))
    for file in scored(found_there, weights):
        assert file.score == sum(share.contribution for share in file.shares.values())
        assert file.score == pytest.approx(totals[file.file], abs=1e-9)

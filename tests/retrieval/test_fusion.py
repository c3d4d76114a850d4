"""The laws of fusion."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.records import Signal
from mmrag_pipeline.retrieval.fusion import FusedFile, alone, best_scores
from mmrag_pipeline.retrieval.fusion import fuse as fuse_to_depth
from mmrag_pipeline.retrieval.signals import SIGNALS, Found, Lists
from mmrag_pipeline.retrieval.trust import Trust
from tests.retrieval.shelves import found, one_each

FULL: Trust = dict.fromkeys(SIGNALS, 1.0)
SCORES = st.floats(0.0, 30.0, allow_nan=False)
POINTS = st.builds(found, st.sampled_from("abcdef"), SCORES, domain=st.sampled_from("xy"))
LISTS = st.dictionaries(st.sampled_from(SIGNALS), st.lists(POINTS, max_size=8))


def fuse(lists: Lists, trust: Trust = FULL, *, depth: int = 100) -> list[FusedFile]:
    """Return the fusion of lists that were, by default, not cut off."""
    return fuse_to_depth([lists], [trust], depth=depth)


def keys(lists: Lists, trust: Trust = FULL) -> list[str]:
    """Return the keys of the ranking."""
    return [file.file[1] for file in fuse(lists, trust)]


@given(LISTS, st.integers())
def test_the_order_of_candidates_does_not_matter(lists: Lists, seed: int) -> None:
    mixed = {
        s: random.Random(seed).sample(list(f), len(f)) for s, f in reversed(list(lists.items()))
    }
    assert fuse(mixed) == fuse(lists)


@given(LISTS)
def test_every_found_file_is_ranked_once(lists: Lists) -> None:
    files = {(f.domain, str(f.candidate.payload["key"])) for found in lists.values() for f in found}
    assert sorted(file.file for file in fuse(lists)) == sorted(files)


@given(LISTS)
def test_contributions_add_up_to_the_score(lists: Lists) -> None:
    for file in fuse(lists):
        assert file.score == sum(share.contribution for share in file.shares.values())


@given(st.sampled_from(SIGNALS), st.lists(POINTS, max_size=8))
def test_one_signal_alone_keeps_its_own_order(signal: Signal, points: list[Found]) -> None:
    assert [f.file for f in fuse({signal: points})] == list(best_scores(points))


@given(st.lists(POINTS, min_size=1, max_size=8), st.floats(0.0, 1.0))
def test_a_signal_without_a_peak_adds_nothing(points: list[Found], level: float) -> None:
    flat = [found(str(f.candidate.payload["key"]), level, domain=f.domain) for f in points]
    fused = fuse({"bm25": points, "image": flat})
    assert all(f.shares["image"].contribution == 0.0 for f in fused)


@given(st.lists(POINTS, max_size=8), st.integers(1, 5))
def test_words_count_the_same_whichever_models_found_the_rest(
    points: list[Found], depth: int
) -> None:
    apart: list[Lists] = [{"bm25": [f for f in points if f.domain == d]} for d in "xy"]
    fused = fuse_to_depth(apart, [FULL, FULL], depth=depth)
    together = fuse({"bm25": points}, depth=depth)
    assert {f.file: f.score for f in fused} == {f.file: f.score for f in together}


def test_cosines_are_read_against_those_of_the_same_model() -> None:
    first: Lists = {"text": one_each(peak=0.4, a=0.1, b=0.1, c=0.11, d=0.12)}
    high = one_each(e=0.91, f=0.9, g=0.9, h=0.89, i=0.9)
    second: Lists = {"text": [replace(f, domain="other") for f in high]}
    assert fuse_to_depth([second, first], [FULL, FULL], depth=100)[0].file == ("shop", "peak")
    assert alone("text", [second, first], depth=100)[0].file == ("shop", "peak")


def test_files_without_evidence_keep_the_ranks_that_their_models_give_them() -> None:
    lists: list[Lists] = [{"text": [found("a", 0.5, domain=d)]} for d in "xy"]
    lists[0] = {"text": [*lists[0]["text"], found("b", 0.5, domain="x")]}
    ranking = [f.file for f in fuse_to_depth(lists, [FULL, FULL], depth=100)]
    assert ranking == [("x", "a"), ("y", "a"), ("x", "b")]


def test_all_rare_terms_outweigh_every_resemblance() -> None:
    lists: Lists = {"bm25": one_each(a=26.0, b=14.0), "text": one_each(a=0.3, b=0.66, c=0.5)}
    assert keys(lists)[0] == "a"


def test_a_clear_resemblance_outweighs_a_chance_word() -> None:
    lists: Lists = {
        "bm25": one_each(b=2.0),
        "text": one_each(a=0.7, b=0.3, c=0.3, d=0.29, e=0.28),
    }
    assert keys(lists)[0] == "a"


def test_a_distrusted_signal_does_not_change_the_order() -> None:
    lists: Lists = {"bm25": one_each(a=3.0, b=2.0), "image": one_each(b=0.9, a=0.1, c=0.1)}
    assert keys(lists, {**FULL, "image": 0.0}) == ["a", "b", "c"]


def test_a_file_without_a_picture_is_not_punished_for_it() -> None:
    lists: Lists = {
        "text": one_each(note=0.8, a=0.3, b=0.3),
        "image": one_each(a=0.21, b=0.2, c=0.2),
    }
    assert keys(lists)[0] == "note"


def test_a_file_counts_with_its_best_point() -> None:
    many = [found("many", score) for score in (1.0, 1.1, 1.2)]
    assert keys({"bm25": [*many, found("one", 2.0)]}) == ["one", "many"]


def test_equal_files_are_ordered_by_name() -> None:
    assert keys({"bm25": one_each(b=1.0, a=1.0)}) == ["a", "b"]


def test_a_share_tells_rank_and_raw_score() -> None:
    first, second = fuse({"bm25": one_each(a=3.0, b=2.0)}, {**FULL, "bm25": 0.5})
    assert first.shares["bm25"].as_json() == {"rank": 1, "score": 3.0, "contribution": 1.5}
    assert second.shares["bm25"].rank == 2


def test_no_candidates_give_no_files() -> None:
    assert fuse({"text": []}) == []


def test_files_of_the_same_name_in_two_domains_are_two() -> None:
    lists: Lists = {"bm25": [found("a", 2.0, domain="x"), found("a", 1.0, domain="y")]}
    assert [f.file for f in fuse(lists)] == [("x", "a"), ("y", "a")]
    assert fuse(lists)[0].score == pytest.approx(2.0)


def test_in_a_list_that_was_cut_off_only_the_lead_counts() -> None:
    lists: Lists = {"bm25": one_each(a=21.0, b=20.0), "text": one_each(c=0.8, d=0.3, a=0.3)}
    assert fuse(lists, depth=2)[0].file[1] == "c"


def test_the_shorter_lists_of_several_domains_are_not_cut_off() -> None:
    each = [found("a", 21.0, domain="x"), found("b", 20.0, domain="y")]
    assert [f.score for f in fuse({"bm25": each}, depth=2)] == [21.0, 20.0]


def test_a_list_that_was_cut_off_speaks_for_its_domain_only() -> None:
    cut = [found("a", 21.0, domain="x"), found("b", 20.0, domain="x")]
    lists: Lists = {"bm25": [*cut, found("c", 5.0, domain="y")]}
    assert [f.score for f in fuse(lists, depth=2)] == [1.0, 0.0, 0.0]


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (0.5, 0.18), (0.3, -0.05), (2.0, 0.1)])
def test_a_picture_that_stands_out_beats_texts_that_hardly_do(scale: float, shift: float) -> None:
    noise = {f"n{n}": 0.001 * (n % 50) for n in range(100)}
    texts = one_each(**{key: 0.2 + 4 * score for key, score in noise.items()}, related=0.43)
    seen = {key: scale * score + shift for key, score in [*noise.items(), ("photo", 0.15)]}
    assert keys({"image": one_each(**seen), "text": texts})[0] == "photo"


def test_a_text_that_stands_out_beats_pictures_that_hardly_do() -> None:
    noise = {f"n{n}": 0.004 * (n % 50) for n in range(100)}
    pictures = one_each(**noise, pretty=0.23)
    assert keys({"image": pictures, "text": one_each(**noise, answer=0.6)})[0] == "answer"


def test_the_only_match_counts_in_full() -> None:
    assert fuse({"bm25": one_each(a=21.0)})[0].score == 21.0

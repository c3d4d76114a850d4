"""Rankings that are made from the lists of one search."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.evaluation.pages import page_entries, page_of
from mmrag_pipeline.evaluation.qrels import RelevantPage
from mmrag_pipeline.evaluation.variants import FAMILIES, FUSED, Ablations, name_of, variants
from mmrag_pipeline.records import Signal
from mmrag_pipeline.retrieval.fusion import FusedFile, alone
from mmrag_pipeline.retrieval.paged import paged
from mmrag_pipeline.retrieval.signals import Answer, Found, Seen
from mmrag_pipeline.retrieval.strategies import STRATEGIES, Asked, Tuning, evidence, tuned
from tests.retrieval.shelves import Shelves, found

ROW = np.ones(1, np.float32)
ASKED = Asked("red kettle", pictured=False, depth=2)
ALL = Ablations(tuple(FAMILIES))


def _seen(asked: Asked, answers: Sequence[Answer]) -> list[FusedFile]:
    """Rank files by how many lists have them: what a strategy got is to be seen in it."""
    points = [(f.domain, str(f.candidate.payload["key"])) for a in answers for f in _all(a)]
    return [FusedFile(file, float(points.count(file)), {}) for file in sorted(set(points))]


def _all(answer: Answer) -> list[Found]:
    return [found for own in answer.lists.values() for found in own]


def _answer(lists: Mapping[Signal, Sequence[Found]]) -> Answer:
    return Answer(Shelves().encoders, lists)


def _ranked(name: str, lists: Mapping[Signal, Sequence[Found]]) -> list[str]:
    ranking = next(one for one in variants(_seen, ALL) if one.name == name)
    return [file.file[1] for file in ranking(ASKED, [_answer(lists)])]


def test_without_ablations_there_are_the_fusion_and_each_signal() -> None:
    names = [one.name for one in variants(evidence, Ablations())]
    assert names == [FUSED, "image", "text", "image_text", "bm25"]


def test_every_strategy_has_a_ranking() -> None:
    names = {one.name for one in variants(evidence, Ablations(("strategies",)))}
    assert {f"strategy {name}" for name in STRATEGIES} <= names


def test_strategies_are_compared_as_settings_tune_them() -> None:
    tuning = Tuning(10.0, {"text": 0.5})
    rankings = variants(evidence, Ablations(("strategies",), tuning=tuning))
    ranks = {one.name: one.rank for one in rankings}
    assert ranks["strategy rrf"] == tuned(tuning)["rrf"] != STRATEGIES["rrf"]


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_tuned_strategy_is_known_by_its_name(name: str) -> None:
    tuning = Tuning(10.0, {"text": 0.5})
    assert name_of(tuned(tuning)[name], tuning) == name


def test_all_names_are_distinct() -> None:
    names = [one.name for one in variants(evidence, ALL)]
    assert len(names) == len(set(names))


def test_an_unknown_ablation_is_named_with_those_that_there_are() -> None:
    with pytest.raises(SettingsError, match=r"'colour'; known: strategies, leave_one_out, kinds"):
        Ablations(("colour",))


def test_a_signal_that_is_left_out_says_nothing() -> None:
    lists: dict[Signal, list[Found]] = {"text": [found("a", 0.9)], "bm25": [found("b", 3.0)]}
    assert _ranked("without text", lists) == ["b"]
    assert _ranked(FUSED, lists) == ["a", "b"]


def test_what_is_left_out_is_not_looked_up_later_either() -> None:
    again: dict[Signal, list[Seen]] = {
        "text": [Seen(found("a", 0.9), ROW)],
        "bm25": [Seen(found("b", 3.0), ROW)],
    }

    def looked_up(asked: Asked, answers: Sequence[Answer]) -> list[FusedFile]:
        (answer,) = answers
        seen = {**answer.again(frozenset()), **answer.near(("text", "bm25"), set())}
        return [FusedFile(("shop", signal), 1.0, {}) for signal in seen]

    answer = replace(_answer({}), again=lambda _: again, near=lambda *_: again)
    one = next(v for v in variants(looked_up, ALL) if v.name == "without text")
    assert [file.file[1] for file in one(ASKED, [answer])] == ["bm25"]


@pytest.mark.parametrize(
    ("name", "kind"), [("no captions", "caption"), ("no ocr", "ocr"), ("no tiles", "tile")]
)
def test_points_of_a_kind_are_left_out(name: str, kind: str) -> None:
    assert _ranked(name, {"text": [found("a", 0.9, kind=kind), found("b", 0.8)]}) == ["b"]


def test_texts_read_with_less_confidence_are_left_out() -> None:
    lists: dict[Signal, list[Found]] = {
        "text": [found("sure", 0.9, kind="ocr", confidence=0.9)],
        "bm25": [found("unsure", 0.9, kind="ocr", confidence=0.7), found("own", 0.8)],
    }
    assert _ranked("ocr from 0.8", lists) == ["own", "sure"]
    assert _ranked("ocr from 0.5", lists) == ["own", "sure", "unsure"]


def test_the_next_best_take_the_place_of_what_is_left_out() -> None:
    tiles = [found(f"tile{n}", 0.9, kind="tile") for n in range(2)]
    pages = [found(f"page{n}", 0.5 - n / 10, kind="page") for n in range(3)]
    assert _ranked("no tiles", {"image": [*tiles, *pages]}) == ["page0", "page1"]
    assert _ranked(FUSED, {"image": [*tiles, *pages]}) == ["tile0", "tile1"]


def test_a_page_is_ranked_by_its_best_point() -> None:
    lists: dict[Signal, list[Found]] = {
        "bm25": [found("a", 9.0, page_no=2), found("a", 1.0, page_no=1), found("b", 5.0)]
    }
    answer = paged(_answer(lists))
    ranked = alone("bm25", [answer.lists], depth=9)
    assert [page_of(one.file) for one in ranked] == [
        ("shop", "a", 2),
        ("shop", "b", 1),
        ("shop", "a", 1),
    ]


@given(st.text(), st.integers(1, 10**6))
def test_a_page_is_known_again_whatever_its_file_is_called(key: str, page_no: int) -> None:
    answer = paged(_answer({"text": [found(key, 0.5, page_no=page_no)]}))
    (one,) = answer.lists["text"]
    marked = str(one.candidate.payload["key"])
    assert page_of(("shop", marked)) == ("shop", key, page_no)
    assert page_entries([RelevantPage(key, page_no)]) == [marked]

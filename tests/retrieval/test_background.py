"""How far a score stands out."""

import random
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.retrieval.background import background

BOUNDLESS = 1e9
COSINES = st.integers(-100, 100).map(lambda hundredths: hundredths / 100)
FIELDS = st.lists(COSINES, min_size=1, max_size=30)
CHANCE = [NormalDist().inv_cdf((n + 0.5) / 100) for n in range(100)]


@given(FIELDS, COSINES, COSINES)
def test_a_higher_score_never_says_less(field: list[float], one: float, other: float) -> None:
    found = background(field)
    low, high = sorted((one, other))
    assert 0.0 <= found.nats(low, 20.0) <= found.nats(high, 20.0) + 1e-9


@given(FIELDS, st.integers())
def test_the_order_of_scores_does_not_matter(field: list[float], seed: int) -> None:
    mixed = random.Random(seed).sample(field, len(field))
    assert background(mixed) == background(field)


@given(FIELDS, st.floats(0.1, 10.0), st.floats(-1.0, 1.0))
def test_the_range_of_a_models_cosines_does_not_matter(
    field: list[float], scale: float, shift: float
) -> None:
    moved = background([scale * score + shift for score in field])
    expected = background(field).nats(max(field), BOUNDLESS)
    assert moved.nats(scale * max(field) + shift, BOUNDLESS) == pytest.approx(expected, rel=1e-3)


def test_the_leader_of_files_that_are_there_by_chance_says_little() -> None:
    assert background(CHANCE).nats(max(CHANCE), BOUNDLESS) < 1.2


def test_a_file_far_above_the_others_says_much() -> None:
    assert background([*CHANCE, 6.0]).nats(6.0, BOUNDLESS) > 10.0


def test_the_leader_of_a_flat_field_says_no_more_than_its_lead() -> None:
    flat = [0.2, 0.21, 0.2]
    assert background(flat).nats(0.21, 20.0) == pytest.approx(0.2)


def test_equal_scores_say_nothing() -> None:
    assert background([0.4, 0.4]).nats(0.4, 20.0) == 0.0


def test_a_score_beyond_all_chance_is_still_a_number() -> None:
    field = [0.0] * 9_999
    assert background([*field, 1.0]).nats(1.0, BOUNDLESS) == pytest.approx(690.8, abs=0.1)

"""Domains that are known always go on; new ones only while there is room."""

from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.indexing.admission import admit

NAMES = st.sets(st.text("abcdef", min_size=1, max_size=2), max_size=12)
NUMBERS = st.integers(1, 12)


def test_known_domains_go_on_however_many_they_are() -> None:
    admission = admit(["b", "a"], known={"a", "b", "c"}, most=1)
    assert (admission.domains, admission.refused) == (("a", "b"), ())


def test_new_domains_are_let_in_by_name_while_there_is_room() -> None:
    admission = admit(["d", "c", "b", "z"], known={"z", "y"}, most=4)
    assert (admission.domains, admission.refused) == (("b", "c", "z"), ("d",))


def test_known_domains_that_are_not_asked_for_take_room() -> None:
    assert admit(["a"], known={"x", "y"}, most=2).refused == ("a",)


def test_a_refusal_says_how_many_are_left_out_and_what_to_do() -> None:
    assert admit(["a", "b"], known=(), most=1).refusal == (
        "1 new domain is not indexed, for one 'b': there are 1 and MMRAG_MAX_DOMAINS=1 allows no "
        "new one; raise it to let more in, or give an empty domain's place back "
        "(docs/troubleshooting.md)"
    )


def test_nothing_is_said_where_all_are_let_in() -> None:
    assert admit(["a", "b"], known=(), most=2).refusal == ""


def test_a_long_name_does_not_fill_the_line() -> None:
    assert len(admit(["x" * 5_000], known={"a"}, most=1).refusal) < 300


@given(NAMES, NAMES, NUMBERS)
def test_there_are_never_more_than_the_bound_or_what_was_known(
    names: set[str], known: set[str], most: int
) -> None:
    admission = admit(names, known=known, most=most)
    after = known | {*admission.domains}
    assert len(after) <= max(most, len(known))
    assert {*admission.domains, *admission.refused} == names
    assert names & known <= {*admission.domains}


@given(NAMES, NAMES, NUMBERS)
def test_asking_again_lets_in_the_same(names: set[str], known: set[str], most: int) -> None:
    first = admit(names, known=known, most=most)
    again = admit(names, known=known | {*first.domains}, most=most)
    assert (again.domains, again.refused) == (first.domains, first.refused)

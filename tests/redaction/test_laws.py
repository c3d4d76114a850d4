"""What holds of every text: sound values are found, others stay, and so does all else."""

from typing import get_args

from hypothesis import assume, given
from hypothesis import strategies as st

from mmrag_pipeline.marks import MARKS, PersonalData
from mmrag_pipeline.records import Box, Line
from mmrag_pipeline.redaction.lines import redacted, values
from mmrag_pipeline.redaction.rules import Rules
from mmrag_pipeline.safety_settings import NationalId
from tests.redaction.values import accounts, cards, gaps, grouped, mails, slipped

ALL = Rules(get_args(PersonalData), "GB", get_args(NationalId))
words = st.lists(
    st.sampled_from(["total", "129.50", "12/01/2019", "XR-200", "né", "点"]), max_size=5
)
prose = words.map(" ".join)
anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


def _lines(text: str) -> list[Line]:
    return [Line(line, Box(0, n, 9, n + 1)) for n, line in enumerate(text.split("\n"))]


def _said(text: str, rules: Rules) -> str:
    return "\n".join(line.text for line in redacted(_lines(text), rules))


@given(prose, cards, gaps, prose)
def test_a_sound_card_number_is_found_in_any_spelling(a: str, card: str, gap: str, b: str) -> None:
    said = _said(f"{a} {grouped(card, gap)}; {b}", Rules(("card",)))
    assert said.replace("\n", "") == f"{a} [card]; {b}"


@given(prose, accounts, gaps, prose)
def test_a_sound_account_number_is_found_in_any_spelling(
    a: str, account: str, gap: str, b: str
) -> None:
    said = _said(f"{a}; {grouped(account, gap)}; {b}", Rules(("iban",)))
    assert said.replace("\n", "") == f"{a}; [IBAN]; {b}"


@given(prose, mails, prose)
def test_a_mail_address_is_found(a: str, mail: str, b: str) -> None:
    assert _said(f"{a} <{mail}>, {b}", Rules(("email",))) == f"{a} <[e-mail]>, {b}"


broken_cards = st.builds(slipped, cards, st.integers(0, 30), st.integers(1, 9))
broken_accounts = st.builds(slipped, accounts, st.integers(0, 30), st.integers(1, 9))


@given(broken_cards, broken_accounts, gaps)
def test_digits_with_a_broken_checksum_stay(card: str, account: str, gap: str) -> None:
    for kind, number in (("card", card), ("iban", account)):
        text = f"no. {grouped(number, gap)} of today"
        assert _said(text, Rules((kind,))) == text  # type: ignore[arg-type]  # both are kinds


@given(anything)
def test_a_text_without_values_is_the_same_object(text: str) -> None:
    lines = _lines(text)
    assume(not values(text, ALL))
    assert redacted(lines, ALL) is lines


@given(prose)
def test_prices_dates_and_codes_stay(text: str) -> None:
    assert _said(text, ALL) == text


@given(anything, cards, mails, anything)
def test_every_line_comes_back_in_its_box(a: str, card: str, mail: str, b: str) -> None:
    lines = _lines(f"{a}\n{card}\n{mail}\n{b}")
    assert [line.box for line in redacted(lines, ALL)] == [line.box for line in lines]


@given(anything, cards, accounts, mails, anything)
def test_redacting_again_changes_nothing(
    a: str, card: str, account: str, mail: str, b: str
) -> None:
    once = redacted(_lines(f"{a} {card}\n{account} {mail} {b}"), ALL)
    assert redacted(once, ALL) is once


@given(anything, st.one_of(cards, accounts), anything)
def test_what_is_between_values_stays_byte_for_byte(a: str, value: str, b: str) -> None:
    text = f"{a}|{value}|{b}"
    found, said, done = values(text, ALL), "", 0
    for one in found:
        said, done = said + text[done : one.start] + MARKS[one.kind], one.stop
    assume(not any("\n" in text[one.start : one.stop] for one in found))
    assert _said(text, ALL) == said + text[done:]

"""What counts as a value, spelling by spelling."""

import time
from typing import get_args

import pytest

from mmrag_pipeline.marks import PersonalData
from mmrag_pipeline.records import Line
from mmrag_pipeline.redaction.lines import redacted, values
from mmrag_pipeline.redaction.national_ids import national_ids
from mmrag_pipeline.redaction.rules import Rules
from mmrag_pipeline.safety_settings import NationalId

EVERYTHING = Rules(get_args(PersonalData), "MY", get_args(NationalId))
IDS = {
    "be.nn": "85.07.30-033 28",
    "br.cpf": "390.533.447-05",
    "ca.sin": "123-456-782",
    "ch.ssn": "756.9217.0769.85",
    "cn.ric": "360426199101010071",
    "de.idnr": "36 574 261 809",
    "dk.cpr": "211062-5629",
    "es.dni": "54362315-K",
    "es.nie": "x-2482300w",
    "fi.hetu": "131052-308T",
    "fr.nir": "2 95 10 99 126 111 93",
    "gb.nhs": "943-476-5870",
    "gb.nino": "AB 12 34 56 C",
    "in.aadhaar": "2341 2341 2346",
    "it.codicefiscale": "RCCMNL83S18D969H",
    "kr.rrn": "971013-9019902",
    "my.nric": "770305-02-1234",
    "nl.bsn": "1112.22.333",
    "no.fodselsnummer": "151086 95088",
    "pl.pesel": "44051401359",
    "se.personnummer": "880320-0016",
    "us.itin": "912-90-3456",
    "us.ssn": "536-90-4399",
    "za.idnr": "7503305044089",
}
"""From the documentation of python-stdnum."""


def _said(text: str, *kinds: PersonalData, region: str | None = None) -> str:
    lines = [Line(line, None) for line in text.split("\n")]
    found = redacted(lines, Rules(kinds, region, get_args(NationalId)))
    return "\n".join(line.text for line in found)


def test_every_national_id_that_can_be_named_has_an_example() -> None:
    assert IDS.keys() == {*get_args(NationalId)}


@pytest.mark.parametrize("name", get_args(NationalId))
def test_a_national_id_is_found_in_its_written_form(name: NationalId) -> None:
    text = f"Aadhaar or id: {IDS[name]}, and more"
    assert [text[a:b] for a, b in national_ids(text, [name])] == [IDS[name]]


@pytest.mark.parametrize("name", sorted({*get_args(NationalId)} - {"gb.nino"}))
def test_a_national_id_that_cannot_be_is_none(name: NationalId) -> None:
    last = max(n for n, char in enumerate(IDS[name]) if char.isdigit())
    broken = {"my.nric": "779905-02-1234", "us.ssn": "000-90-4399", "us.itin": "912-69-3456"}
    broken["dk.cpr"] = "991062-5629"
    slipped = f"{IDS[name][:last]}{(int(IDS[name][last]) + 1) % 10}{IDS[name][last + 1 :]}"
    assert list(national_ids(broken.get(name, slipped), [name])) == []


@pytest.mark.parametrize("text", ["SSN536-90-4399", "my ssn536-90-4399"])
def test_a_national_id_may_touch_its_name(text: str) -> None:
    assert _said(text, "national_id") == f"{text[:-11]}[national id]"


@pytest.mark.parametrize("text", ["ASN536-90-4399", "SSN536-90-43991", "XR536-90-4399"])
def test_a_national_id_touches_no_other_word(text: str) -> None:
    assert _said(text, "national_id") == text


@pytest.mark.parametrize("row", ["2002 2006 2010", "199 272 261", "1990 2002 2006 2010 2014"])
def test_numbers_side_by_side_in_a_table_are_no_national_ids(row: str) -> None:
    assert _said(f"in millions {row}", "national_id") == f"in millions {row}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("4111 1111 1111 1111 12/27", "[card] 12/27"),
        ("1234 4111 1111 1111 1111", "1234 [card]"),
        ("3782 822463 10005", "[card]"),
        ("VISA4111111111111111", "VISA[card]"),
        ("４１１１　１１１１　１１１１　１１１１", "[card]"),
        ("4111-1111-\n1111-1111 paid", "[card]\n paid"),
        ("4111\n1111\n1111\n1111\n9.90", "[card]\n\n\n\n9.90"),
        ("no. 4111.1111.1111.1111.", "no. [card]."),
        ("4111 - 1111 - 1111 - 1111 - 12", "[card] - 12"),
        ("4111_1111_1111_1111", "[card]"),
        ("411111 1111111111", "[card]"),
        ("3782.822463.10005 paid", "[card] paid"),
        ("4111  1111 \u00a01111  1111   12", "[card]   12"),
        ("4111\u00ad1111\u200b1111\u20601111\ufeff!", "[card]\ufeff!"),
    ],
)
def test_a_card_number_is_found_between_other_numbers_and_over_lines(text: str, said: str) -> None:
    assert _said(text, "card") == said


@pytest.mark.parametrize(
    "text",
    [
        "4006381333931",
        "0012345678905",
        "3.4111111111111111",
        "4111111111111111.00",
        "94111111111111111",
        "1111 1111 1111 1117",
        "41 11 11 11 11 11 11 11",
        "4111 111 11111 1111",
        "4111 -- 1111 -- 1111 -- 1111",
        "1111111111 411111",
        "4111   1111   1111   1111",
        "4111.1111 1111.1111",
        "4111.1111.1111.1111.00",
        "411.1111.1111.11111",
    ],
)
def test_barcodes_amounts_and_other_long_numbers_are_no_cards(text: str) -> None:
    assert _said(text, "card") == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("联系john@example.com谢谢", "联系[e-mail]谢谢"),
        ("jürgen.x+y@müller-shop.co.uk.", "[e-mail]."),
        ("john@\nexample.com", "[e-mail]\n"),
        ("ann\n@example.com", "[e-mail]\n"),
        ("ann@example.\ncom now", "[e-mail]\n now"),
        ("ann@example\n.co.uk now", "[e-mail]\n now"),
        ("ann@example。com", "[e-mail]"),
        ("Ann was left@home.\nThen", "Ann was left@home.\nThen"),
        ("ann@example.com.\nthen", "[e-mail].\nthen"),
        ("j\u00adohn@exam\u200bple.com", "[e-mail]"),
        ("E-Mail : ann @ example.com, Tel", "E-Mail : [e-mail], Tel"),
        ("email\nann@ example.com", "email\n[e-mail]"),
        ("2 pc @ rm4.OO, like us @ www.shop.com", "2 pc @ rm4.OO, like us @ www.shop.com"),
        ("npm i left@1.2.3, see @example and a@b", "npm i left@1.2.3, see @example and a@b"),
    ],
)
def test_a_mail_address_ends_where_its_script_ends(text: str, said: str) -> None:
    assert _said(text, "email") == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("DE89.3704.0044.0532.0130.00.", "[IBAN]."),
        ("IBAN:NO93.8601.1117.\n947 x", "IBAN:[IBAN]\n x"),
        ("NL91  ABNA  0417  1643  00", "[IBAN]"),
        ("NL91\u00adABNA\u200b0417164300", "[IBAN]"),
        ("NO93.860.1111.7947", "NO93.860.1111.7947"),
    ],
)
def test_an_account_number_may_be_grouped_by_dots_and_by_two_spaces(text: str, said: str) -> None:
    assert _said(text, "iban") == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("+60 12-345 6789", "[telephone]"),
        ("+60 12-345\n6789 ok", "[telephone]\n ok"),
        ("+60 12-345 6789\n12", "[telephone]\n12"),
        ("TEL / FAX: 0163307491 / 0378317491", "TEL / FAX: [telephone] / [telephone]"),
        ("Te1:\n0163307491", "Te1:\n[telephone]"),
        ("03-6259 6498", "[telephone]"),
        ("invoice 0163307491", "invoice 0163307491"),
        ("18/12/2018 10:05 129.50 000344473600", "18/12/2018 10:05 129.50 000344473600"),
    ],
)
def test_a_telephone_number_is_announced_grouped_or_international(text: str, said: str) -> None:
    assert _said(text, "phone", region="MY") == said


def test_without_a_region_only_numbers_with_a_countrys_code_are_telephones() -> None:
    assert _said("Tel 03-6259 6498, +603-6259 6498", "phone") == "Tel 03-6259 6498, [telephone]"


def test_values_that_overlap_become_one_mark() -> None:
    assert _said("4000 5100 1111 1002 0008 x", "card") == "[card] x"
    assert _said("NL91ABNA0417164300", "iban", "national_id", "card") == "[IBAN]"


def test_kinds_that_are_not_asked_for_stay() -> None:
    assert _said("a@b.com 4111111111111111", "iban") == "a@b.com 4111111111111111"


@pytest.mark.parametrize("part", ["a@", "4111 ", "1", "AB12", "+1 2", "a.b-c", "(0) ", "1\n"])
def test_no_odd_text_takes_long(part: str) -> None:
    started = time.perf_counter()
    values(part * 20_000, EVERYTHING)
    assert time.perf_counter() - started < 10

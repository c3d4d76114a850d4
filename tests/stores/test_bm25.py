"""Which words find which texts."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mmrag_pipeline.records import Layout, StoredPoint, VectorSpace, Where
from mmrag_pipeline.stores.bm25 import QdrantBm25, with_joined
from mmrag_pipeline.stores.memory_collection import MemoryCollection
from tests.stores.samples import point_id

ENCODER = QdrantBm25()
RECEIPTS = (
    "MR D.I.Y. (M) SDN BHD invoice INV/2019/0042 total RM 129.50 on 12/01/2019",
    "TESCO STORES total RM 1,299.00 cash 1300.00 on 01/12/2019",
    "Running shoes XR-200, 50 pairs, 129 in stock, page 12 of 2019",
    "Café au lait 5.00, GST ID : 000750673920, tel 03-7722 8899",
)


@pytest.fixture(scope="module")
def receipts() -> MemoryCollection:
    """Give a collection of receipts whose key is their number."""
    held = MemoryCollection("receipts", Layout((VectorSpace("bm25", 0, ""),)))
    for number, text in enumerate(RECEIPTS):
        words = ENCODER.document(text)
        held.upsert([StoredPoint(point_id(number), {"number": number}, sparse=words)])
    return held


def found(receipts: MemoryCollection, query: str) -> list[object]:
    """Return the numbers of the receipts that a query finds, best first."""
    best = receipts.query("bm25", ENCODER.query(query), limit=9, where=Where())
    return [c.payload["number"] for c in best]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("129.50", 0),
        ("RM129.50", 0),
        ("12/01/2019", 0),
        ("01/12/2019", 1),
        ("12-01-2019", 0),
        ("MR D.I.Y.", 0),
        ("mr diy", 0),
        ("INV/2019/0042", 0),
        ("1,299.00", 1),
        ("1299.00", 1),
        ("RM1299.00", 1),
        ("XR-200", 2),
        ("xr200", 2),
        ("xr 200", 2),
        ("run shoe", 2),
        ("CAFE", 3),
        ("000750673920", 3),
        ("03-7722", 3),
    ],
)
def test_a_query_finds_its_receipt_first(
    receipts: MemoryCollection, query: str, first: int
) -> None:
    assert found(receipts, query)[0] == first


@pytest.mark.parametrize("query", ["", "the and of", "!?", "banana", "000750673921"])
def test_a_query_without_known_words_finds_nothing(receipts: MemoryCollection, query: str) -> None:
    assert found(receipts, query) == []


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("RM129.50", "RM 129.50 129x50"),
        ("1,299,000.00", "1299000.00 1299000x00"),
        ("XR-200", "XR-200 XR200"),
        ("MR D.I.Y.", "MR D.I.Y. DIY"),
        ("12/01/2019", "12/01/2019 12x01x2019"),
        ("Date:12/01/2019 14:29", "Date:12/01/2019 14:29 12x01x2019 14x29"),
        ("Total:RM129.50", "Total:RM 129.50 129x50"),
        ("No:XR-200", "No:XR-200 XR200"),
    ],
)
def test_exact_values_are_one_word_beside_their_parts(text: str, seen: str) -> None:
    assert with_joined(text) == seen


@pytest.mark.parametrize(
    ("seen", "meant"),
    [
        ("05-05~18", "05-05-18"),
        ("12–01–2019", "12/01/2019"),
        ("519537·X", "519537-X"),
        ("MR D·I·Y", "MR D.I.Y."),
        ("Date:05 02-18 14:29", "05-02-18"),
        ("05 02–2018", "05-02-2018"),
        ("０５－０２－１８", "05-02-18"),
    ],
)
def test_a_dash_that_was_read_as_something_else_is_a_dash(seen: str, meant: str) -> None:
    assert set(ENCODER.query(meant).indices) <= set(ENCODER.document(seen).indices)


@pytest.mark.parametrize(
    "text",
    [
        "05 13-18",  # no month
        "32 02-18",
        "05 02-1518",
        "105 02-18",
        "9.05 02-18",
        "12:05 02-18",
        "05 02-18-3",
        "05 02-18.50",
        "05 02-18%",
        "05 02 18",
        "05-02 18",
        "10 12.50",
    ],
)
def test_numbers_that_may_be_no_date_are_not_joined_over_a_space(text: str) -> None:
    assert "x02x" not in with_joined(text).replace("02x18x3", "")
    assert "10x12" not in with_joined(text)


DASHES = "-~‐‑‒–—―−∼〜·•‧・－﹣"
PARTS = st.lists(st.text("0123456789AXZ", min_size=1, max_size=5), min_size=2, max_size=4)


@st.composite
def spelled(draw: st.DrawFn, parts: list[str]) -> str:
    """Return a code with any dash between any two of its parts."""
    dashes = [draw(st.sampled_from(DASHES)) for _ in parts[1:]]
    return parts[0] + "".join(map("".join, zip(dashes, parts[1:], strict=True)))


@given(st.data(), PARTS)
def test_a_code_in_any_spelling_finds_it_in_any_other(
    data: st.DataObject, parts: list[str]
) -> None:
    asked, held = data.draw(spelled(parts)), f"no. {data.draw(spelled(parts))}, paid"
    assert set(ENCODER.query(asked).indices) <= set(ENCODER.document(held).indices)


@given(st.data(), PARTS, PARTS)
def test_different_codes_do_not_meet(data: st.DataObject, one: list[str], other: list[str]) -> None:
    # A-A is spelled AA, too, and that is a word of 0-AA
    assume("".join(one) not in ["".join(other), *other])
    asked, held = data.draw(spelled(one)), data.draw(spelled(other))
    assert not set(ENCODER.query(asked).indices) <= set(ENCODER.document(held).indices)


def test_ordinary_words_are_left_alone() -> None:
    text = "A well-known cat. Its owner's dog, too: e-mail them!"
    assert with_joined(text) == text


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=40))
def test_any_text_gives_ascending_distinct_ids(text: str) -> None:
    vector = ENCODER.document(text)
    assert list(vector.indices) == sorted(set(vector.indices))
    assert all(value > 0 for value in vector.values)


def test_document_and_query_share_their_words() -> None:
    assert ENCODER.document(RECEIPTS[0]).indices == ENCODER.query(RECEIPTS[0]).indices


def test_the_card_follows_the_tokens() -> None:
    card = ENCODER.card
    assert card.modality == "sparse"
    assert card == QdrantBm25().card
    assert card.fingerprint != replace(card, canary=(1.0, *card.canary[1:])).fingerprint


def test_collections_of_before_are_asked_with_the_words_of_before() -> None:
    before, now = QdrantBm25("1"), QdrantBm25()
    assert before.card.fingerprint != now.card.fingerprint
    assert before.document("519537·X") != now.document("519537·X")
    assert before.document("Date:12/01/2019") != now.document("Date:12/01/2019")
    assert before.document("XR-200 costs 129.50") == now.document("XR-200 costs 129.50")

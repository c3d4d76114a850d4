"""A receipt shows when it was changed afterwards."""

import json

import pytest

from mmrag_pipeline.ids import canonical_json
from mmrag_pipeline.indexing.receipts import Receipt, verify_receipt

RECEIPT = Receipt(
    domain="shop",
    files={"id": "a/b.png"},
    removed={"tables/pages": 2},
    left={},
    reason="a wish",
    at="2026-03-01T00:00:00+00:00",
    by="somebody",
    tool="mmrag_pipeline 0.1.0",
)


def test_a_receipt_is_canonical_json_and_holds() -> None:
    text = RECEIPT.as_json()
    assert text == canonical_json(json.loads(text))
    assert verify_receipt(text)
    assert verify_receipt(json.dumps(json.loads(text), indent=4))


@pytest.mark.parametrize("name", json.loads(RECEIPT.as_json()))
def test_a_change_of_anything_is_seen(name: str) -> None:
    said = json.loads(RECEIPT.as_json())
    assert not verify_receipt(json.dumps({**said, name: "other"}))
    del said[name]
    assert not verify_receipt(json.dumps(said))


def test_an_addition_is_seen() -> None:
    assert not verify_receipt(json.dumps({**json.loads(RECEIPT.as_json()), "more": 1}))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"a"', "{}", "\x00", '{"digest": NaN}'])
def test_what_is_no_receipt_is_none(text: str) -> None:
    assert not verify_receipt(text)


def test_it_says_what_it_does_not_cover() -> None:
    assert any("Dagster" in line for line in json.loads(RECEIPT.as_json())["not_covered"])


def test_something_left_makes_it_incomplete() -> None:
    assert RECEIPT.complete
    assert json.loads(RECEIPT.as_json())["complete"] is True

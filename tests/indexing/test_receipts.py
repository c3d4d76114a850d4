"""A receipt shows when it was changed afterwards."""

import json

import pytest

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.ids import canonical_json
from mmrag_pipeline.indexing.receipts import Receipt, told_by, verify_receipt

RECEIPT = Receipt(
    domain="shop",
    files={"id": "a/b.png"},
    removed={"tables/pages": 2},
    left={},
    copies={},
    unread={},
    reason="a wish",
    at="2026-03-01T00:00:00+00:00",
    ended_at="2026-03-01T00:01:00+00:00",
    by="somebody",
    tool="mmrag_pipeline 0.1.0",
)


def test_a_receipt_is_canonical_json_and_holds() -> None:
    text = RECEIPT.as_json()
    assert text == canonical_json(json.loads(text))
    assert verify_receipt(text)
    assert verify_receipt(json.dumps(json.loads(text), indent=4))


EARLIER = json.dumps(
    {
        "at": "2026-03-01T00:00:00+00:00",
        "by": "somebody",
        "complete": True,
        "domain": "shop",
        "files": {"id": "a/b.png"},
        "left": {},
        "not_covered": ["reports"],
        "reason": "a wish",
        "removed": {"memo/pages": 2},
        "tool": "mmrag_pipeline 0.1.0",
        "digest": "72338af209019a6293ef5d0fd2145901",
    }
)
"""Without copies, and what was removed of others counted with the rest."""


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


def test_a_receipt_of_earlier_form_still_holds() -> None:
    assert verify_receipt(EARLIER)
    assert not verify_receipt(EARLIER.replace("a/b.png", "a/c.png"))
    assert told_by(EARLIER).files == {"id": "a/b.png"}


def test_a_changed_receipt_tells_no_files() -> None:
    assert told_by(RECEIPT.as_json()).files == {"id": "a/b.png"}
    with pytest.raises(CorruptStateError, match="changed after it was written"):
        told_by(RECEIPT.as_json().replace("a/b.png", "a/c.png"))


def test_it_says_what_it_does_not_cover() -> None:
    assert any("Dagster" in line for line in json.loads(RECEIPT.as_json())["not_covered"])


def test_something_left_makes_it_incomplete() -> None:
    assert RECEIPT.complete
    assert json.loads(RECEIPT.as_json())["complete"] is True

"""What the catalog shows of a table is short and harmless."""

import polars as pl

from mmrag_pipeline.assets.metadata import PREVIEW_ROWS, preview


def test_a_preview_holds_a_few_rows_only() -> None:
    text = preview(pl.DataFrame({"key": [f"{n}.png" for n in range(100)]})).md_str
    assert text is not None
    assert len(text.splitlines()) == PREVIEW_ROWS + 2


def test_a_hostile_key_cannot_leave_its_cell() -> None:
    key = "a`|b\n\n# title <script>\r![x](http://x)"
    text = preview(pl.DataFrame({"key": [key]})).md_str
    assert text is not None
    assert text.splitlines()[2] == "| `a'¦b # title <script> ![x](http://x)` |"


def test_long_texts_are_cut() -> None:
    text = preview(pl.DataFrame({"text": ["x" * 10_000]})).md_str
    assert text is not None
    assert len(text) < 200


def test_payloads_are_not_shown() -> None:
    text = preview(pl.DataFrame({"point_id": ["p"], "payload": ["hidden"]})).md_str
    assert text is not None
    assert "hidden" not in text

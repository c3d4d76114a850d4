"""A message names a file when its key stands there as a whole."""

import pytest

from mmrag_pipeline.indexing.named import is_named, spelled


def _names(message: str, key: str) -> bool:
    return is_named(message, spelled("shop", [key]))


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("a", "'a' could not be read (too large): check the disk or share"),
        ("1.jpg", "'1.jpg' is gone"),
        ("it's.jpg", repr("it's.jpg") + " is gone"),
        ("two\nlines.txt", repr("two\nlines.txt") + " is gone"),
        ("two\nlines.txt", "two\nlines.txt is gone"),
        ("people/jane.jpg", "no such file: /data/shop/people/jane.jpg."),
        ("people/jane.jpg", "people/jane.jpg: it ends too early"),
        ("tea.txt", "no such file: shop/tea.txt"),
        ("x" * 400, f"{'x' * 400!r:.300} could not be read"),
    ],
)
def test_a_key_is_found_as_messages_spell_it(key: str, message: str) -> None:
    assert _names(message, key)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("a", "a picture of any kind ends too early: 'b'"),
        ("1.jpg", "'11.jpg' is gone"),
        ("1.jpg", "'1.jpg.part' is gone"),
        ("people/jane.jpg", "'people/jane.jpg.part' is gone"),
        ("people/jane.jpg", "'people/jane.jpg/1' is gone"),
        ("jane-1.jpg", "'mary-jane-1.jpg' is gone"),
        ("two\nlines.txt", "two lines.txt"),
    ],
)
def test_a_key_within_another_name_is_none(key: str, message: str) -> None:
    assert not _names(message, key)

"""Any file name becomes a key, no two the same one, and every key leads back."""

from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.stores.object_keys import key_of, name_of


@given(st.binary(min_size=1).filter(lambda name: b"\0" not in name))
def test_any_name_becomes_valid_unicode_and_comes_back(name: bytes) -> None:
    key = key_of(name)
    assert name_of(key.encode().decode()) == name


@given(st.text(st.characters(exclude_categories=["Cs", "Co"])))
def test_an_ordinary_name_is_its_own_key(name: str) -> None:
    assert key_of(name.encode()) == name


@given(st.text(st.sampled_from("a\U0010f7ff\U0010f7f4\U0010f79f\U0010f780é"), min_size=1))
def test_names_with_our_escape_characters_do_not_collide(name: str) -> None:
    assert name_of(key_of(name.encode())) == name.encode()

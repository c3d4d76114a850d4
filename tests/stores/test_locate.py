"""An object belongs to the domains whose listings show it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.stores.domains import LOOSE_DOMAIN
from mmrag_pipeline.stores.locate import Located, locate
from mmrag_pipeline.stores.places import Place, S3Place

ROOT = S3Place("docs", "raw/")


def located(
    key: str, *, singles: Mapping[str, Place] | None = None, roots: Sequence[Place] = (ROOT,)
) -> tuple[Located, ...]:
    """Return where an object of the bucket `docs` belongs."""
    return locate(singles or {}, roots, bucket="docs", key=key)


def test_the_first_folder_under_a_root_is_the_domain() -> None:
    assert located("raw/shop/a/b.png") == (("shop", "a/b.png"),)


def test_an_object_directly_under_a_root_is_in_the_loose_domain() -> None:
    assert located("raw/a.png") == ((LOOSE_DOMAIN, "a.png"),)


def test_all_of_a_single_place_is_its_domain() -> None:
    singles = {"shop": S3Place("docs", "one/")}
    assert located("one/a/b.png", singles=singles) == (("shop", "a/b.png"),)


def test_an_object_that_several_domains_show_belongs_to_each() -> None:
    singles = {"shop": S3Place("docs", "raw/office/")}
    assert located("raw/office/a.png", singles=singles) == (("shop", "a.png"), ("office", "a.png"))


def test_a_folder_that_is_named_and_found_under_a_root_counts_once() -> None:
    singles = {"shop": S3Place("docs", "raw/shop/")}
    assert located("raw/shop/a.png", singles=singles) == (("shop", "a.png"),)


@pytest.mark.parametrize("key", ["rawshop/a.png", "other/a.png", "raw/", "raw/shop/", "raw"])
def test_what_is_elsewhere_and_folder_markers_belong_to_nobody(key: str) -> None:
    assert located(key) == ()


def test_another_bucket_and_folders_on_a_disk_hold_nothing() -> None:
    assert locate({"d": Path("raw")}, [ROOT], bucket="others", key="raw/shop/a.png") == ()


@pytest.mark.parametrize("key", ["raw/.git/a", "raw/shop/.a", "raw/shop/.x/a"])
def test_hidden_names_belong_to_nobody(key: str) -> None:
    assert located(key) == ()


@pytest.mark.parametrize(
    "key", ["raw/a__b/c.png", "raw/a\n/c.png", "raw//c.png", "raw/../c.png", "raw/a%/c"]
)
def test_a_folder_that_cannot_name_a_domain_is_told(key: str) -> None:
    with pytest.raises(SettingsError, match="cannot name a domain"):
        located(key)


def test_a_named_place_in_such_a_folder_is_a_domain_all_the_same() -> None:
    singles = {"shop": S3Place("docs", "raw/a__b/")}
    assert located("raw/a__b/c.png", singles=singles) == (("shop", "c.png"),)


def test_two_dots_inside_a_key_are_a_name_like_others() -> None:
    assert located("raw/shop/../a") == (("shop", "../a"),)


def test_a_whole_bucket_can_be_a_root() -> None:
    assert located("shop/a%2Fb\n.png", roots=[S3Place("docs")]) == (("shop", "a%2Fb\n.png"),)

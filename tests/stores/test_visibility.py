"""Visibility rules outlive the environment that named them."""

from pathlib import Path

import pytest

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.folder_blobs import FolderBlobs
from mmrag_pipeline.stores.visibility import keep_visibility, with_kept_visibility


def kept(home: Path) -> Settings:
    """Return the settings of a run that names no rules."""
    return with_kept_visibility(Settings(home=home), FolderBlobs(home))


RULES = {"hr/pay*": ("board",), "hr/*": ("hr", "board")}


def test_a_run_that_names_no_rules_keeps_those_of_the_run_before(tmp_path: Path) -> None:
    keep_visibility(Settings(home=tmp_path, visibility_rules=RULES), FolderBlobs(tmp_path))
    later = Settings(home=tmp_path)
    keep_visibility(later, FolderBlobs(tmp_path))
    assert with_kept_visibility(later, FolderBlobs(tmp_path)).visibility_rules == RULES


def test_the_order_of_the_rules_is_kept(tmp_path: Path) -> None:
    keep_visibility(Settings(home=tmp_path, visibility_rules=RULES), FolderBlobs(tmp_path))
    assert list(kept(tmp_path).visibility_rules) == list(RULES)


def test_rules_named_again_in_another_order_are_kept_in_that_order(tmp_path: Path) -> None:
    keep_visibility(Settings(home=tmp_path, visibility_rules=RULES), FolderBlobs(tmp_path))
    swapped = dict(reversed(RULES.items()))
    keep_visibility(Settings(home=tmp_path, visibility_rules=swapped), FolderBlobs(tmp_path))
    assert list(kept(tmp_path).visibility_rules) == list(swapped)


def test_rules_that_are_named_replace_those_that_are_kept(tmp_path: Path) -> None:
    keep_visibility(Settings(home=tmp_path, visibility_rules=RULES), FolderBlobs(tmp_path))
    keep_visibility(Settings(home=tmp_path, visibility_rules={}), FolderBlobs(tmp_path))
    assert kept(tmp_path).visibility_rules == {}


def test_rules_and_the_groups_of_all_others_are_kept_apart(tmp_path: Path) -> None:
    keep_visibility(Settings(home=tmp_path, visibility_rules=RULES), FolderBlobs(tmp_path))
    keep_visibility(Settings(home=tmp_path, default_visibility=("staff",)), FolderBlobs(tmp_path))
    held = kept(tmp_path)
    assert (held.visibility_rules, held.default_visibility) == (RULES, ("staff",))


def test_looking_with_other_rules_keeps_nothing(tmp_path: Path) -> None:
    with_kept_visibility(Settings(home=tmp_path, visibility_rules=RULES), FolderBlobs(tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["", "[]", '{"visibility_rules": "all"}', '{"public": []}'])
def test_damaged_rules_stop_the_run_and_make_nothing_public(tmp_path: Path, damage: str) -> None:
    (tmp_path / "visibility.json").write_text(damage)
    with pytest.raises(CorruptStateError, match="MMRAG_VISIBILITY_RULES"):
        kept(tmp_path)

"""Visibility rules and times to live outlive the environment that named them."""

import io
from pathlib import Path
from typing import BinaryIO

import pytest

from mmrag_pipeline.errors import CorruptStateError, OvertakenError
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.blobs import Fill, IsExpected
from mmrag_pipeline.stores.folder_blobs import FolderBlobs
from mmrag_pipeline.stores.kept import keep_settings, kept_shards, with_kept_settings
from mmrag_pipeline.testing.frail import Fuse
from tests.stores.frail_blobs import FrailBlobs


def kept(home: Path) -> Settings:
    """Return the settings of a run that names nothing."""
    return with_kept_settings(Settings(home=home), FolderBlobs(home))


DAYS = {"shop": 30.0, "*": 365.0}
RULES = {"hr/pay*": ("board",), "hr/*": ("hr", "board")}


def test_a_run_that_names_no_rules_keeps_those_of_the_run_before(tmp_path: Path) -> None:
    keep_settings(Settings(home=tmp_path, visibility_rules=RULES), FolderBlobs(tmp_path))
    later = Settings(home=tmp_path)
    keep_settings(later, FolderBlobs(tmp_path))
    assert with_kept_settings(later, FolderBlobs(tmp_path)).visibility_rules == RULES


def test_the_order_of_the_rules_is_kept(tmp_path: Path) -> None:
    keep_settings(Settings(home=tmp_path, visibility_rules=RULES), FolderBlobs(tmp_path))
    assert list(kept(tmp_path).visibility_rules) == list(RULES)


def test_rules_named_again_in_another_order_are_kept_in_that_order(tmp_path: Path) -> None:
    keep_settings(Settings(home=tmp_path, visibility_rules=RULES), FolderBlobs(tmp_path))
    swapped = dict(reversed(RULES.items()))
    keep_settings(Settings(home=tmp_path, visibility_rules=swapped), FolderBlobs(tmp_path))
    assert list(kept(tmp_path).visibility_rules) == list(swapped)


def test_rules_that_are_named_replace_those_that_are_kept(tmp_path: Path) -> None:
    keep_settings(Settings(home=tmp_path, visibility_rules=RULES), FolderBlobs(tmp_path))
    keep_settings(Settings(home=tmp_path, visibility_rules={}), FolderBlobs(tmp_path))
    assert kept(tmp_path).visibility_rules == {}


def test_rules_and_the_groups_of_all_others_are_kept_apart(tmp_path: Path) -> None:
    keep_settings(Settings(home=tmp_path, visibility_rules=RULES), FolderBlobs(tmp_path))
    keep_settings(Settings(home=tmp_path, default_visibility=("staff",)), FolderBlobs(tmp_path))
    held = kept(tmp_path)
    assert (held.visibility_rules, held.default_visibility) == (RULES, ("staff",))


def test_what_two_machines_name_at_once_is_kept(tmp_path: Path) -> None:
    groups = Settings(home=tmp_path, default_visibility=("staff",))
    other = Fuse(1, lambda: keep_settings(groups, FolderBlobs(tmp_path)))
    rules = Settings(home=tmp_path, visibility_rules=RULES)
    keep_settings(rules, FrailBlobs(FolderBlobs(tmp_path), other))
    held = kept(tmp_path)
    assert (held.visibility_rules, held.default_visibility) == (RULES, ("staff",))


def test_a_run_that_names_no_days_takes_those_of_the_run_before(tmp_path: Path) -> None:
    named = Settings(home=tmp_path, ttl_days=DAYS, ttl_by="indexed")
    keep_settings(named, FolderBlobs(tmp_path))
    keep_settings(Settings(home=tmp_path), FolderBlobs(tmp_path))
    assert (kept(tmp_path).ttl_days, kept(tmp_path).ttl_by) == (DAYS, "indexed")


def test_what_days_count_from_is_kept_apart_from_the_days(tmp_path: Path) -> None:
    keep_settings(Settings(home=tmp_path, ttl_days=DAYS), FolderBlobs(tmp_path))
    keep_settings(Settings(home=tmp_path, ttl_by="indexed"), FolderBlobs(tmp_path))
    assert (kept(tmp_path).ttl_days, kept(tmp_path).ttl_by) == (DAYS, "indexed")


def test_days_are_lifted_by_naming_none(tmp_path: Path) -> None:
    keep_settings(Settings(home=tmp_path, ttl_days=DAYS), FolderBlobs(tmp_path))
    keep_settings(Settings(home=tmp_path, ttl_days={}), FolderBlobs(tmp_path))
    assert kept(tmp_path).ttl_days == {}


def test_days_that_are_named_hold_whatever_is_kept(tmp_path: Path) -> None:
    keep_settings(Settings(home=tmp_path, ttl_days=DAYS), FolderBlobs(tmp_path))
    later = Settings(home=tmp_path, ttl_days={"*": 1.0})
    assert with_kept_settings(later, FolderBlobs(tmp_path)).ttl_days == {"*": 1.0}


def test_each_kind_of_setting_has_a_file_of_its_own(tmp_path: Path) -> None:
    named = Settings(home=tmp_path, visibility_rules=RULES, ttl_days=DAYS)
    keep_settings(named, FolderBlobs(tmp_path))
    (tmp_path / "visibility.json").unlink()
    assert (kept(tmp_path).visibility_rules, kept(tmp_path).ttl_days) == ({}, DAYS)


def test_a_run_that_names_no_categories_takes_those_of_the_run_before(tmp_path: Path) -> None:
    rules = {"shop/*.pdf": "bills", "shop/*": ""}
    keep_settings(Settings(home=tmp_path, category_rules=rules), FolderBlobs(tmp_path))
    keep_settings(Settings(home=tmp_path), FolderBlobs(tmp_path))
    assert list(kept(tmp_path).category_rules.items()) == list(rules.items())


def test_rules_that_an_earlier_version_kept_are_read(tmp_path: Path) -> None:
    text = '{\n "default_visibility": ["staff"],\n "visibility_rules": {"hr/*": ["hr"]}\n}\n'
    (tmp_path / "visibility.json").write_text(text)
    held = kept(tmp_path)
    assert (held.visibility_rules, held.default_visibility) == ({"hr/*": ("hr",)}, ("staff",))


def test_looking_with_other_settings_keeps_nothing(tmp_path: Path) -> None:
    named = Settings(home=tmp_path, visibility_rules=RULES, ttl_days=DAYS)
    with_kept_settings(named, FolderBlobs(tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["", "[]", '{"visibility_rules": "all"}', '{"public": []}'])
def test_damaged_rules_stop_the_run_and_make_nothing_public(tmp_path: Path, damage: str) -> None:
    (tmp_path / "visibility.json").write_text(damage)
    with pytest.raises(CorruptStateError, match="MMRAG_VISIBILITY_RULES"):
        kept(tmp_path)


@pytest.mark.parametrize(
    "damage",
    ["", "[]", '{"ttl_days": 3}', '{"ttl_days": {"*": -1}}', '{"ttl_by": "never"}', '{"days": {}}'],
)
def test_damaged_days_stop_the_run_and_bring_nothing_back(tmp_path: Path, damage: str) -> None:
    (tmp_path / "ttl.json").write_text(damage)
    with pytest.raises(CorruptStateError, match=r"ttl.json .* MMRAG_TTL_BY and MMRAG_TTL_DAYS"):
        kept(tmp_path)


def test_naming_days_again_does_not_paint_over_damaged_ones(tmp_path: Path) -> None:
    (tmp_path / "ttl.json").write_text("{")
    with pytest.raises(CorruptStateError, match="delete it"):
        keep_settings(Settings(home=tmp_path, ttl_days=DAYS), FolderBlobs(tmp_path))
    assert (tmp_path / "ttl.json").read_text() == "{"


class Replaced(io.BytesIO):
    """A blob of a bucket that somebody replaces between opening and reading."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Raise FileNotFoundError."""
        raise FileNotFoundError("it was replaced while it was read")


class Moving(FolderBlobs):
    """Blobs that somebody replaces when one is read first."""

    moved = False

    def open(self, name: str) -> BinaryIO:
        """Open what cannot be read to its end, once."""
        if self.moved:
            return super().open(name)
        self.moved = True
        return Replaced()


def test_rules_that_are_replaced_while_they_are_read_are_read_again(tmp_path: Path) -> None:
    keep_settings(Settings(home=tmp_path, visibility_rules=RULES), FolderBlobs(tmp_path))
    found = with_kept_settings(Settings(home=tmp_path), Moving(tmp_path))
    assert found.visibility_rules == RULES


class Contested(FolderBlobs):
    """Blobs in which another writer is faster every time."""

    def swap(self, name: str, fill: Fill, is_expected: IsExpected) -> bool:
        """Return that another blob was there."""
        del name, fill, is_expected
        return False


def test_rules_that_others_replace_without_end_are_not_overwritten(tmp_path: Path) -> None:
    with pytest.raises(OvertakenError, match=r"visibility\.json .*run again"):
        keep_settings(Settings(home=tmp_path, visibility_rules=RULES), Contested(tmp_path))


def test_shards_outlive_the_environment_that_named_them(tmp_path: Path) -> None:
    keep_settings(Settings(home=tmp_path, shards={"shop": 3}), FolderBlobs(tmp_path))
    assert kept(tmp_path).shards == kept_shards(FolderBlobs(tmp_path)) == {"shop": 3}
    keep_settings(Settings(home=tmp_path, shards={}), FolderBlobs(tmp_path))
    assert kept(tmp_path).shards == kept_shards(FolderBlobs(tmp_path)) == {}


@pytest.mark.parametrize("damage", ["", '{"shards": {"a": 1}}', '{"shards": {"a~0-2": 2}}'])
def test_damaged_shards_stop_the_run(tmp_path: Path, damage: str) -> None:
    (tmp_path / "shards.json").write_text(damage)
    with pytest.raises(CorruptStateError, match=r"shards.json .* name MMRAG_SHARDS"):
        kept(tmp_path)


def test_a_run_that_names_no_personal_data_redacts_that_of_the_run_before(tmp_path: Path) -> None:
    named = {"redact": {"*": ("email",)}, "redact_region": "MY"}
    keep_settings(Settings.model_validate({"home": tmp_path} | named), FolderBlobs(tmp_path))
    keep_settings(Settings(home=tmp_path), FolderBlobs(tmp_path))
    assert (kept(tmp_path).redact, kept(tmp_path).redact_region) == ({"*": ("email",)}, "MY")
    keep_settings(Settings(home=tmp_path, redact={}), FolderBlobs(tmp_path))
    assert kept(tmp_path).redact == {}


def test_a_run_that_names_no_image_filter_has_that_of_the_run_before(tmp_path: Path) -> None:
    named = Settings(home=tmp_path, image_filter="model", image_filter_labels=("nsfw",))
    keep_settings(named, FolderBlobs(tmp_path))
    held = kept(tmp_path)
    assert (held.image_filter, held.image_filter_labels) == ("model", ("nsfw",))
    keep_settings(Settings(home=tmp_path, image_filter="none"), FolderBlobs(tmp_path))
    assert kept(tmp_path).image_filter == "none"

"""Settings of safety say what is wrong with them, and what to write."""

import pytest
from pydantic import ValidationError

from mmrag_pipeline.redaction.lines import recipe
from mmrag_pipeline.redaction.rules import Rules, rules_of
from mmrag_pipeline.settings import Settings


def _settings(**named: object) -> Settings:
    return Settings.model_validate(named)


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ({"redact": ["card"]}, r'write {"\*": \[KIND'),
        ({"redact": {"*": ["cards"]}}, "'email', 'phone', 'card', 'iban' or 'national_id'"),
        ({"redact": {"a/b": ["card"]}}, "cannot name a domain"),
        ({"redact": {"*": ["national_id"]}}, "MMRAG_REDACT_NATIONAL_IDS"),
        ({"redact_national_ids": ["us.sin"]}, "'us.ssn'"),
        ({"redact_region": "UK"}, "GB or MY"),
        ({"image_filter": "folder"}, "MMRAG_IMAGE_FILTER_LABELS"),
        ({"image_filter_threshold": 0}, "greater than 0"),
    ],
)
def test_a_wrong_setting_is_told_with_what_to_write(named: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        _settings(**named)


def test_a_domain_has_its_own_rules_or_those_of_all_others() -> None:
    settings = _settings(redact={"*": ["card", "email"], "receipts": []}, redact_region="GB")
    assert rules_of(settings, "receipts").kinds == ()
    assert rules_of(settings, "letters") == Rules(("card", "email"), "GB")


def test_an_order_of_kinds_and_ids_makes_no_other_recipe() -> None:
    one = _settings(redact={"*": ["card", "iban"]}, redact_national_ids=["us.ssn", "de.idnr"])
    other = _settings(redact={"*": ["iban", "card"]}, redact_national_ids=["de.idnr"])
    assert recipe(rules_of(one, "a")) == recipe(rules_of(other, "a"))


def test_without_kinds_there_is_nothing_in_a_recipe() -> None:
    assert recipe(rules_of(_settings(redact_region="GB"), "a")) == []

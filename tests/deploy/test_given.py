"""Settings are made of the files as pods get them: of the ConfigMap and the Secret together."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from deploy.given import EXAMPLES, MANIFESTS, Manifest, complaints, manifests, settings_of
from mmrag_pipeline.errors import SettingsError

KEY = "never-told"


def _secret(**holds: object) -> Manifest:
    return Manifest(
        Path("own.yaml"), {"kind": "Secret", "metadata": {"name": "mmrag-secrets"}, **holds}
    )


def _settings_at(url: str) -> Manifest:
    data = {"MMRAG_QDRANT_URL": url}
    body: dict[str, Any] = {"kind": "ConfigMap", "metadata": {"name": "mmrag-settings"}}
    return Manifest(Path("settings.yaml"), {**body, "data": data})


def test_our_settings_load_with_a_key_of_the_index() -> None:
    secret = _secret(stringData={"MMRAG_QDRANT_API_KEY": KEY})
    settings = settings_of([*manifests(), secret])
    assert settings.qdrant_api_key is not None
    assert settings.qdrant_api_key.get_secret_value() == KEY
    assert (settings.qdrant_url or "").startswith("https://")


def test_a_secret_may_be_written_in_base64() -> None:
    secret = _secret(data={"MMRAG_QDRANT_API_KEY": b64encode(KEY.encode()).decode()})
    settings = settings_of([*manifests(), secret])
    assert settings.qdrant_api_key is not None
    assert settings.qdrant_api_key.get_secret_value() == KEY


def test_a_key_that_would_be_sent_in_the_clear_is_refused_and_not_told() -> None:
    secret = _secret(stringData={"MMRAG_QDRANT_API_KEY": KEY})
    with pytest.raises(SettingsError, match="would be sent in the clear") as refused:
        settings_of([_settings_at("http://qdrant:6333"), secret])
    assert KEY not in str(refused.value)


def test_settings_of_this_machine_are_none_of_a_pod(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMRAG_BATCH_SIZE", "7")
    assert settings_of([_settings_at("https://qdrant:6333")]).batch_size != 7


def test_what_is_applied_as_a_folder_holds_no_secret_and_no_machines() -> None:
    applied = {one.body["kind"] for one in manifests() if one.file.parent == MANIFESTS}
    examples = {one.body["kind"] for one in manifests() if one.file.parent == EXAMPLES}
    assert not applied & {"Secret", "NodePool"}
    assert examples == {"Secret", "NodePool"}


def test_a_placeholder_is_refused_where_it_would_go_over_a_real_secret() -> None:
    (said,) = complaints([_secret(stringData={"MMRAG_QDRANT_API_KEY": "replace-me", "OTHER": KEY})])
    assert said.startswith("own.yaml: MMRAG_QDRANT_API_KEY of mmrag-secrets is 'replace-me'")
    assert KEY not in said
    assert list(complaints([*manifests()])) == []

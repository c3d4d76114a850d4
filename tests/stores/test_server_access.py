"""Where a server is and how it is asked, from settings."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.server_access import ServerAccess, access_of, open_client

KEY = "hunter2hunter2"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"qdrant_url": "qdrant:6333"}, "write http://HOST:6333"),
        ({"qdrant_url": "http://"}, "write http://HOST:6333"),
        ({"qdrant_url": "http://host:x"}, "write http://HOST:6333"),
        ({"qdrant_url": "https://me:secret@host"}, "set MMRAG_QDRANT_API_KEY"),
        ({"qdrant_url": "https://host?api-key=secret"}, "may not hold a query"),
        ({"qdrant_url": "http://host", "qdrant_api_key": KEY}, "write https://"),
        ({"qdrant_url": "http://127.evil.com", "qdrant_api_key": KEY}, "write https://"),
        ({"qdrant_url": "https://host", "qdrant_api_key": ""}, "it is no key"),
        ({"qdrant_url": "https://host", "qdrant_api_key": "a\nb"}, "it is no key"),
        ({"qdrant_url": "https://host", "qdrant_ca": "nowhere.pem"}, "no file 'nowhere.pem'"),
        ({"qdrant_url": "http://host", "qdrant_ca": __file__}, "write https://"),
        ({"qdrant_write_consistency": 2}, "MMRAG_QDRANT_REPLICAS=1"),
        ({"qdrant_url": "http://host", "index_vectors_memory": "pinned"}, "write cached"),
    ],
    ids=str,
)
def test_settings_that_cannot_work_say_what_to_write(given: dict[str, str], words: str) -> None:
    with pytest.raises(ValidationError, match=words) as caught:
        Settings(**given)  # type: ignore[arg-type]  # pydantic converts them
    assert "secret" not in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("url", ["http://localhost:6333", "http://127.0.0.1", "http://[::1]:6333"])
def test_a_key_may_go_in_the_clear_to_this_machine_only(url: str) -> None:
    assert Settings(qdrant_url=url, qdrant_api_key=SecretStr(KEY)).qdrant_url == url


def test_the_access_is_what_the_settings_say() -> None:
    settings = Settings(qdrant_url="https://host", qdrant_grpc=False, qdrant_timeout_s=7)
    assert access_of(settings) == ServerAccess("https://host", grpc=False, timeout_s=7)
    assert access_of(Settings()) is None


def test_a_key_shows_in_no_text_and_warns_nobody() -> None:
    access = ServerAccess("http://127.0.0.1:9", SecretStr(KEY))
    client = open_client(access)
    assert KEY not in f"{access!r} {client!r} {vars(client._client).get('rest_uri')}"
    client.close()


def test_certificates_that_are_none_are_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    access = ServerAccess("https://127.0.0.1:9", ca=tmp_path / "ca.pem")
    with pytest.raises(SettingsError, match="MMRAG_QDRANT_CA="):
        open_client(access)

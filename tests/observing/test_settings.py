"""A wrong setting of telemetry is one line that says what to write, and shows no secret."""

import pytest

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.observing.opened import telemetry_of
from mmrag_pipeline.resources.environment import read_settings
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.telemetry import SILENT

SECRET = "T0SECRET"


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"MMRAG_OTLP_ENDPOINT": f"http://me:{SECRET}@host"}, "may hold no name"),
        ({"MMRAG_OTLP_ENDPOINT": f"host/{SECRET}"}, "write http://HOST:4318"),
        ({"MMRAG_PUSHGATEWAY_URL": "host"}, "write http://HOST:9091"),
        ({"MMRAG_PUSHGATEWAY_URL": f"http://host/?key={SECRET}"}, "may hold no name"),
        ({"MMRAG_OTLP_HEADERS": SECRET}, "write NAME=VALUE"),
        ({"MMRAG_OTLP_HEADERS": f"key={SECRET}"}, "set MMRAG_OTLP_ENDPOINT, too"),
        (
            {"MMRAG_OTLP_HEADERS": f"key={SECRET}", "MMRAG_OTLP_ENDPOINT": "http://far:4318"},
            "sent in the clear",
        ),
        ({"MMRAG_METRICS_PORT": "65530"}, "less than or equal to 65528"),
        ({"MMRAG_QDRANT_API_KEY": f"{SECRET}é"}, "it is no key"),
    ],
)
def test_a_wrong_setting_is_told_without_its_secret(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], told: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=told) as refused:
        read_settings()
    assert SECRET not in str(refused.value)


def test_headers_go_to_this_machine_in_the_clear() -> None:
    settings = Settings.model_validate(
        {"otlp_headers": "key=a b, other=c", "otlp_endpoint": "http://127.0.0.1:4318/"}
    )
    assert settings.otlp_endpoint == "http://127.0.0.1:4318"


@pytest.mark.parametrize("end", ["", "/", "/v1/traces", "/v1/traces/"])
def test_an_endpoint_may_be_given_with_the_path_of_spans(end: str) -> None:
    settings = Settings.model_validate({"otlp_endpoint": f"http://host:4318/otel{end}"})
    assert settings.otlp_endpoint == "http://host:4318/otel"


def test_how_the_log_looks_may_be_said_in_upper_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMRAG_LOG_FORMAT", "JSON")
    monkeypatch.setenv("MMRAG_LOG_LEVEL", "INFO")
    settings = read_settings()
    assert (settings.log_format, settings.log_level) == ("json", "info")


def test_nobody_listens_by_default() -> None:
    assert telemetry_of(Settings()) is SILENT


def test_equal_settings_share_those_who_listen() -> None:
    one, two = (Settings(log_level="info") for _ in range(2))
    assert telemetry_of(one) is telemetry_of(two)

"""A wrong setting is one line that names the variable, what was given and what to write."""

import subprocess
import sys
import traceback

import pytest

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.resources.environment import read_settings

SECRET = "T0SECRET"
WRONG = (
    f"file:///{SECRET}",
    f"ftp://host/{SECRET}",
    f"host/{SECRET}",
    f"https:///{SECRET}",
    f"https://host:port/{SECRET}",
    f"https://user:{SECRET}@host/",
    f"https://host/{SECRET}\r\nX: y",
    f"https://host/{SECRET} x",
    f"https://[host/{SECRET}",
    "",
)
CRONS = ("", "at night", "0 3 * *", "61 3 * * *", "0 0 3 * * *")


def refusal(monkeypatch: pytest.MonkeyPatch, **variables: str) -> SettingsError:
    """Return the error of an environment with these variables."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("cron", CRONS)
@pytest.mark.parametrize("name", ["MMRAG_RECONCILE_CRON", "MMRAG_UPKEEP_CRON"])
def test_what_is_no_cron_expression_is_named_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, cron: str
) -> None:
    told = str(refusal(monkeypatch, **{name: cron}))
    assert f"{name} is {cron!r}, which is no cron expression: write five fields" in told


@pytest.mark.parametrize("cron", CRONS[1:])
def test_a_wrong_cron_of_the_drift_check_is_named(
    monkeypatch: pytest.MonkeyPatch, cron: str
) -> None:
    told = str(refusal(monkeypatch, MMRAG_VERIFY_CRON=cron))
    assert f"MMRAG_VERIFY_CRON is {cron!r}, which is no cron expression: write five" in told


@pytest.mark.parametrize("given", ["", "none"])
def test_the_drift_check_can_be_turned_off(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("MMRAG_VERIFY_CRON", given)
    assert read_settings().verify_cron is None


def test_a_cron_of_a_domain_is_named_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    told = refusal(monkeypatch, MMRAG_REINDEX_CRONS='{"shop": "0 * * * *", "attic": "never"}')
    assert "MMRAG_REINDEX_CRONS of 'attic' is 'never'" in str(told)


@pytest.mark.parametrize("cron", ["@daily", "*/5 8-18 * * mon-fri", "0 0 L * *"])
def test_what_dagster_takes_is_taken(monkeypatch: pytest.MonkeyPatch, cron: str) -> None:
    monkeypatch.setenv("MMRAG_RECONCILE_CRON", cron)
    assert read_settings().reconcile_cron == cron


def test_usual_crons_cost_a_command_no_dagster() -> None:
    code = (
        "import sys; from mmrag_pipeline.resources.environment import read_settings;"
        "read_settings(); print('dagster' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MMRAG_REINDEX_CRONS", '{"a/b": "0 * * * *"}'),
        ("MMRAG_TTL_DAYS", '{"*": 30, "a/b": 30}'),
        ("MMRAG_SOURCE_DOMAIN", "a/b"),
    ],
)
def test_what_cannot_name_a_domain_is_told_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    told = str(refusal(monkeypatch, **{name: value}))
    assert f"{name}=" in told
    assert "'a/b' cannot name a domain: use" in told


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("MMRAG_STATE_ROOT", "s3:/x/y", "'s3:/x/y' is no place: write s3://BUCKET/PREFIX"),
        ("MMRAG_STATE_ROOT", "S3:x", "'S3:x' is no place: write s3://BUCKET/PREFIX"),
        ("MMRAG_SOURCE_ROOT", "s3://B/x", "'s3://B/x' is no place in S3: write s3://BUCKET"),
        ("MMRAG_HOME", "s3://foo/bar", "'s3://foo/bar': it has to be a folder of this machine"),
        ("DAGSTER_HOME", "s3:/foo", "'s3:/foo': it has to be a folder of this machine"),
        ("MMRAG_TTL_DAYS", "30", """30: write {"*": 30} for all domains"""),
        ("MMRAG_TTL_DAYS", '{"tea": 0}', "{'tea': 0}: 0 days of 'tea' are not above 0"),
        ("MMRAG_REINDEX_CRONS", "5", "5: Input should be a valid dictionary: write it as docs/"),
        ("MMRAG_AWS_ROLE_ARN", "foo", "'foo': it is no ARN of a role: write arn:aws:iam::"),
    ],
)
def test_a_wrong_value_is_told_with_its_variable_and_what_to_write(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    assert f"{name}={told}" in str(refusal(monkeypatch, **{name: value}))


@pytest.mark.parametrize("url", ["foo", "https://foo", "https://foo/", "sqs://foo/1/a"])
def test_a_queue_without_a_path_is_no_queue(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    told = str(refusal(monkeypatch, MMRAG_QUEUE_URL=url))
    assert "MMRAG_QUEUE_URL: it is no address of a queue: write https://sqs.REGION.amaz" in told


def test_wrong_days_name_their_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    told = str(refusal(monkeypatch, MMRAG_TTL_DAYS='{"kitchen": "x", "*": 3}'))
    assert "MMRAG_TTL_DAYS of 'kitchen'='x': " in told


def test_a_source_domain_needs_a_root(monkeypatch: pytest.MonkeyPatch) -> None:
    told = str(refusal(monkeypatch, MMRAG_SOURCE_DOMAIN="scans"))
    assert "MMRAG_SOURCE_DOMAIN='scans' names no place: set MMRAG_SOURCE_ROOT" in told


@pytest.mark.parametrize("root", ["/data/in", "scans", "C:/scans", "s3://bucket/raw"])
def test_places_are_taken_as_they_are(monkeypatch: pytest.MonkeyPatch, root: str) -> None:
    monkeypatch.setenv("MMRAG_STATE_ROOT", root)
    monkeypatch.setenv("MMRAG_SOURCE_ROOT", root)
    assert read_settings().state_root == root


@pytest.mark.parametrize("url", WRONG)
def test_a_webhook_that_is_no_address_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    error = refusal(monkeypatch, MMRAG_WEBHOOK_URL=url)
    assert "MMRAG_WEBHOOK_URL: it is no address that can be posted to: write https" in str(error)
    assert SECRET not in "".join(traceback.format_exception(error))


def test_what_contradicts_another_setting_shows_no_third_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MMRAG_WEBHOOK_URL", f"https://h/{SECRET}")
    error = refusal(monkeypatch, MMRAG_CHUNK_OVERLAP_TOKENS="200")
    assert "chunk_overlap_tokens=200 is more than half of chunk_tokens=240" in str(error)
    assert SECRET not in "".join(traceback.format_exception(error))


def test_what_is_no_json_is_told_with_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    told = str(refusal(monkeypatch, MMRAG_VISIBILITY_RULES="staff"))
    assert told.startswith("MMRAG_VISIBILITY_RULES='staff': it is no JSON: write it as")


def test_two_wrong_settings_are_both_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told = str(refusal(monkeypatch, MMRAG_TILE_PX="abc", MMRAG_OCR="tesseract"))
    assert "MMRAG_TILE_PX='abc': " in told
    assert "MMRAG_OCR='tesseract': " in told

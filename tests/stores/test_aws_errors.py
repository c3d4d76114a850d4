"""What AWS's errors mean: told apart, in our words, with a way out and without secrets."""

import inspect

import pytest
from botocore import exceptions as known
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from hypothesis import given
from hypothesis import strategies as st
from urllib3.exceptions import ProtocolError

from mmrag_pipeline.stores.aws_errors import Cause, Kind, aws_errors, cause_of

SECRET = "AKIAIOSFODNN7EXAMPLE"


def refused(code: str, operation: str = "GetObject", *, status: int = 400) -> Cause:
    """Return the cause of a server's refusal, whose message holds a secret."""
    error = {"Code": code, "Message": f"{SECRET} is not allowed"}
    return cause_of(
        ClientError(
            {"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]  # a real one holds more
            operation,
        )
    )


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AccessDenied", "denied"),
        ("403", "denied"),
        ("InvalidAccessKeyId", "denied"),
        ("SignatureDoesNotMatch", "denied"),
        ("ExpiredToken", "denied"),
        ("RequestTimeTooSkewed", "denied"),
        ("KMS.DisabledException", "denied"),
        ("NoSuchBucket", "no_bucket"),
        ("NoSuchKey", "no_key"),
        ("404", "no_key"),
        ("InvalidObjectState", "archived"),
        ("PreconditionFailed", "changed"),
        ("SlowDown", "transient"),
        ("RequestTimeout", "transient"),
        ("503", "transient"),
        ("PermanentRedirect", "other"),
        ("QueueDoesNotExist", "other"),
        ("EntityTooLarge", "other"),
    ],
)
def test_a_code_has_its_kind(code: str, kind: Kind) -> None:
    assert refused(code).kind == kind


def test_a_role_that_cannot_be_understood_is_named_by_its_setting() -> None:
    assert "check MMRAG_AWS_ROLE_ARN (arn:" in refused("ValidationError", "AssumeRole").text


@pytest.mark.parametrize(
    ("status", "kind"),
    [(403, "denied"), (404, "no_key"), (412, "changed"), (429, "transient"), (507, "transient")],
)
def test_an_unknown_code_is_judged_by_its_status(status: int, kind: Kind) -> None:
    assert refused("SomethingElse", status=status).kind == kind


def test_a_bucket_without_an_answer_of_its_own_is_no_absent_key() -> None:
    assert refused("404", "ListObjectsV2").kind == "no_bucket"


@pytest.mark.parametrize("code", ["ExpiredToken", "SlowDown", "NoSuchKey", "PreconditionFailed"])
def test_what_asking_again_may_mend_says_so(code: str) -> None:
    assert refused(code).may_pass


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchBucket", "InvalidObjectState", "Odd"])
def test_what_asking_again_does_not_mend_says_so(code: str) -> None:
    assert not refused(code).may_pass


@pytest.mark.parametrize(
    ("code", "operation", "way_out"),
    [
        ("AccessDenied", "ListObjectsV2", "s3:ListBucket"),
        ("AccessDenied", "GetObject", "s3:GetObject"),
        ("AccessDenied", "ReceiveMessage", "sqs:ReceiveMessage"),
        ("AccessDenied", "AssumeRole", "sts:AssumeRole"),
        ("ExpiredToken", "GetObject", "MMRAG_AWS_PROFILE"),
        ("NoSuchBucket", "GetObject", "MMRAG_S3_ENDPOINT_URL"),
        ("AuthorizationHeaderMalformed", "GetObject", "MMRAG_AWS_REGION"),
        ("AWS.SimpleQueueService.NonExistentQueue", "ReceiveMessage", "MMRAG_QUEUE_URL"),
    ],
)
def test_a_text_names_the_way_out(code: str, operation: str, way_out: str) -> None:
    text = refused(code, operation).text
    assert text.startswith(f"{operation} failed with {code}: ")
    assert way_out in text


@pytest.mark.parametrize("code", [SECRET, "a b", "<x>", "", "Key\nInjected", "A" * 20, "x" * 90])
def test_what_does_not_look_like_a_code_is_not_shown(code: str) -> None:
    assert refused(code).text.startswith("GetObject failed with status 400: ")


@given(st.text(max_size=30))
def test_no_code_brings_the_servers_message_with_it(code: str) -> None:
    cause = refused(code)
    assert SECRET not in cause.text
    assert "\n" not in cause.text


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (known.NoCredentialsError(), "denied"),
        (known.PartialCredentialsError(provider="env", cred_var=SECRET), "denied"),
        (known.CredentialRetrievalError(provider="role", error_msg=SECRET), "denied"),
        (known.UnauthorizedSSOTokenError(), "denied"),
        (known.EndpointConnectionError(endpoint_url=SECRET), "transient"),
        (known.ConnectTimeoutError(endpoint_url=SECRET), "transient"),
        (known.ReadTimeoutError(endpoint_url=SECRET), "transient"),
        (known.ResponseStreamingError(error=SECRET), "transient"),
        (known.IncompleteReadError(actual_bytes=1, expected_bytes=2), "transient"),
        (known.FlexibleChecksumError(error_msg=SECRET), "transient"),
        (known.SSLError(endpoint_url=SECRET, error=OSError(SECRET)), "transient"),
        (ResponseParserError(SECRET), "transient"),
        (ProtocolError(SECRET), "transient"),
        (known.NoRegionError(), "other"),
        (known.ParamValidationError(report=SECRET), "other"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_request_without_an_answer_has_its_kind(error: Exception, kind: Kind) -> None:
    cause = cause_of(error)
    assert cause.kind == kind
    assert SECRET not in cause.text


def test_every_error_of_botocore_can_be_caught() -> None:
    raised = [
        error
        for _, error in inspect.getmembers(known, inspect.isclass)
        if issubclass(error, BotoCoreError | ClientError)
    ]
    assert len(raised) > 50
    assert [error for error in raised if not issubclass(error, aws_errors())] == []

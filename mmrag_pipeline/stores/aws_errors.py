"""What botocore's errors mean for us, in our words.

A server's own message may hold anything, an access key's id among it, and a log shows the
whole chain of causes: raise what `cause_of` says `from None`, never `from` botocore's error.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "denied", "no_bucket", "no_key", "archived", "changed", "unsupported", "transient", "other"
]


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a request failed."""

    kind: Kind
    text: str
    """What was asked, how it ended, and what to do; no full stop at its end."""
    may_pass: bool = False
    """Whether asking again later may help: trouble that passes, credentials that are renewed."""


_RENEW = (
    "renew the credentials, or choose others with MMRAG_AWS_PROFILE, MMRAG_AWS_ROLE_ARN or AWS's "
    "own variables"
)
_REACH = (
    "it may work again by itself; check the network, MMRAG_AWS_REGION, MMRAG_S3_ENDPOINT_URL and "
    "MMRAG_SQS_ENDPOINT_URL"
)
_ADVICE: Mapping[Kind, str] = {
    "denied": "allow {action} for the user or role in use (policies of the user, the bucket or "
    "queue, and its encryption key), or choose another one with MMRAG_AWS_PROFILE or "
    "MMRAG_AWS_ROLE_ARN",
    "no_bucket": "there is no such bucket; check its name and MMRAG_S3_ENDPOINT_URL",
    "no_key": "there is no such object (any more)",
    "archived": "the object is in an archive; restore it to a class that can be read at once",
    "changed": "the object is another one by now",
    "unsupported": "the service does not offer this; use one that does",
    "transient": "the service is busy or in trouble; it may work again by itself",
    "other": "look the code up in the service's list of errors",
}
_CODES: Mapping[Kind, str] = {
    "denied": "AccessDenied AccessDeniedException AllAccessDisabled AccountProblem Forbidden "
    "NotSignedUp UnauthorizedAccess KMS.DisabledException KMS.NotFoundException "
    "KMS.InvalidStateException KMS.AccessDeniedException 401 403",
    "no_bucket": "NoSuchBucket",
    "no_key": "NoSuchKey NoSuchVersion NotFound 404",
    "archived": "InvalidObjectState",
    "changed": "PreconditionFailed ConditionalRequestConflict 412",
    "unsupported": "NotImplemented 501",
    "transient": "SlowDown Throttling ThrottlingException ThrottledException RequestThrottled "
    "RequestThrottledException TooManyRequestsException RequestLimitExceeded OverLimit "
    "BandwidthLimitExceeded LimitExceededException RequestTimeout RequestTimeoutException "
    "PriorRequestNotComplete InternalError InternalFailure ServiceUnavailable OperationAborted "
    "ServiceUnavailableException KMS.ThrottlingException IDPCommunicationError "
    "429 500 502 503 504",
}
_KINDS: Mapping[str, Kind] = {code: kind for kind, row in _CODES.items() for code in row.split()}
_STALE = (
    "InvalidAccessKeyId SignatureDoesNotMatch ExpiredToken ExpiredTokenException RequestExpired "
    "TokenRefreshRequired InvalidToken InvalidClientTokenId UnrecognizedClientException "
    "AuthFailure MissingAuthenticationToken IncompleteSignature InvalidSignatureException "
    "MissingSecurityHeader InvalidSecurity InvalidIdentityToken"
)
_SPECIAL: Mapping[str, Cause] = {
    **{code: Cause("denied", _RENEW, may_pass=True) for code in _STALE.split()},
    "RequestTimeTooSkewed": Cause("denied", "set this machine's clock right", may_pass=True),
    **{
        code: Cause("other", "set MMRAG_AWS_REGION to the region it is in")
        for code in ("PermanentRedirect", "AuthorizationHeaderMalformed", "TemporaryRedirect")
    },
    **{
        code: Cause("other", "there is no such queue; check MMRAG_QUEUE_URL")
        for code in ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue")
    },
}
"""Codes with an advice of their own."""
_PASSING: tuple[Kind, ...] = ("transient", "no_key", "changed")
_ACTIONS = {
    "ListObjectsV2": "s3:ListBucket",
    "DeleteObjects": "s3:DeleteObject",
    "ReceiveMessage": "sqs:ReceiveMessage",
    "DeleteMessageBatch": "sqs:DeleteMessage",
    "AssumeRole": "sts:AssumeRole",
}
"""Operation -> what a policy calls it; others are `s3:` and the operation."""
_OF_BUCKETS = ("ListObjectsV2", "HeadBucket")
_SHOWABLE = re.compile(r"(?=.*[a-z])[A-Za-z][A-Za-z.]{2,50}|[1-5]\d\d")
"""A code comes from the server, too; ids of access keys have no lower-case letters."""


def aws_errors() -> tuple[type[Exception], ...]:
    """Return what an `except` around a client's call, or reading its body, has to name."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    return (ClientError, BotoCoreError, ResponseParserError, HTTPError)


def cause_of(error: Exception) -> Cause:
    """Return what one of `aws_errors` means; the server's message has no part in it."""
    from botocore.exceptions import ClientError

    if not isinstance(error, ClientError):
        return _trouble(error)
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return refusal(code, error.operation_name, status=status)


def refusal(code: str, operation: str, *, status: int = 0) -> Cause:
    """Return the cause of a request that the server answered with an error."""
    shown = code if _SHOWABLE.fullmatch(code) else f"status {status}"
    tried = f"{operation} failed with {shown}"
    if special := _SPECIAL.get(code):
        return Cause(special.kind, f"{tried}: {special.text}", special.may_pass)
    kind = _kind(code, status, operation)
    if kind == "other" and operation == "AssumeRole":
        return Cause(kind, f"{tried}: check MMRAG_AWS_ROLE_ARN (arn:aws:iam::ACCOUNT:role/NAME)")
    action = _ACTIONS.get(operation, f"s3:{operation}")
    return Cause(kind, f"{tried}: {_ADVICE[kind].format(action=action)}", kind in _PASSING)


def _kind(code: str, status: int, operation: str) -> Kind:
    kind = _KINDS.get(code) or _KINDS.get(str(status), "transient" if status >= 500 else "other")
    return "no_bucket" if kind == "no_key" and operation in _OF_BUCKETS else kind


def _trouble(error: Exception) -> Cause:
    """Return the cause of a request that was not sent, or got no (whole) answer."""
    name = type(error).__name__
    if _is(error, _login_errors()):
        return Cause("denied", f"no valid credentials ({name}): {_RENEW}", may_pass=True)
    if name == "SSLError":
        text = "the connection is not trusted: check the certificate, AWS_CA_BUNDLE and the clock"
        return Cause("transient", text, may_pass=True)
    if _is(error, _network_errors()):
        return Cause("transient", f"the connection failed ({name}): {_REACH}", may_pass=True)
    if name == "NoRegionError":
        return Cause("other", "the region is unknown: set MMRAG_AWS_REGION")
    return Cause("other", f"the request could not be made ({name}): check the MMRAG_S3_ settings")


def _is(error: Exception, kinds: Iterable[type[Exception]]) -> bool:
    return isinstance(error, tuple(kinds))


def _login_errors() -> Iterable[type[Exception]]:
    from botocore import exceptions as known

    return (
        *(known.NoCredentialsError, known.PartialCredentialsError, known.UnknownCredentialError),
        *(known.CredentialRetrievalError, known.MetadataRetrievalError, known.NoAuthTokenError),
        *(known.TokenRetrievalError, known.RefreshWithMFAUnsupportedError),
        *(known.SSOError, known.LoginError),
    )


def _network_errors() -> Iterable[type[Exception]]:
    from botocore import exceptions as known
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    return (
        *(known.ConnectionError, known.HTTPClientError, known.IncompleteReadError),
        *(known.ChecksumError, known.FlexibleChecksumError, ResponseParserError, HTTPError),
    )

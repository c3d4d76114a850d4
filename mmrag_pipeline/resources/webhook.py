"""Posts a line of text to an address that is itself a secret, and never says which."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    BaseHandler,
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from pydantic import SecretStr

from mmrag_pipeline.errors import SettingsError

_BUSY = (408, 425, 429)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a text was not taken, in words without the address."""

    told: str
    may_pass: bool
    """Whether the same text may be taken later."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A Slack-compatible address; raises SettingsError where it is none."""

    url: SecretStr
    timeout_s: float = 10.0

    def __post_init__(self) -> None:
        if not _is_address(self.url.get_secret_value()):
            raise SettingsError(
                "MMRAG_WEBHOOK_URL is no address that can be posted to: write https://HOST/PATH, "
                "without a user or a password before the host"
            )

    def post(self, text: str) -> Refusal | None:
        """Post `{"text": text}`; return why it was not taken, None when it was."""
        data = json.dumps({"text": text}).encode()
        headers = {"Content-Type": "application/json"}
        request = Request(self.url.get_secret_value(), data, headers)  # noqa: S310 # checked above
        try:
            _opener().open(request, timeout=self.timeout_s).close()
        except HTTPError as error:
            error.close()
            return Refusal(f"HTTP status {error.code}", error.code >= 500 or error.code in _BUSY)
        except (OSError, HTTPException, ValueError) as error:
            cause = error.reason if isinstance(error, URLError) else error
            return Refusal(type(cause).__name__, may_pass=not isinstance(error, ValueError))
        return None


def _opener() -> OpenerDirector:
    """Return an opener that knows HTTP and HTTPS, no files, and follows no redirect."""
    handlers: Sequence[BaseHandler] = (
        ProxyHandler(),
        HTTPHandler(),
        HTTPSHandler(),
        HTTPDefaultErrorHandler(),
        HTTPErrorProcessor(),
    )
    opener = OpenerDirector()
    for handler in handlers:
        opener.add_handler(handler)
    return opener


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    clean = url.isascii() and url.isprintable() and " " not in url and "@" not in parts.netloc
    return parts.scheme in ("http", "https") and usable and clean

"""Posts a line of text to an address that is itself a secret, and never says which."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException
from urllib.error import HTTPError, URLError
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

_BUSY = (408, 425, 429)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a text was not taken, in words without the address."""

    told: str
    may_pass: bool
    """Whether the same text may be taken later."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A Slack-compatible address, as Settings has checked it."""

    url: SecretStr
    timeout_s: float = 10.0

    def post(self, text: str) -> Refusal | None:
        """Post `{"text": text}`; return why it was not taken, None when it was."""
        data = json.dumps({"text": text}).encode()
        headers = {"Content-Type": "application/json"}
        try:
            request = Request(self.url.get_secret_value(), data, headers)  # noqa: S310 # see _opener
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

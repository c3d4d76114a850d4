"""Calls of one Qdrant server: checked once for its version, sent again when trouble passes."""

import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from logging import getLogger
from typing import TYPE_CHECKING, TypeVar

from mmrag_pipeline.errors import MmragError, NotFoundError, StateUnavailableError
from mmrag_pipeline.stores.server_errors import Failure, client_errors, failure_of

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

T = TypeVar("T")
Release = tuple[int, int]
"""Major and minor version."""
OLDEST: Release = (1, 16)
"""The first server whose collections have metadata, where layouts are kept."""
TURBO: Release = (1, 18)
"""The first server with turbo quantization."""
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How often, and how long apart, a request is sent again."""

    retries: int = 5
    longest_ask_s: float = 60.0
    """A server that wants to be left alone for longer is not waited for."""
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    """Share of the wait, 0 to 1: clients that failed together do not come back together."""

    def wait_s(self, attempt: int, failure: Failure) -> float | None:
        """Return how long to wait after an attempt (from 0), None to give up."""
        if not failure.passing or attempt >= self.retries:
            return None
        if failure.retry_after_s > self.longest_ask_s:
            return None
        backoff: float = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**attempt)
        return failure.retry_after_s + backoff * self.jitter()


class ServerCalls:
    """Every request to one server goes through `ask`; safe to share between threads.

    Requests may be sent twice: all of ours are idempotent, so that an answer that got lost costs
    time and nothing else.
    """

    def __init__(
        self,
        client: "QdrantClient",
        patience: Patience,
        *,
        needs: Release = OLDEST,
        secret: str = "",
        where: str = "",
    ) -> None:
        """Take a client, and for errors its key, which they hide, and where it asks."""
        self._client = client
        self._patience = patience
        self._needs = needs
        self._secret = secret
        self._where = f" at {where}" if where else ""
        self._checked = False
        self._lock = threading.Lock()

    def ask(self, request: "Callable[[QdrantClient], T]", *, collection: str = "") -> T:
        """Return the answer of a request; raises StateUnavailableError.

        Raises NotFoundError when the collection it is about does not exist (any more).
        """
        self._check_version()
        return self._asked(request, collection)

    def _asked(self, request: "Callable[[QdrantClient], T]", collection: str) -> T:
        attempt = 0
        while True:
            try:
                return request(self._client)
            except client_errors() as error:
                failure = failure_of(error)
            wait_s = self._patience.wait_s(attempt, failure)
            if wait_s is None:
                raise self._told(failure, attempt, collection) from None
            self._patience.sleep(wait_s)
            attempt += 1

    def _told(self, failure: Failure, attempts: int, collection: str) -> MmragError:
        if failure.absent and collection:
            return NotFoundError(
                f"collection {collection} is gone from the Qdrant server; ask again, and if that "
                "does not help index its domain"
            )
        words = failure.words.replace(self._secret, "***") if self._secret else failure.words
        cause = failure.cause + (f", {attempts + 1} times" if attempts else "")
        said = f" It said: {words!r}" if words else ""
        return StateUnavailableError(
            f"the Qdrant server{self._where} could not be asked ({cause}): {failure.advice}{said}",
            may_pass=failure.may_pass,
            cause=failure.cause,
        )

    def _check_version(self) -> None:
        """Ask once which version it is: one that cannot be reached is no old one."""
        with self._lock:
            if not self._checked:
                told = self._asked(lambda client: client.info().version, "")
                check_release(told, self._needs)
                self._checked = True


def check_release(server: str, needs: Release) -> None:
    """Raise StateUnavailableError for a server that cannot do what is needed.

    Others than qdrant-client is made for (one minor version more or less) are told in the log.
    """
    ours = version("qdrant-client")
    theirs, made_for = _release(server), _release(ours)
    if theirs is None or made_for is None:
        raise StateUnavailableError(
            f"what answers there calls itself version {server!r:.40}: see that MMRAG_QDRANT_URL "
            "names a Qdrant server"
        )
    if theirs < needs or theirs[0] != made_for[0]:
        turbo = "; another MMRAG_INDEX_QUANTIZATION needs less" if theirs >= OLDEST else ""
        raise StateUnavailableError(
            f"the Qdrant server is of version {server}, needed is {_named(needs)} or later of "
            f"{made_for[0]}.x (qdrant-client here is {ours}): install Qdrant "
            f"{_named(made_for)}{turbo}"
        )
    if abs(theirs[1] - made_for[1]) > 1:
        _warn(server, ours)


@cache
def _warn(server: str, ours: str) -> None:
    """Say once per process that two versions are further apart than they are tested for."""
    getLogger(__name__).warning(
        "the Qdrant server is of version %s, qdrant-client of %s: they are made for at most one "
        "minor version between them; install a server near the client's version",
        server,
        ours,
    )


def _release(text: str) -> Release | None:
    found = re.match(r"v?(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None


def _named(release: Release) -> str:
    return ".".join(map(str, release))

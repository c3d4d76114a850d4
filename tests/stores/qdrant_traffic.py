"""What the Qdrant of tests was asked, and what it is told to do wrong."""

import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any, NoReturn

import grpc  # type: ignore[import-untyped]  # it ships no types
from qdrant_client.grpc import collections_service_pb2, points_service_pb2, qdrant_pb2

METHODS = frozenset(
    f"{service.name}/{method}"
    for file in (collections_service_pb2, points_service_pb2, qdrant_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods_by_name
)
"""All that can be asked, as `SERVICE/METHOD`."""
UPSERT = "Points/Upsert"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived."""

    method: str
    request: Any
    """The message, with all that the client set: parameters, `wait`, `ordering`, filters."""
    deadline_s: float | None
    """How long the client waits for the answer."""
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Fault:
    """One call that fails."""

    code: grpc.StatusCode
    applied: bool = False
    """Whether the change is made, and only its answer is lost."""
    retry_after_s: int | None = None


class Traffic(grpc.ServerInterceptor):  # type: ignore[misc]  # gRPC ships no types
    """Every call passes here: it is noted, delayed or failed as told, then made under a lock."""

    def __init__(self, api_key: str | None = None) -> None:
        self.api_key = api_key
        self.asked: list[Asked] = []
        self.most_in_flight: Counter[str] = Counter()
        """Method -> the largest number of calls that were open at one time."""
        self._in_flight: Counter[str] = Counter()
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._delays_s: dict[str, float] = {}
        self._noting = Lock()
        self._changing = Lock()  # qdrant-client's local mode is not for threads

    @property
    def calls(self) -> Counter[str]:
        """Return method -> how often it was called, failed calls included."""
        return Counter(a.method for a in self.asked)

    @property
    def points_per_upsert(self) -> list[int]:
        """Return how many points each upsert brought."""
        return [len(a.request.points) for a in self.asked if a.method == UPSERT]

    def fail(self, method: str, *faults: Fault) -> None:
        """Let the next calls of a method fail, one for each fault."""
        self._faults[_known(method)].extend(faults)

    def delay(self, method: str, seconds: float) -> None:
        """Let each call of a method take longer, before its change is made."""
        self._delays_s[_known(method)] = seconds

    def reset(self) -> None:
        """Forget what was asked and what was told."""
        with self._noting:
            self.asked.clear()
            self.most_in_flight.clear()
            self._faults.clear()
            self._delays_s.clear()

    def intercept_service(self, continuation: Callable[..., Any], call: Any) -> Any:
        """Return the method's handler, wrapped (grpc.ServerInterceptor)."""
        handler = continuation(call)
        method = call.method.removeprefix("/qdrant.")
        return handler and grpc.unary_unary_rpc_method_handler(
            partial(self._answer, method, handler.unary_unary),
            handler.request_deserializer,
            handler.response_serializer,
        )

    def _answer(self, method: str, ask: Callable[..., Any], request: Any, context: Any) -> Any:
        with self._noted(method, request, context):
            self._check_key(context)
            fault = self._next_fault(method)
            time.sleep(self._delays_s.get(method, 0))
            if fault and not fault.applied:
                _fail(context, fault)
            answer = self._made(ask, request, context)
            if fault:
                _fail(context, fault)
            return answer

    @contextmanager
    def _noted(self, method: str, request: Any, context: Any) -> Iterator[None]:
        headers = {key: value for key, value in context.invocation_metadata()}
        with self._noting:
            self.asked.append(Asked(method, request, context.time_remaining(), headers))
            self._in_flight[method] += 1
            self.most_in_flight[method] = max(self._in_flight[method], self.most_in_flight[method])
        try:
            yield
        finally:
            with self._noting:
                self._in_flight[method] -= 1

    def _next_fault(self, method: str) -> Fault | None:
        with self._noting:
            faults = self._faults[method]
            return faults.popleft() if faults else None

    def _check_key(self, context: Any) -> None:
        given = dict(context.invocation_metadata()).get("api-key")
        if self.api_key is None or given == self.api_key:
            return
        absent = "Must provide an API key or an Authorization bearer token"
        said = absent if given is None else "Invalid API key or JWT"
        context.abort(grpc.StatusCode.UNAUTHENTICATED, said)

    def _made(self, ask: Callable[..., Any], request: Any, context: Any) -> Any:
        """Make the change; what local mode refuses has the code that a server gives it."""
        try:
            with self._changing:
                return ask(request, context)
        except (ValueError, TypeError) as error:
            context.abort(_code(str(error)), str(error))
        except KeyError as error:
            context.abort(grpc.StatusCode.NOT_FOUND, f"No point with id {error} found")


def _known(method: str) -> str:
    assert method in METHODS, f"no method {method!r}; known: {', '.join(sorted(METHODS))}"
    return method


def _fail(context: Any, fault: Fault) -> NoReturn:
    if fault.retry_after_s is not None:
        context.set_trailing_metadata((("retry-after", str(fault.retry_after_s)),))
    context.abort(fault.code, "the test wants it so")
    raise AssertionError("abort raises")


def _code(said: str) -> grpc.StatusCode:
    if said.startswith("Collection") and said.endswith("not found"):
        return grpc.StatusCode.NOT_FOUND
    if said.endswith("already exists"):
        return grpc.StatusCode.ALREADY_EXISTS
    return grpc.StatusCode.INVALID_ARGUMENT

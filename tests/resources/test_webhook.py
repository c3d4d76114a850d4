"""A webhook gets the text and nobody learns its address, whatever goes wrong."""

import socket
import threading
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from mmrag_pipeline.resources.webhook import Webhook
from tests.resources.post_office import Server, serving

SECRET = "T0SECRET"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Return a server on the loopback interface."""
    monkeypatch.setenv("no_proxy", "*")
    with serving() as made:
        yield made


def webhook(server: Server, *, timeout_s: float = 5.0) -> Webhook:
    """Return the webhook of a server."""
    return Webhook(SecretStr(f"{server.address}/hooks/{SECRET}"), timeout_s)


def test_the_text_arrives_once_as_json(server: Server) -> None:
    assert webhook(server).post('"büro" failed') is None
    assert server.held.got == [(f"/hooks/{SECRET}", {"text": '"büro" failed'})]


@pytest.mark.parametrize(
    ("status", "may_pass"), [(400, False), (404, False), (429, True), (500, True), (503, True)]
)
def test_a_refusal_tells_the_status_and_whether_to_try_again(
    server: Server, status: int, may_pass: bool
) -> None:
    server.held.status = status
    refusal = webhook(server).post("x")
    assert refusal is not None
    assert (refusal.told, refusal.may_pass) == (f"HTTP status {status}", may_pass)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(server: Server, status: int) -> None:
    server.held.status = status
    server.held.location = f"{server.address}/elsewhere"
    refusal = webhook(server).post("x")
    assert refusal is not None
    assert (refusal.told, refusal.may_pass) == (f"HTTP status {status}", False)
    assert len(server.held.got) == 1


def test_a_server_that_does_not_answer_is_given_up(server: Server) -> None:
    server.held.hold = threading.Event()
    refusal = webhook(server, timeout_s=0.2).post("x")
    server.held.hold.set()
    assert refusal is not None
    assert (refusal.told, refusal.may_pass) == ("TimeoutError", True)


def test_a_server_that_is_gone_may_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        refusal = Webhook(SecretStr(f"http://127.0.0.1:{silent.getsockname()[1]}/")).post("x")
    assert refusal is not None
    assert (refusal.told, refusal.may_pass) == ("ConnectionRefusedError", True)


def test_a_webhook_does_not_show_its_address(server: Server) -> None:
    assert SECRET not in f"{webhook(server)!r} {webhook(server)}"


def test_what_is_no_address_is_not_shown() -> None:
    refusal = Webhook(SecretStr(SECRET)).post("x")
    assert refusal is not None
    assert SECRET not in refusal.told

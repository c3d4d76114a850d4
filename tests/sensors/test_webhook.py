"""The webhook hears of every failed run, what happened and what comes next, and nothing secret."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from mmrag_pipeline.resources.webhook import Webhook
from mmrag_pipeline.sensors.webhook import (
    CAUSE_CHARACTERS,
    Notice,
    escaped,
    notice_of,
    tell,
    text_of,
)
from tests.resources.post_office import Server, serving

SHOP = "shop"
SECRET = "T0SECRET"
NOTICE = Notice("index", SHOP, "r1", "the disk is full", 2, "it will be tried again")


@dataclass
class Ticks:
    """A sensor's ticks, one after the other, with the cursor kept between them."""

    instance: dg.DagsterInstance
    webhook: Webhook | None
    cursor: str | None = None
    logged: list[str] = field(default_factory=list)

    def tick(self) -> None:
        """Tell what there is to tell."""
        context = dg.build_sensor_context(self.instance, cursor=self.cursor)
        context.log.addHandler(Keeping(self.logged))
        with context:
            self.cursor = tell(context, self.webhook, attempts=3)


class Keeping(logging.Handler):
    """Keeps what is logged."""

    def __init__(self, kept: list[str]) -> None:
        super().__init__()
        self.kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message."""
        self.kept.append(record.getMessage())


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Return a server on the loopback interface."""
    monkeypatch.setenv("no_proxy", "*")
    with serving() as made:
        yield made


@pytest.fixture
def ticks(server: Server) -> Iterator[Ticks]:
    """Return ticks that tell the server, the first of which is over."""
    with dg.DagsterInstance.ephemeral() as instance:
        made = Ticks(instance, Webhook(SecretStr(f"{server.address}/{SECRET}")))
        made.tick()
        yield made


def test_a_notice_says_what_failed_why_how_often_and_what_comes_next() -> None:
    assert text_of(NOTICE) == (
        "index of shop failed (2 times in a row): the disk is full\nit will be tried again (run r1)"
    )


def test_a_run_of_no_domain_is_told_by_its_job() -> None:
    assert text_of(replace(NOTICE, domain="", failures=1)).startswith("index failed: the disk")


@given(st.text())
def test_a_cause_is_one_line_of_bounded_length(cause: str) -> None:
    first, *others = text_of(replace(NOTICE, cause=cause)).split("\n")
    assert len(others) == 1
    assert len(first) <= CAUSE_CHARACTERS + 60


def test_what_a_file_name_says_calls_nobody() -> None:
    text = escaped(text_of(replace(NOTICE, cause="<!channel> & <http://x|y>")))
    assert "&lt;!channel&gt; &amp; &lt;http://x|y&gt;" in text


def test_each_failed_run_is_told_once(ticks: Ticks, server: Server) -> None:
    for _ in range(2):
        _fail(ticks.instance)
        ticks.tick()
        ticks.tick()
    assert [path for path, _ in server.held.got] == [f"/{SECRET}"] * 2
    assert "index of shop failed: out of memory" in _texts(server)[0]
    assert "(2 times in a row)" in _texts(server)[1]


def test_what_failed_before_the_first_tick_is_history(server: Server) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        _fail(instance)
        ticks = Ticks(instance, Webhook(SecretStr(server.address)))
        ticks.tick()
        ticks.tick()
    assert server.held.got == []


def test_a_tick_that_died_before_it_was_written_tells_again(ticks: Ticks, server: Server) -> None:
    before = ticks.cursor
    _fail(ticks.instance)
    ticks.tick()
    ticks.cursor = before
    ticks.tick()
    assert len(server.held.got) == 2


def test_a_webhook_that_is_out_of_order_hears_of_it_later(ticks: Ticks, server: Server) -> None:
    _fail(ticks.instance)
    server.held.status = 503
    ticks.tick()
    server.held.status = 200
    ticks.tick()
    ticks.tick()
    assert len(server.held.got) == 2


def test_a_notice_that_is_refused_for_good_holds_up_no_other(ticks: Ticks, server: Server) -> None:
    _fail(ticks.instance)
    server.held.status = 404
    ticks.tick()
    ticks.tick()
    assert len(server.held.got) == 1


def test_no_failure_of_the_webhook_shows_its_address(ticks: Ticks, server: Server) -> None:
    _fail(ticks.instance)
    server.held.status = 404
    ticks.tick()
    assert "The webhook did not take this notice: HTTP status 404" in ticks.logged
    assert SECRET not in "".join(ticks.logged)


def test_without_a_webhook_a_failure_is_logged_once(ticks: Ticks, server: Server) -> None:
    ticks.webhook = None
    _fail(ticks.instance)
    ticks.tick()
    ticks.tick()
    assert server.held.got == []
    assert len([line for line in ticks.logged if "out of memory" in line]) == 1


@pytest.mark.parametrize("cursor", ["", "-4", "x", "1.5"])
def test_a_cursor_that_makes_no_sense_begins_anew(ticks: Ticks, cursor: str) -> None:
    _fail(ticks.instance)
    good = ticks.cursor
    ticks.cursor = cursor
    ticks.tick()
    assert int(ticks.cursor or "") > int(good or "")


def test_a_run_that_was_deleted_is_passed_over(ticks: Ticks, server: Server) -> None:
    ticks.instance.delete_run(_fail(ticks.instance))
    ticks.tick()
    assert server.held.got == []


def test_a_failure_that_a_later_run_has_mended_says_so(ticks: Ticks) -> None:
    failed = ticks.instance.get_run_by_id(_fail(ticks.instance))
    ticks.instance.add_run(_run(dg.DagsterRunStatus.SUCCESS))
    assert failed is not None
    notice = notice_of(ticks.instance, failed, attempts=3, now_s=0.0)
    assert notice.outlook == "a later run has dealt with it"


def test_other_jobs_are_told_of_and_not_said_to_be_tried_again(
    ticks: Ticks, server: Server
) -> None:
    _fail(ticks.instance, job="upkeep")
    ticks.tick()
    (text,) = _texts(server)
    assert text.startswith("upkeep of shop failed: out of memory")
    assert "not tried again" in text


def _run(status: dg.DagsterRunStatus, *, job: str = "index") -> dg.DagsterRun:
    return dg.DagsterRun(job_name=job, status=status, tags={"dagster/partition": SHOP})


def _fail(instance: dg.DagsterInstance, *, job: str = "index") -> str:
    run = instance.add_run(_run(dg.DagsterRunStatus.STARTED, job=job))
    instance.report_run_failed(run, "out of memory")
    return run.run_id


def _texts(server: Server) -> list[str]:
    return [body["text"] for _, body in server.held.got]

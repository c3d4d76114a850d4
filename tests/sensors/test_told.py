"""What sensors tell of domains that wait, and how a run knows which tick asked for it."""

from mmrag_pipeline.sensors.listing import decide
from mmrag_pipeline.sensors.s3_events import requests
from mmrag_pipeline.sensors.told import tell_stale, tell_waiting
from mmrag_pipeline.telemetry import TRACE_TAG
from mmrag_pipeline.testing.heard import Heard


def token(second: int) -> str:
    return f"inbox/shop/events-{second * 10**9:020d}-{0:032x}.json"


def test_the_age_of_the_inbox_is_that_of_its_oldest_entry() -> None:
    heard = Heard()
    held = {"shop~0-2": [token(950), token(700)], "shop~1-2": [token(900)]}
    tell_waiting(heard, held, [], now_s=1_000)
    assert heard.values["mmrag_queue_age_seconds", "shop"] == 300
    assert heard.values["mmrag_pending_events", "shop"] == 3


def test_a_domain_that_waits_for_nothing_any_more_is_told_of() -> None:
    heard = Heard()
    tell_waiting(heard, {}, ["shop"], now_s=1_000)
    tell_stale(heard, [], ["shop"])
    assert set(heard.values.values()) == {0}
    assert len(heard.values) == 3


def test_partitions_that_a_run_would_change_are_counted_by_domain() -> None:
    heard = Heard()
    tell_stale(heard, ["shop~0-2", "shop~1-2"], ["garden"])
    assert heard.values["mmrag_stale_partitions", "shop"] == 2
    assert heard.values["mmrag_stale_partitions", "garden"] == 0


def test_runs_carry_the_trace_of_the_tick_that_asked_for_them() -> None:
    (listed,) = decide({"shop": "d"}, known=set(), busy=set(), trace="00-a").run_requests or []
    (told,) = requests({"shop": "k"}, known=set(), trace="00-b").run_requests or []
    assert (listed.tags[TRACE_TAG], told.tags[TRACE_TAG]) == ("00-a", "00-b")


def test_without_a_trace_runs_carry_no_tag() -> None:
    (listed,) = decide({"shop": "d"}, known=set(), busy=set()).run_requests or []
    assert TRACE_TAG not in listed.tags

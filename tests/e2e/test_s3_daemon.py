"""A bucket changes and the daemon is at work: a little later the index agrees."""

import os
import signal
import unicodedata
from collections.abc import Iterator

import dagster as dg
import pytest

from demo.local_s3 import LocalS3
from mmrag_pipeline.resources.run_processes import process_of
from tests.e2e.daemon import Yard, daemon, settle, wait_for

BEFORE = {
    "shop/first.txt": "a walrus on ice",
    "shop/old.txt": "a lighthouse keeper",
    "shop/gone.txt": "a submarine",
    "brief/one.txt": "a glacier",
}
START_S = 120.0
"""A cold machine imports everything and loads a model before the first point is there."""
RESTED_S = 240.0
"""The failure sensor looks every 30 s, and lets a domain rest for 60 s."""


@pytest.fixture(scope="module")
def live(here: LocalS3, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """Give a yard with the daemon at work and some objects indexed."""
    yard = Yard(here, tmp_path_factory.mktemp("home"))
    for path, words in BEFORE.items():
        yard.put(path, words)
    with daemon(yard):
        settle(yard, "shop", "brief", within_s=START_S)
        yield yard


def test_an_object_that_was_put_is_found_by_its_words(live: Yard) -> None:
    assert live.found("shop", "walrus") == {"first.txt"}


def test_an_overwritten_object_is_found_by_its_words_of_now_only(live: Yard) -> None:
    live.put("shop/first.txt", "a penguin on ice")
    settle(live, "shop")
    assert (live.found("shop", "walrus"), live.found("shop", "penguin")) == (set(), {"first.txt"})


def test_a_copy_is_found_beside_its_original(live: Yard) -> None:
    live.copy("shop/first.txt", "shop/sub/copy.txt")
    settle(live, "shop")
    assert live.found("shop", "penguin") == {"first.txt", "sub/copy.txt"}


def test_a_renamed_object_is_found_under_its_name_of_now_only(live: Yard) -> None:
    live.copy("shop/old.txt", "shop/renamed.txt")
    live.delete("shop/old.txt")
    settle(live, "shop")
    assert live.found("shop", "lighthouse") == {"renamed.txt"}


def test_a_deleted_object_is_found_no_more(live: Yard) -> None:
    live.delete("shop/gone.txt")
    settle(live, "shop")
    assert live.found("shop", "submarine") == set()


def test_the_first_object_of_a_folder_makes_it_a_domain_of_its_own(live: Yard) -> None:
    live.put("a new place/first.txt", "a comet")
    settle(live, "a new place", "shop")
    assert live.found("a new place", "comet") == {"first.txt"}


def test_a_message_that_nobody_can_read_blocks_none_after_it(live: Yard) -> None:
    live.send("no notice at all")
    live.put("shop/after.txt", "a harbour")
    live.send('{"Records": [{"eventName": "ObjectCreated:Put"}]}')
    settle(live, "shop")
    assert live.found("shop", "harbour") == {"after.txt"}
    assert "no notice at all" in live.set_aside()


def test_keys_are_taken_as_they_are(live: Yard) -> None:
    composed, decomposed = (unicodedata.normalize(form, "é") for form in ("NFC", "NFD"))
    names = ["with blanks", "a+b", "100%", "100%25", "%2F", "#1&?=", composed, decomposed, "日本"]
    for name in names:
        live.put(f"odd/{name}.txt", f"a zeppelin {name}")
    settle(live, "odd")
    assert live.found("odd", "zeppelin") == {f"{name}.txt" for name in names}


def test_the_last_object_of_a_domain_leaves_it_empty(live: Yard) -> None:
    live.delete("brief/one.txt")
    settle(live, "brief")
    assert live.found("brief", "glacier") == set()


@pytest.mark.slow
def test_a_run_whose_process_is_killed_is_asked_for_again_and_mended(live: Yard) -> None:
    live.put("killed/one.txt", "a volcano")
    with live.instance() as instance:
        wait_for(live, lambda: _kill_run(instance, "killed"), within_s=30)
    settle(live, "killed", within_s=RESTED_S)
    assert live.found("killed", "volcano") == {"one.txt"}


def _kill_run(instance: dg.DagsterInstance, domain: str) -> str:
    """Kill the process of a domain's run that is under way; return why there was none to kill."""
    under_way = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.STARTED], tags={"dagster/partition": domain}
    )
    for run in instance.get_runs(under_way):
        if process := process_of(run):
            os.kill(process.pid, signal.SIGKILL)
            return ""
    return f"no run of {domain!r} is under way"

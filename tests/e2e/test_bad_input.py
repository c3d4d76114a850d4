"""Queues, buckets, credentials, messages and keys at their worst: told, and nothing is lost."""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Any, cast

import dagster as dg
import pytest
from botocore.exceptions import ClientError

from demo.local_s3 import PREFIX
from mmrag_pipeline.assembly import Intake, open_intake
from mmrag_pipeline.errors import QueueError
from mmrag_pipeline.ids import digest_text
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.sensors.s3_events import UNREAD_REST_S
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.aws import access_of, s3_client
from mmrag_pipeline.stores.places import S3Place
from mmrag_pipeline.stores.s3_objects import S3Objects
from mmrag_pipeline.stores.source_store import SourceStore
from mmrag_pipeline.stores.sqs import SqsQueue
from mmrag_pipeline.testing.ledger import Ledger
from tests.e2e.daemon import Yard
from tests.e2e.runs import asked, execute, index, rebuilt, stubbed, tick

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

SHOP = "shop"
CODES = ("AccessDenied", "ExpiredToken")
"""What a server says of a permission that was taken away, and of a session that ran out."""
COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "é.txt") for form in ("NFC", "NFD"))
LONGEST = "x" * (1_024 - len(f"{PREFIX}/{SHOP}/.txt")) + ".txt"
HOSTILE = (
    *("a..x.txt", "a/../b.txt", "../x.txt", "/b.txt", "a\\b.txt", "100%.txt", "%2e%2e%2f.txt"),
    *("a%0Ab.txt", "a\rb.txt", "a\tb.txt", "a\x01b.txt", LONGEST),
)
"""Keys that the stand-in for S3 takes; it takes none with a newline."""
ABSENT = ("a\nb.txt", "../../x", "a\0b", ".", "..", "x" * 1_025)
_CONNECTIONS = count(100)
"""Clients are shared by those who ask alike."""


@dataclass(slots=True)
class Refusal:
    """What a client gets instead of an answer after so many calls of one kind, or of any."""

    code: str
    calls: int = 0
    only: str = ""

    def of(self, client: "S3Client | SQSClient") -> None:
        """Refuse calls of a client before they are sent."""
        made = count()

        def refuse(model: "OperationModel", **_other: object) -> None:
            if self.only in ("", model.name) and next(made) >= self.calls:
                answer = {"Error": {"Code": self.code, "Message": "AKIASECRET"}}
                raise ClientError(cast(Any, answer), model.name)

        client.meta.events.register("before-parameter-build", refuse)


def test_a_queue_that_is_gone_is_told(yard: Yard, settings: Settings) -> None:
    yard.here.sqs().delete_queue(QueueUrl=yard.here.queue_url)
    with yard.instance() as instance, pytest.raises(QueueError, match="there is no such queue"):
        tick(instance, settings)


@pytest.mark.parametrize("code", CODES)
def test_a_queue_that_refuses_is_told_without_what_the_server_said(
    yard: Yard, settings: Settings, code: str
) -> None:
    intake = _refused(settings, yard, code)
    with yard.instance() as instance, pytest.raises(QueueError) as caught:
        tick(instance, settings, intake=intake)
    assert code in str(caught.value)
    assert "SECRET" not in str(caught.value)


def test_a_queue_that_refuses_holds_up_no_event_that_is_kept(
    yard: Yard, settings: Settings
) -> None:
    yard.put(f"{SHOP}/a.txt", "words")
    with yard.instance() as instance:
        before = asked(tick(instance, settings))
        after = asked(tick(instance, settings, intake=_refused(settings, yard, "AccessDenied")))
    assert {n: r.run_key for n, r in after.items()} == {n: r.run_key for n, r in before.items()}
    assert list(after) == [SHOP]


def test_a_bucket_that_disappears_deletes_nothing_and_keeps_the_events(
    yard: Yard, settings: Settings
) -> None:
    with yard.instance() as instance, stubbed(settings, Ledger()) as world:
        _indexed(yard, instance, world)
        kept = index(world, SHOP)
        yard.put(f"{SHOP}/late.txt", "late words")
        request = asked(tick(instance, settings))[SHOP]
        _remove_bucket(yard)
        done = execute(world, request, instance=instance)
        assert "ListingError" in _failure(done)
        assert "no such bucket" in _failure(done)
        assert index(world, SHOP) == kept
    assert [event.key for event in yard.inbox.pending(SHOP).events] == ["late.txt"]


def test_permissions_that_are_taken_away_in_mid_run_delete_nothing(
    yard: Yard, settings: Settings
) -> None:
    with yard.instance() as instance, stubbed(settings, Ledger()) as world:
        _indexed(yard, instance, world)
        yard.put(f"{SHOP}/edited.txt", "other words")
        yard.put(f"{SHOP}/added.txt", "further words")
        request = asked(tick(instance, settings))[SHOP]
        for calls in range(4):
            source = _refusing(settings, yard, Refusal("AccessDenied", calls))
            execute(replace(world, source=source), request, instance=instance)
            assert {"stays.txt", "edited.txt"} <= set(_texts(world))
        execute(world, dg.RunRequest(partition_key=SHOP), instance=instance)
        assert index(world, SHOP) == rebuilt(settings, SHOP)


def test_a_session_that_ran_out_in_mid_run_is_made_up_for_by_events_alone(
    yard: Yard, settings: Settings
) -> None:
    with yard.instance() as instance, stubbed(settings, Ledger()) as world:
        _indexed(yard, instance, world)
        yard.put(f"{SHOP}/edited.txt", "other words")
        request = asked(tick(instance, settings))[SHOP]
        source = _refusing(settings, yard, Refusal("ExpiredToken", only="GetObject"))
        execute(replace(world, source=source), request, instance=instance)
        assert _texts(world)["edited.txt"] == "words that edited"
        again = asked(tick(instance, settings, later_s=UNREAD_REST_S))[SHOP]
        assert again.run_key != request.run_key
        assert execute(world, again, instance=instance).success
        assert _texts(world)["edited.txt"] == "other words"


def test_messages_that_nobody_can_read_are_set_aside_and_the_next_is_heard(
    yard: Yard, settings: Settings
) -> None:
    bad = ["", "{", "[]", "null", "\ud7ff", '{"Records": [1]}', "[" * 20_000, '{"a": 1e999}']
    sent = [body for body in bad if body]
    for body in sent:
        yard.send(body)
    yard.put(f"{SHOP}/a.txt", "words")
    with yard.instance() as instance:
        assert list(asked(tick(instance, settings))) == [SHOP]
    assert sorted(map(len, yard.set_aside())) == sorted(min(len(b), 16_384) for b in sent)
    assert yard.on_the_way() == 0


def test_hostile_keys_are_indexed_as_they_are(yard: Yard, settings: Settings) -> None:
    for key in HOSTILE:
        yard.put(f"{SHOP}/{key}", "words")
    assert yard.bucket_holds(SHOP) == {(key, digest_text("words")) for key in HOSTILE}
    with yard.instance() as instance, stubbed(settings, Ledger()) as world:
        _run(instance, world)
        assert set(_texts(world)) == set(HOSTILE)


def test_two_spellings_of_one_name_are_two_files(yard: Yard, settings: Settings) -> None:
    yard.put(f"{SHOP}/{COMPOSED}", "composed")
    yard.put(f"{SHOP}/{DECOMPOSED}", "decomposed")
    with yard.instance() as instance, stubbed(settings, Ledger()) as world:
        _run(instance, world)
        assert _texts(world) == {COMPOSED: "composed", DECOMPOSED: "decomposed"}
        yard.delete(f"{SHOP}/{COMPOSED}")
        _run(instance, world)
        assert _texts(world) == {DECOMPOSED: "decomposed"}


def test_notices_of_keys_that_are_not_there_change_nothing(yard: Yard, settings: Settings) -> None:
    with yard.instance() as instance, stubbed(settings, Ledger()) as world:
        _indexed(yard, instance, world)
        kept = index(world, SHOP)
        for key in ABSENT:
            yard.send(_notice(yard, f"{PREFIX}/{SHOP}/{key}"))
        _run(instance, world)
        assert index(world, SHOP) == kept
    assert (yard.on_the_way(), yard.inbox.partitions()) == (0, [])


def _indexed(yard: Yard, instance: dg.DagsterInstance, world: World) -> None:
    for name in ("stays", "edited"):
        yard.put(f"{SHOP}/{name}.txt", f"words that {name}")
    _run(instance, world)


def _run(instance: dg.DagsterInstance, world: World) -> None:
    """Absorb what the queue holds and run what is asked for."""
    request = asked(tick(instance, world.settings))[SHOP]
    assert execute(world, request, instance=instance).success


def _texts(world: World) -> Mapping[str, str]:
    """Return key -> text of the points that are served."""
    payloads = [payload for payload, _, _ in index(world, SHOP)[0].values()]
    return {str(payload["key"]): str(payload["text"]) for payload in payloads}


def _refused(settings: Settings, yard: Yard, code: str) -> Intake:
    client = yard.here.sqs()
    Refusal(code).of(client)
    return replace(open_intake(settings), queue=SqsQueue(lambda: client, yard.here.queue_url))


def _refusing(settings: Settings, yard: Yard, refusal: Refusal) -> SourceStore:
    """Return the source of the yard behind a client of its own, which is refused."""
    client = s3_client(replace(access_of(settings), connections=next(_CONNECTIONS)))
    refusal.of(client)
    roots = [S3Place(yard.here.bucket, f"{PREFIX}/")]
    return SourceStore({}, roots=roots, s3=lambda: S3Objects(lambda: client))


def _remove_bucket(yard: Yard) -> None:
    held = yard.s3.list_objects_v2(Bucket=yard.here.bucket)["Contents"]
    for one in held:
        yard.s3.delete_object(Bucket=yard.here.bucket, Key=one["Key"])
    yard.s3.delete_bucket(Bucket=yard.here.bucket)


def _failure(done: dg.ExecuteInProcessResult) -> str:
    (event,) = [event for event in done.all_events if event.is_step_failure]
    data = event.step_failure_data.user_failure_data
    return "" if data is None else str(data.description)


def _notice(yard: Yard, key: str) -> str:
    """Return a notice as EventBridge sends it: its key is plain."""
    detail = {"bucket": {"name": yard.here.bucket}, "object": {"key": key}}
    return json.dumps(
        {"source": "aws.s3", "detail-type": "Object Created", "time": "", "detail": detail}
    )

"""How fast notices of changes get from a queue into the inbox, and from there into raw_files."""

import itertools
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from benchmarks.corpus import DOMAIN
from benchmarks.measure import Finding, in_process, report, show, timed
from demo.local_s3 import BUCKET, local_s3
from mmrag_pipeline.indexing import raw_files
from mmrag_pipeline.indexing.run import Outcome, run_step
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.stores.absorb import Absorbed, Sinks, absorb
from mmrag_pipeline.stores.folder_blobs import FolderBlobs
from mmrag_pipeline.stores.inbox import BlobInbox
from mmrag_pipeline.stores.locate import Located, locate
from mmrag_pipeline.stores.places import S3Place
from mmrag_pipeline.stores.poison import PoisonBox
from mmrag_pipeline.stores.sqs import BATCH, Queue, SqsQueue
from mmrag_pipeline.stores.tables import ParquetTables
from mmrag_pipeline.testing.queue import MemoryQueue
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import State, fake_world

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_MODULE = "benchmarks.absorbing"
_REQUEST_S = 0.02
"""How long a request to SQS takes from its own region, roughly."""
_FEW = 300
"""Messages through moto, which by itself takes much longer than SQS or we."""
_BUDGET_S = 600.0


class SlowSqs:
    """An SQS client whose every request takes its time and nothing else."""

    def __init__(self, bodies: Sequence[str]) -> None:
        self._bodies = iter(bodies)
        self._lock = threading.Lock()

    def receive_message(self, *, MaxNumberOfMessages: int, **_: object) -> dict[str, Any]:
        """Return the next messages."""
        time.sleep(_REQUEST_S)
        with self._lock:
            some = list(itertools.islice(self._bodies, MaxNumberOfMessages))
        return {"Messages": [{"Body": b, "ReceiptHandle": "r", "MessageId": "m"} for b in some]}

    def delete_message_batch(self, **_: object) -> dict[str, Any]:
        """Remove messages."""
        time.sleep(_REQUEST_S)
        return {}


def messages(count: int) -> Iterator[str]:
    """Yield what S3 sends directly: a message for each change."""
    for number in range(count):
        held = {"key": _key(number), "size": 1_000, "eTag": f"{number:032x}"}
        thing = {**held, "sequencer": f"{number:016X}"}
        record = {
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "eventTime": "2026-01-01T00:00:00.000Z",
            "s3": {"bucket": {"name": BUCKET}, "object": thing},
        }
        yield json.dumps({"Records": [record]})


def memory(root: Path, count: int) -> Finding:
    """Take in messages that cost nothing to receive: our own part."""
    return _absorbed("our part, inbox in a folder", MemoryQueue(messages(count)), root, count)


def sqs(root: Path, count: int) -> Finding:
    """Take in messages through requests that take 20 ms each."""
    client = cast("SQSClient", SlowSqs(list(messages(count))))
    queue = SqsQueue(lambda: client, "http://queue")
    return _absorbed(f"requests of {1000 * _REQUEST_S:g} ms", queue, root, count)


def moto(root: Path, count: int) -> Finding:
    """Take in a few messages of a stand-in for SQS; its own time counts by the clock."""
    with local_s3() as here:
        client = here.sqs()
        bodies = list(messages(min(_FEW, count)))
        for start in range(0, len(bodies), BATCH):
            entries = [
                {"Id": str(n), "MessageBody": body}
                for n, body in enumerate(bodies[start : start + BATCH])
            ]
            client.send_message_batch(QueueUrl=here.queue_url, Entries=entries)  # type: ignore[arg-type]  # plain dictionaries of the right shape
        queue = SqsQueue(lambda: client, here.queue_url)
        return _absorbed("moto (slow by itself)", queue, root, len(bodies))


def whole_run(root: Path, count: int) -> Finding:
    """Make raw_files of as many files, all of them named by events."""
    world = _world(root, count)
    _step(world, "before")
    return _run_of_events(world, count, count)


def tenth_run(root: Path, count: int) -> Finding:
    """Make raw_files again when events name a tenth of the files."""
    world = _world(root, count)
    _step(world, "before")
    return _run_of_events(world, count, count // 10)


CASES = {
    "memory": memory,
    "sqs": sqs,
    "moto": moto,
    "whole_run": whole_run,
    "tenth_run": tenth_run,
}


def show_all(count: int) -> None:
    """Print the table."""
    findings = []
    for name in CASES:
        with tempfile.TemporaryDirectory() as root:
            findings.append(in_process(_MODULE, name, root, str(count)))
    show(f"Absorbing {count} events", findings)


def _absorbed(case: str, queue: Queue, root: Path, count: int) -> Finding:
    blobs, told = FolderBlobs(root), list[Absorbed]()
    inbox = BlobInbox(blobs)
    sinks = Sinks(inbox, PoisonBox(blobs), _locate)
    spent = timed(lambda: told.append(absorb(queue, sinks, budget_s=_BUDGET_S, most=2 * count)))
    looked = timed(lambda: inbox.pending(DOMAIN))
    notes = {
        "kept": float(told[0].events.get(DOMAIN, 0)),
        "messages/s": round(count / spent.seconds),
        "reading the inbox s": round(looked.seconds, 3),
    }
    return Finding(f"{count} messages, {case}", spent.seconds, spent.cpu_s, "", notes=notes)


def _locate(bucket: str, key: str) -> Sequence[Located]:
    return locate({DOMAIN: S3Place(BUCKET)}, (), bucket=bucket, key=key)


def _world(root: Path, count: int) -> World:
    """Return a world over a fake bucket, with real tables and a real inbox in a folder."""
    source, blobs = FakeSource(), FolderBlobs(root)
    source.is_bucket = True
    for number in range(count):
        source.put(DOMAIN, _key(number), b"%d" % number * 100)
    return fake_world(source, state=State(tables=ParquetTables(blobs), inbox=BlobInbox(blobs)))


def _run_of_events(world: World, count: int, changed: int) -> Finding:
    source = cast("FakeSource", world.source)
    for number in range(changed):
        source.put(DOMAIN, _key(number), b"%d!" % number * 100)
    sinks = Sinks(world.inbox, PoisonBox(FolderBlobs(Path("unused"))), _locate)
    absorb(MemoryQueue(messages(changed)), sinks, budget_s=_BUDGET_S, most=changed)
    source.listed, outcomes = 0, list[Outcome]()
    source.opened.clear()
    spent = timed(lambda: outcomes.append(_step(world, "events", events=True)))
    notes = {
        "read": float(source.opened.total()),
        "listed": float(source.listed),
        "computed": float(outcomes[0].computed),
        "left in the inbox": float(len(world.inbox.pending(DOMAIN).events)),
    }
    case = f"raw_files of {count} files, {changed} events"
    return Finding(case, spent.seconds, spent.cpu_s, "", notes=notes)


def _step(world: World, run_id: str, *, events: bool = False) -> Outcome:
    mode = Mode(run_id, events=events)
    return run_step(world, raw_files.STEP, DOMAIN, mode=mode)[0]


def _key(number: int) -> str:
    return f"2026/07/picture-{number:07}.jpg"


if __name__ == "__main__":
    report(CASES[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3])))

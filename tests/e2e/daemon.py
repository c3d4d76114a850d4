"""A yard: a stand-in for S3 and SQS, a state folder, and the daemon that keeps both equal."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from demo.local_s3 import PREFIX, LocalS3
from mmrag_pipeline.assembly import open_blobs, open_tables, open_vectors
from mmrag_pipeline.ids import collection_name, digest_bytes
from mmrag_pipeline.records import Where
from mmrag_pipeline.resources.instance import open_instance
from mmrag_pipeline.sensors.listing import BUSY
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.bm25 import QdrantBm25
from mmrag_pipeline.stores.inbox import BlobInbox
from mmrag_pipeline.stores.poison import PoisonBox

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROOT = Path(__file__).parents[2]
POLL_S = 0.1
_STOP_S = 20.0
_SHOWN_LINES = 60
_OURS = ("AWS_", "MMRAG_", "DAGSTER_")

Files = set[tuple[str, str]]
"""(key, digest of the content)."""


@dataclass(frozen=True, slots=True)
class Yard:
    """A bucket with a queue, and the state of an index over it."""

    here: LocalS3
    home: Path

    @property
    def log(self) -> Path:
        """Return where the daemon writes what it does."""
        return self.home / "daemon.log"

    @property
    def settings(self) -> Settings:
        """Return where the state lies; nothing else of them is used."""
        return Settings(home=self.home, state_root=None, qdrant_url=None)

    @property
    def inbox(self) -> BlobInbox:
        """Return the inbox."""
        return BlobInbox(open_blobs(self.settings))

    @property
    def s3(self) -> "S3Client":
        """Return a client of the bucket."""
        return self.here.s3()

    def environment(self, **more: str) -> dict[str, str]:
        """Return the variables of a process that works on this yard and on nothing else."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(_OURS)}
        own = {"MMRAG_HOME": str(self.home), "DAGSTER_HOME": str(self.home / "dagster")}
        return {**clean, **self.here.environment(), **own, "PYTHONWARNINGS": "ignore", **more}

    def instance(self) -> dg.DagsterInstance:
        """Open the Dagster instance that the daemon uses."""
        return open_instance(self.home / "dagster")

    def put(self, path: str, content: str | bytes) -> None:
        """Write an object, `DOMAIN/KEY`."""
        body = content.encode() if isinstance(content, str) else content
        self.s3.put_object(Bucket=self.here.bucket, Key=f"{PREFIX}/{path}", Body=body)

    def copy(self, path: str, target: str) -> None:
        """Copy an object."""
        self.s3.copy_object(
            Bucket=self.here.bucket,
            Key=f"{PREFIX}/{target}",
            CopySource={"Bucket": self.here.bucket, "Key": f"{PREFIX}/{path}"},
        )

    def delete(self, path: str) -> None:
        """Delete an object."""
        self.s3.delete_object(Bucket=self.here.bucket, Key=f"{PREFIX}/{path}")

    def send(self, body: str) -> None:
        """Put a message into the queue."""
        self.here.sqs().send_message(QueueUrl=self.here.queue_url, MessageBody=body)

    def on_the_way(self) -> int:
        """Return how many messages the queue holds, those in flight included."""
        answer = self.here.sqs().get_queue_attributes(
            QueueUrl=self.here.queue_url, AttributeNames=["All"]
        )
        held = answer["Attributes"]
        waiting = held["ApproximateNumberOfMessages"]
        return int(waiting) + int(held["ApproximateNumberOfMessagesNotVisible"])

    def set_aside(self) -> list[str]:
        """Return the messages that nobody could read."""
        return [message.body for message in PoisonBox(open_blobs(self.settings)).poisoned()]

    def bucket_holds(self, domain: str) -> Files:
        """Return what the bucket holds of a domain."""
        prefix = f"{PREFIX}/{domain}/"
        listing = self.s3.list_objects_v2(Bucket=self.here.bucket, Prefix=prefix)
        keys = [held["Key"] for held in listing.get("Contents", [])]
        return {(key.removeprefix(prefix), digest_bytes(self._body(key))) for key in keys}

    def tables_hold(self, domain: str) -> Files:
        """Return what the tables say is in the index: points that are noted as applied."""
        tables = open_tables(self.settings)
        points, applied = tables.read("points", domain), tables.read("collection", domain)
        if points is None or applied is None:
            return set()
        known, held = (
            t.select("point_id", "point_hash").sort("point_id") for t in (points, applied)
        )
        if not known.equals(held):
            return {("points and collection", "differ")}
        return {_file(json.loads(payload)) for payload in points["payload"]}

    def index_holds(self, domain: str) -> Files:
        """Return what the collection that serves a domain really holds."""
        with open_vectors(self.settings).reader(_alias(domain)) as index:
            ids = [point_id for frame in index.held() for point_id in frame["point_id"]]
            return {_file(point.payload) for point in index.fetch(ids)}

    def found(self, domain: str, word: str) -> set[str]:
        """Return the keys that a word finds."""
        vector = QdrantBm25().query(word)
        with open_vectors(self.settings).reader(_alias(domain)) as index:
            hits = index.query("bm25", vector, limit=100, where=Where())
            return {str(hit.payload["key"]) for hit in hits}

    def _body(self, key: str) -> bytes:
        return self.s3.get_object(Bucket=self.here.bucket, Key=key)["Body"].read()


@contextmanager
def daemon(yard: Yard) -> Iterator[None]:
    """Run Dagster's daemon on a yard; it and the processes it started end with the block."""
    yard.instance().dispose()  # makes the folder and its configuration
    command = [str(Path(sys.executable).with_name("dagster-daemon")), "run"]
    with ExitStack() as stack:
        log = stack.enter_context(yard.log.open("ab"))
        process = subprocess.Popen(
            [*command, "-w", str(ROOT / "workspace.yaml")],
            cwd=yard.home,
            env=yard.environment(),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        stack.callback(_stop, process)
        yield


def wait_for(yard: Yard, trouble: Callable[[], str], *, within_s: float) -> None:
    """Wait until there is no trouble; else fail with it and the end of the daemon's log."""
    end = time.monotonic() + within_s
    while why := trouble():
        if time.monotonic() > end:
            log = yard.log.read_text(errors="replace").splitlines()[-_SHOWN_LINES:]
            raise AssertionError("\n".join([f"after {within_s:g} s: {why}", *log]))
        time.sleep(POLL_S)


def settle(yard: Yard, *domains: str, within_s: float = 60.0) -> None:
    """Wait until tables and index hold what the bucket holds and nothing is on its way."""
    truth = {domain: yard.bucket_holds(domain) for domain in domains}
    with yard.instance() as instance:
        wait_for(yard, lambda: _unsettled(yard, instance, truth), within_s=within_s)


def running_runs(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """Return the runs that wait or are under way."""
    return list(instance.get_runs(dg.RunsFilter(statuses=list(BUSY))))


def _unsettled(yard: Yard, instance: dg.DagsterInstance, truth: Mapping[str, Files]) -> str:
    """Return what is not as it has to be, empty when everything is."""
    for domain, files in truth.items():
        if (held := yard.tables_hold(domain)) != files:
            return f"the tables of {domain!r} hold {held}, not {files}"
    if waiting := yard.on_the_way():
        return f"the queue holds {waiting} messages"
    if inboxes := yard.inbox.partitions():
        return f"the inbox holds events of {inboxes}"
    if runs := running_runs(instance):
        return f"runs are under way: {[run.run_id for run in runs]}"
    for domain, files in truth.items():
        if (held := yard.index_holds(domain)) != files:
            return f"the collection of {domain!r} holds {held}, not {files}"
    return ""


def _alias(domain: str) -> str:
    return collection_name(Settings.model_fields["collection_prefix"].default, domain)


def _file(payload: Mapping[str, object]) -> tuple[str, str]:
    return str(payload["key"]), str(payload["digest"])


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the daemon in its own way, else by force with all that it started."""
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

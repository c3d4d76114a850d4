"""`make dev-s3`: a local S3 and SQS with the demo corpus, and the Dagster UI on it."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from demo.gone import tell_gone
from demo.kept import keep, put_back
from demo.local_s3 import PREFIX, LocalS3, free_port, local_s3
from demo.progress import Progress, is_up, runs_under_way
from demo.shell import forget_others, home_in, write_exports
from demo.tied import tied
from mmrag_pipeline.assembly import open_blobs, open_source, open_tables
from mmrag_pipeline.errors import MmragError
from mmrag_pipeline.ports import ObjectStore
from mmrag_pipeline.resources.environment import read_settings
from mmrag_pipeline.resources.instance import open_instance
from mmrag_pipeline.sensors.listing import source_domains
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.inbox import BlobInbox
from mmrag_pipeline.stores.sources import read_sources

ROOT = Path(__file__).parents[1]
PORT = 5455
UI_PORT = 3000
_LOOK_S = 2.0
_LOG_LINES = 20
_FINISH_S = 20.0
"""How long runs may take to end after Ctrl-C; one for a dropped file takes less."""
_POLL_S = 0.5
_WORDS = """Try now, in another shell:

  . {exports}      # points mmrag, boto3 and the aws command line here
  .venv/bin/mmrag search "a tent for camping" -k 3
  .venv/bin/python -m demo.put FILE kitchen         # or: aws s3 cp FILE s3://{bucket}/{prefix}/kitchen/
  .venv/bin/mmrag search "words of it"
"""


def main() -> None:
    """Start all of it and wait for Ctrl-C."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    home = home_in(os.environ, default=ROOT / ".mmrag")
    models = forget_others(os.environ)
    try:
        with local_s3(PORT) as here:
            _serve(here, home, models)
    except KeyboardInterrupt:
        _say("ended: what is in the bucket is kept, and so is the index")
    except (MmragError, RuntimeError) as error:
        sys.exit(f"error: {error}")


def _serve(here: LocalS3, home: Path, models: Mapping[str, str]) -> None:
    """Fill the bucket, run Dagster, and keep what the bucket holds, at the end too."""
    homes = {"MMRAG_HOME": str(home), "DAGSTER_HOME": str(home / "dagster")}
    variables = {**models, **here.environment(), **homes}
    os.environ.update(variables)
    settings, exports = read_settings(), write_exports(home, variables)
    _say(f"A local S3 is at {here.url}, bucket {here.bucket}. State stays in {home}")
    bucket = Bucket(here, home / "bucket")
    _fill(bucket)
    source = open_source(settings, read_sources(home))
    told = tell_gone(source, open_tables(settings), BlobInbox(open_blobs(settings)))
    if told:
        _say(f"{told} indexed objects are in the bucket no more: they leave the index")
    try:
        _dagster(settings, source, bucket=bucket, exports=exports)
    finally:
        bucket.keep()


@dataclass(slots=True)
class Bucket:
    """The bucket and the folder where it is kept."""

    here: LocalS3
    folder: Path
    _trouble: str = ""

    def keep(self) -> None:
        """Keep what it holds; a trouble is told once. Raises RuntimeError without a server."""
        trouble = ""
        try:
            keep(self.here, self.folder)
        except EndpointConnectionError as error:
            raise RuntimeError(
                f"the S3 stand-in at {self.here.url} has ended. What the bucket held is in "
                f"{self.folder}: start `make dev-s3` again"
            ) from error
        except (BotoCoreError, ClientError) as error:  # for one, an object went while it was read
            trouble = f"the bucket could not be kept this time: {error}"
        if trouble and trouble != self._trouble:
            _say(trouble)
        self._trouble = trouble


def _fill(bucket: Bucket) -> None:
    """Put back what the bucket held at the last end, the demo corpus the first time."""
    number = put_back(bucket.here, bucket.folder)
    if number is None:
        number = bucket.here.load(ROOT / "demo" / "corpus")
        _say(f"uploaded {number} files of the demo corpus")
    else:
        _say(f"put {number} objects back that the bucket held before")
    bucket.keep()


def _dagster(settings: Settings, source: ObjectStore, *, bucket: Bucket, exports: Path) -> None:
    """Run Dagster until it ends, tell what it does, and keep what the bucket holds meanwhile."""
    folder = settings.home / "dagster"
    log = folder / "dev.log"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / "dagster.yaml", folder / "dagster.yaml")
    port = _ui_port()
    program = Path(sys.executable).with_name("dagster")
    command = [str(program), "dev", "-w", str(ROOT / "workspace.yaml"), "-p", str(port)]
    with open_instance(folder) as instance:  # before Dagster does: it makes the tables unguarded
        progress = Progress(instance, open_tables(settings), _domains(source))
        words = _WORDS.format(
            exports=shlex.quote(str(exports)), bucket=bucket.here.bucket, prefix=PREFIX
        )
        _say(f"Dagster starts; what it says is in {log}. Ctrl-C ends everything")
        try:
            with tied([*command, "--log-level", "warning"], {}, log=log, cwd=folder) as dagster:
                _watch(dagster, bucket, _news(progress, f"http://127.0.0.1:{port}", words))
        except KeyboardInterrupt:
            _finish_runs(instance)
            raise
    end = log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
    raise RuntimeError("\n".join(["Dagster ended by itself; the last it said:", *end]))


def _ui_port() -> int:
    """Return a port for the UI: a busy one would make Dagster take another and not say so here."""
    port = free_port(UI_PORT)
    if port != UI_PORT:
        _say(f"port {UI_PORT} is in use by another program: the UI takes {port}")
    return port


def _domains(source: ObjectStore) -> set[str]:
    """Return the domains of the bucket; names that cannot be one are told, and in nobody's way."""
    names, trouble = source_domains(source)
    if trouble:
        _say(f"warning: {trouble}")
    return {*names}


def _watch(dagster: subprocess.Popen[bytes], bucket: Bucket, news: Iterable[Sequence[str]]) -> None:
    """Say what is new and keep the bucket until Dagster ends."""
    try:
        for lines in news:
            if dagster.poll() is not None:
                return
            for line in lines:
                _say(line)
            bucket.keep()
            time.sleep(_LOOK_S)
    except KeyboardInterrupt:
        _say("\nending: Dagster takes some seconds for that")
        raise


def _finish_runs(instance: dg.DagsterInstance) -> None:
    """Let the runs that are under way end before the S3 does that they read, or end them.

    The next start tells of every object, so that a run which was ended is asked for again.
    """
    runs, end = runs_under_way(instance), time.monotonic() + _FINISH_S
    if runs:
        _say(f"runs are under way ({len(runs)}): they have {_FINISH_S:.0f} s, or till Ctrl-C again")
    with suppress(KeyboardInterrupt):
        while runs and time.monotonic() < end:
            time.sleep(_POLL_S)
            runs = runs_under_way(instance)
    for run_id in runs:
        instance.run_launcher.terminate(run_id)
    if runs:
        _say(f"ended ({len(runs)}): what they finished is kept, and the next start asks again")


def _news(progress: Progress, ui: str, words: str) -> Iterator[list[str]]:
    """Yield what there is to say at each look, without end."""
    began, is_told_up, are_told_all = time.monotonic(), False, False
    while True:
        lines = list(progress.lines())
        if not is_told_up and is_up(ui):
            is_told_up = True
            lines.insert(0, f"the UI is up: {ui} (the first run loads the models)")
        if not are_told_all and not progress.waiting:
            are_told_all = True
            took_s = time.monotonic() - began
            lines.append(f"\nEvery domain is indexed ({took_s:.0f} s). {words}")
        yield lines


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()

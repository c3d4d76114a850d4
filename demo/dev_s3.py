"""`make dev-s3`: a local S3 and SQS with the demo corpus, and the Dagster UI on it."""

import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

from botocore.exceptions import BotoCoreError, ClientError

from demo.kept import Kept
from demo.local_s3 import PREFIX, LocalS3, local_s3
from demo.progress import Progress, is_up
from demo.tied import tied
from mmrag_pipeline.assembly import open_source, open_tables
from mmrag_pipeline.errors import MmragError
from mmrag_pipeline.resources.environment import read_settings
from mmrag_pipeline.resources.instance import open_instance
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.sources import Sources

ROOT = Path(__file__).parents[1]
PORT = 5455
UI = "http://127.0.0.1:3000"
_LOOK_S = 2.0
_LOG_LINES = 20
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
    home = Path(os.environ.get("MMRAG_HOME", ROOT / ".mmrag")).absolute() / "s3"
    try:
        with local_s3(PORT) as here:
            _serve(here, home)
    except KeyboardInterrupt:
        _say("ended: what is in the bucket is kept, and so is the index")
    except (MmragError, RuntimeError) as error:
        sys.exit(f"error: {error}")


def _serve(here: LocalS3, home: Path) -> None:
    """Fill the bucket, run Dagster, and keep what the bucket holds, at the end too."""
    variables = {**here.environment(), "MMRAG_HOME": str(home)}
    os.environ.update({**variables, "DAGSTER_HOME": str(home / "dagster")})
    settings, kept = read_settings(), Kept(home / "bucket")
    exports = _exports(home, variables)
    _say(f"A local S3 is at {here.url}, bucket {here.bucket}. State stays in {home}")
    _fill(here, kept)
    forgotten = _tell_gone(here, settings)
    if forgotten:
        _say(f"told the queue of {forgotten} indexed objects that the bucket has no more")
    try:
        _dagster(settings, here, kept=kept, exports=exports)
    finally:
        _keep(kept, here)


def _fill(here: LocalS3, kept: Kept) -> None:
    """Put back what the bucket held at the last end, the demo corpus the first time."""
    number = kept.put_back(here)
    if number is None:
        number = here.load(ROOT / "demo" / "corpus")
        _say(f"uploaded {number} files of the demo corpus")
    else:
        _say(f"put {number} objects back that the bucket held before")
    kept.keep(here)


def _tell_gone(here: LocalS3, settings: Settings) -> int:
    """Let the bucket tell of objects that are indexed and that it has not; return how many.

    Its queue is in memory, too: the last end may have come between a removal and its event.
    """
    client, tables, root = here.s3(), open_tables(settings), f"s3://{here.bucket}/"
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=here.bucket)
    held = {one["Key"] for page in pages for one in page.get("Contents", [])}
    gone = 0
    for name in tables.partitions("raw_files"):
        files = tables.read("raw_files", name)
        uris = [] if files is None else [unquote(str(uri)) for uri in files["uri"]]
        for key in {uri.removeprefix(root) for uri in uris if uri.startswith(root)} - held:
            client.put_object(Bucket=here.bucket, Key=key, Body=b"")
            client.delete_object(Bucket=here.bucket, Key=key)
            gone += 1
    return gone


def _dagster(settings: Settings, here: LocalS3, *, kept: Kept, exports: Path) -> None:
    """Run Dagster until it ends, tell what it does, and keep what the bucket holds meanwhile."""
    folder = settings.home / "dagster"
    log = folder / "dev.log"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / "dagster.yaml", folder / "dagster.yaml")
    program = Path(sys.executable).with_name("dagster")
    command = [str(program), "dev", "-w", str(ROOT / "workspace.yaml"), "--log-level", "warning"]
    with open_instance(folder) as instance:  # before Dagster does: it makes the tables unguarded
        domains = open_source(settings, Sources()).domains()
        progress = Progress(instance, open_tables(settings), {*domains})
        words = _WORDS.format(exports=exports, bucket=here.bucket, prefix=PREFIX)
        _say(f"Dagster starts; what it says is in {log}. Ctrl-C ends everything")
        with tied(command, {}, log=log, cwd=folder) as dagster:
            for lines in _news(progress, words):
                if dagster.poll() is not None:
                    break
                for line in lines:
                    _say(line)
                _keep(kept, here)
                time.sleep(_LOOK_S)
    end = log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
    raise RuntimeError("\n".join(["Dagster ended by itself; the last it said:", *end]))


def _news(progress: Progress, words: str) -> Iterator[list[str]]:
    """Yield what there is to say at each look, without end."""
    began, is_told_up, are_told_all = time.monotonic(), False, False
    while True:
        lines = list(progress.lines())
        if not is_told_up and is_up(UI):
            is_told_up = True
            lines.insert(0, f"the UI is up: {UI} (the first run loads the models)")
        if not are_told_all and not progress.waiting:
            are_told_all = True
            took_s = time.monotonic() - began
            lines.append(f"\nEvery domain is indexed ({took_s:.0f} s). {words}")
        yield lines


def _keep(kept: Kept, here: LocalS3) -> None:
    try:
        kept.keep(here)
    except (BotoCoreError, ClientError) as error:  # for one, an object went while it was read
        _say(f"the bucket could not be kept this time: {error}")


def _exports(home: Path, variables: Mapping[str, str]) -> Path:
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    path = home / "env.sh"
    home.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()

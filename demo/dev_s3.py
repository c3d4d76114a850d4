"""`make dev-s3`: a local S3 and SQS with the demo corpus, and the Dagster UI on it."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from demo.local_s3 import PREFIX, LocalS3, local_s3

ROOT = Path(__file__).parents[1]
PORT = 5455
_WORDS = """
A local S3 with the demo corpus is at {url} (bucket {bucket}), its queue is read by the sensor
s3_events. In another shell:

  . {exports}                    # points mmrag, boto3 and the aws command line here
  .venv/bin/python -m demo.put FILE kitchen         # or: aws s3 cp FILE s3://{bucket}/{prefix}/kitchen/
  .venv/bin/mmrag search "words of it"

The first run loads the models. The UI is at http://127.0.0.1:3000 (Dagster's own hint to use
'dg dev' needs no action); Ctrl-C ends everything. State stays in {home}.
"""


def main() -> None:
    """Start all of it and wait for Ctrl-C."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    home = Path(os.environ.get("MMRAG_HOME", ROOT / ".mmrag")) / "s3"
    with local_s3(PORT) as here:
        here.load(ROOT / "demo" / "corpus")
        print(_words(here, home), flush=True)
        try:
            _dagster_dev(here, home)
        except KeyboardInterrupt:
            print("ended")


def _words(here: LocalS3, home: Path) -> str:
    variables = {**here.environment(), "MMRAG_HOME": str(home)}
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    exports = home / "env.sh"
    home.mkdir(parents=True, exist_ok=True)
    exports.write_text("\n".join(lines) + "\n")
    return _WORDS.format(
        url=here.url, bucket=here.bucket, prefix=PREFIX, exports=exports, home=home
    )


def _dagster_dev(here: LocalS3, home: Path) -> None:
    folder = home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / "dagster.yaml", folder / "dagster.yaml")
    environment = {
        **os.environ,
        **here.environment(),
        "MMRAG_HOME": str(home),
        "DAGSTER_HOME": str(folder),
    }
    program = Path(sys.executable).with_name("dagster")
    command = [str(program), "dev", "-w", str(ROOT / "workspace.yaml"), "--log-level", "warning"]
    child = subprocess.Popen(command, cwd=folder, env=environment)
    try:
        child.wait()
    finally:
        child.terminate()
        child.wait()


if __name__ == "__main__":
    main()

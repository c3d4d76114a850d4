"""`make dev-s3`: a local S3 and SQS with the demo corpus, and the Dagster UI on it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from demo.local_s3 import PREFIX, LocalS3, local_s3

ROOT = Path(__file__).parents[1]
PORT = 5455
_WORDS = """
A local S3 with the demo corpus is at {url} (bucket {bucket}), its queue is read by the sensor
s3_events. In another shell:

  export {exports}
  .venv/bin/python -c "import boto3; boto3.client('s3').upload_file('FILE', '{bucket}', '{prefix}/inbox/FILE')"
  aws s3 cp FILE s3://{bucket}/{prefix}/inbox/FILE        (with the aws command line, the same)
  .venv/bin/mmrag search "words of it"

The UI is at http://127.0.0.1:3000; Ctrl-C ends everything. State stays in {home}.
"""


def main() -> None:
    """Start all of it and wait for Ctrl-C."""
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
    exports = " ".join(f"{name}={value}" for name, value in variables.items())
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
    subprocess.run(
        [str(program), "dev", "-w", str(ROOT / "workspace.yaml")],
        cwd=folder,
        env=environment,
        check=False,
    )


if __name__ == "__main__":
    main()

"""Puts a file into a domain of the local S3 of `make dev-s3`: `python -m demo.put FILE DOMAIN`."""

import os
import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from demo.local_s3 import BUCKET, PREFIX
from mmrag_pipeline.errors import MmragError
from mmrag_pipeline.ids import check_domain


def main() -> None:
    """Upload the file to where the variables of the environment lead."""
    if len(sys.argv) != 3:
        sys.exit("give a file and a domain: python -m demo.put FILE DOMAIN")
    if "AWS_ENDPOINT_URL" not in os.environ:
        sys.exit("this shell does not lead to a local S3: read the env.sh that `make dev-s3` names")
    try:
        print(_put(Path(sys.argv[1]), sys.argv[2]))
    except (OSError, MmragError, BotoCoreError, ClientError) as error:
        sys.exit(f"error: {sys.argv[1]!r:.300} was not put into {sys.argv[2]!r:.100}: {error}")


def _put(path: Path, domain: str) -> str:
    """Return the address of the uploaded file."""
    import boto3

    key = f"{PREFIX}/{check_domain(domain)}/{path.name}"
    boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes())
    return f"s3://{BUCKET}/{key}"


if __name__ == "__main__":
    main()

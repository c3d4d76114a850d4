"""Puts a file into a domain of the local S3 of `make dev-s3`: `python -m demo.put FILE DOMAIN`."""

import sys
from pathlib import Path

from demo.local_s3 import BUCKET, PREFIX


def main() -> None:
    """Upload the file to where the variables of the environment lead."""
    import boto3

    if len(sys.argv) != 3:
        sys.exit("give a file and a domain: python -m demo.put FILE DOMAIN")
    path, domain = Path(sys.argv[1]), sys.argv[2]
    key = f"{PREFIX}/{domain}/{path.name}"
    boto3.client("s3").upload_file(str(path), BUCKET, key)
    print(f"s3://{BUCKET}/{key}")


if __name__ == "__main__":
    main()

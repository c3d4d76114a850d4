"""State in a bucket and a server for the index, for tests of runs on several machines."""

from tests.stores.moto_server import aws, aws_chain, bucket, s3
from tests.stores.qdrant_process import served

__all__ = ["aws", "aws_chain", "bucket", "s3", "served"]

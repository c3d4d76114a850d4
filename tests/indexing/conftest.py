"""State in a bucket, for tests of runs on several machines."""

from tests.stores.moto_server import aws, aws_chain, bucket, s3

__all__ = ["aws", "aws_chain", "bucket", "s3"]

"""Fixtures that several stores' tests use."""

from tests.stores.moto_server import aws, aws_chain, bucket, s3
from tests.stores.qdrant_process import served
from tests.stores.qdrant_samples import client

__all__ = ["aws", "aws_chain", "bucket", "client", "s3", "served"]

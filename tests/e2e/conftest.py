"""Fixtures of the end-to-end tests: one stand-in for S3 serves all of them."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.local_s3 import LocalS3, local_s3, wired
from mmrag_pipeline.settings import Settings
from tests.e2e.daemon import Yard


@pytest.fixture(scope="session")
def here() -> Iterator[LocalS3]:
    """Give a server with a bucket and a queue that is told of its changes."""
    with local_s3() as server:
        yield server


@pytest.fixture
def yard(here: LocalS3, tmp_path: Path) -> Yard:
    """Give a bucket, a queue and a state folder of the test's own."""
    name = f"e2e-{uuid.uuid4().hex}"
    return Yard(wired(here.url, bucket=name, queue=name), tmp_path)


@pytest.fixture
def settings(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Give settings of the yard, and let this process reach its bucket and queue."""
    for name, value in yard.environment().items():
        monkeypatch.setenv(name, value)
    return Settings()

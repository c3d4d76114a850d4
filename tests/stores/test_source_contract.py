"""Folders and buckets keep the contract of sources."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mmrag_pipeline.indexing.contents import version_of
from mmrag_pipeline.ports import ObjectStore
from mmrag_pipeline.stores.folder import RACY_NS
from mmrag_pipeline.stores.places import S3Place
from mmrag_pipeline.stores.s3_objects import S3Objects
from mmrag_pipeline.stores.source_store import SourceStore
from tests.stores.object_store_contract import SHOP, ObjectStoreContract, Source

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as a source; what was put is settled long enough to be trusted."""

    root: Path

    @property
    def store(self) -> ObjectStore:
        return SourceStore({}, roots=[self.root])

    def put(self, key: str, data: bytes) -> None:
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        time.sleep(RACY_NS / 1e9)

    def delete(self, key: str) -> None:
        (self.root / key).unlink()

    def lose(self) -> None:
        shutil.rmtree(self.root)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A prefix of a bucket as a source; others' objects lie beside it."""

    client: "S3Client"
    place: S3Place

    @property
    def store(self) -> ObjectStore:
        objects = S3Objects(lambda: self.client)
        return SourceStore({}, roots=[self.place], s3=lambda: objects)

    def put(self, key: str, data: bytes) -> None:
        self.client.put_object(Bucket=self.place.bucket, Key=self.place.prefix + key, Body=data)

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.place.bucket, Key=self.place.prefix + key)

    def lose(self) -> None:
        held = self.client.list_objects_v2(Bucket=self.place.bucket)
        for found in held["Contents"]:
            self.client.delete_object(Bucket=self.place.bucket, Key=found["Key"])
        self.client.delete_bucket(Bucket=self.place.bucket)


class TestFolders(ObjectStoreContract):
    """A root in a file system."""

    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        """Give an empty root."""
        root = tmp_path / "root"
        root.mkdir()
        return Folder(root)


class TestBuckets(ObjectStoreContract):
    """A root in a bucket."""

    @pytest.fixture
    def source(self, s3: "S3Client", bucket: str) -> Source:
        """Give a prefix without objects, in a bucket that has others."""
        s3.put_object(Bucket=bucket, Key="raw/other", Body=b"no part of it")
        return Bucket(s3, S3Place(bucket, "raw/root/"))

    def test_an_object_of_a_versioned_bucket_tells_the_version_that_is_read(
        self, s3: "S3Client", bucket: str, source: Source
    ) -> None:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        source.put("shop/a.txt", b"first")
        with source.store.open(SHOP, "a.txt") as stream:
            version = version_of(stream)
        source.put("shop/a.txt", b"second")
        assert version
        held = s3.get_object(Bucket=bucket, Key="raw/root/shop/a.txt", VersionId=version)
        assert held["Body"].read() == b"first"

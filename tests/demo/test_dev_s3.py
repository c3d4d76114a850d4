"""A trouble with the stand-in is told once, and its end ends all."""

from pathlib import Path

import pytest

from demo.dev_s3 import Bucket
from demo.local_s3 import LocalS3, local_s3


def test_a_bucket_that_cannot_be_kept_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with local_s3() as here:
        here.s3().delete_bucket(Bucket=here.bucket)
        bucket = Bucket(here, tmp_path)
        for _ in range(2):
            bucket.keep()
        here.s3().create_bucket(Bucket=here.bucket)
        bucket.keep()
    assert capsys.readouterr().out.count("could not be kept") == 1
    assert (tmp_path / "objects.json").exists()


def test_the_end_of_the_server_is_one_error(tmp_path: Path) -> None:
    bucket = Bucket(LocalS3("http://127.0.0.1:9", "no queue"), tmp_path)
    with pytest.raises(RuntimeError, match="has ended"):
        bucket.keep()

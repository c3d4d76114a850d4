"""What a stand-in's bucket holds, on disk: the stand-in itself keeps it in memory only.

A folder has contents, each named by its etag, and one list of which key has which. The list is
replaced as a whole after the contents it names are there: whenever the process dies, what was
kept last is complete, removals included. Keys are no paths here: any will do.
"""

import json
from pathlib import Path

from demo.local_s3 import LocalS3
from mmrag_pipeline.stores.files import replace_file, replace_text

_LIST = "objects.json"


def put_back(here: LocalS3, folder: Path) -> int | None:
    """Upload what was kept; return how many objects, None when nothing ever was."""
    path = folder / _LIST
    if not path.exists():
        return None
    try:
        names = json.loads(path.read_text())["objects"]
        held = {key: (folder / name).read_bytes() for key, name in names.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RuntimeError(
            f"what {path} names cannot be read ({error!r}): delete {folder} to begin with the "
            "demo corpus again"
        ) from error
    client = here.s3()
    for key, body in held.items():
        client.put_object(Bucket=here.bucket, Key=key, Body=body)
    return len(held)


def keep(here: LocalS3, folder: Path) -> None:
    """Keep what the bucket holds now.

    Raises boto's errors, and keeps what was kept, when the bucket cannot be read.
    """
    pages = here.s3().get_paginator("list_objects_v2").paginate(Bucket=here.bucket)
    listed = [one for page in pages for one in page.get("Contents", [])]
    held = {one["Key"]: _kept(here, folder, one["Key"], one["ETag"]) for one in listed}
    text = json.dumps({"objects": held}, indent=1, sort_keys=True)
    path = folder / _LIST
    if path.exists() and path.read_text() == text:
        return
    replace_text(path, text)
    for other in folder.iterdir():
        if other.name not in {_LIST, *held.values()}:
            other.unlink()


def _kept(here: LocalS3, folder: Path, key: str, etag: str) -> str:
    """Return the name of an object's content, which is there; it may be newer than the listing."""
    if not (folder / _named(etag)).exists():
        got = here.s3().get_object(Bucket=here.bucket, Key=key)
        etag, body = got["ETag"], got["Body"].read()
        replace_file(folder / _named(etag), lambda part: part.write_bytes(body))
    return _named(etag)


def _named(etag: str) -> str:
    return etag.strip('"')

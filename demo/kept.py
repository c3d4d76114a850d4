"""What a stand-in's bucket holds, on disk: the stand-in itself keeps it in memory only."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from demo.local_s3 import LocalS3
from mmrag_pipeline.ids import digest_bytes
from mmrag_pipeline.stores.files import replace_file, replace_text

_LIST = "objects.json"
Seen = tuple[str, datetime]
"""What a listing says of an object: etag and time."""


@dataclass(slots=True)
class Kept:
    """A folder of contents by digest, and one list of which key has which.

    The list is replaced as a whole after the contents it names are there: whenever the process
    dies, what was kept last is complete, removals included. Keys are no paths here: any will do.
    """

    folder: Path
    _seen: dict[str, tuple[Seen, str]] = field(default_factory=dict)
    """Key -> how it was listed, and the digest of its content."""

    def put_back(self, here: LocalS3) -> int | None:
        """Upload what was kept; return how many objects, None when nothing ever was."""
        held = self._held()
        if held is None:
            return None
        client = here.s3()
        for key, digest in held.items():
            body = (self.folder / digest).read_bytes()
            client.put_object(Bucket=here.bucket, Key=key, Body=body)
        return len(held)

    def keep(self, here: LocalS3) -> bool:
        """Keep what the bucket holds now; return whether that changed.

        Raises boto's errors, and keeps what was kept, when the bucket cannot be read.
        """
        before = self._held()
        now: dict[str, tuple[Seen, str]] = {}
        for key, seen in _listed(here).items():
            known = self._seen.get(key)
            now[key] = known if known and known[0] == seen else (seen, self._fetch(here, key))
        self._seen = now
        held = {key: digest for key, (_, digest) in now.items()}
        if held == before:
            return False
        text = json.dumps({"objects": held}, indent=1, sort_keys=True)
        replace_text(self.folder / _LIST, text)
        self._drop_others({*held.values()})
        return True

    def _held(self) -> dict[str, str] | None:
        path = self.folder / _LIST
        try:
            objects = json.loads(path.read_text())["objects"]
            return {str(key): str(digest) for key, digest in objects.items()}
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RuntimeError(
                f"{path} cannot be read ({error!r}): delete {self.folder} to begin with the demo "
                "corpus again"
            ) from error

    def _fetch(self, here: LocalS3, key: str) -> str:
        body = here.s3().get_object(Bucket=here.bucket, Key=key)["Body"].read()
        digest = digest_bytes(body)
        if not (self.folder / digest).exists():
            replace_file(self.folder / digest, lambda path: path.write_bytes(body))
        return digest

    def _drop_others(self, wanted: set[str]) -> None:
        for path in self.folder.iterdir():
            if path.name not in {*wanted, _LIST}:
                path.unlink()


def _listed(here: LocalS3) -> dict[str, Seen]:
    pages = here.s3().get_paginator("list_objects_v2").paginate(Bucket=here.bucket)
    held = (one for page in pages for one in page.get("Contents", []))
    return {one["Key"]: (one["ETag"], one["LastModified"]) for one in held}

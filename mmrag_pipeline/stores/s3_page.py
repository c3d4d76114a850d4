"""How the objects of a page are read: botocore's own way takes most of a large listing's time."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from mmrag_pipeline.stores.aws import read_time

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_FIELDS = ("Key", "LastModified", "ETag", "Size", "StorageClass")
_EVENT = "before-parse.*.ListObjectsV2"
"""With a star for `s3` it comes before botocore's look for errors, which parses all of a page."""


def read_quickly(client: "S3Client") -> None:
    """Let a client read listings by `take_objects`; doing it again is fine."""
    client.meta.events.register(_EVENT, take_objects, unique_id="mmrag-listing")


def take_objects(
    *, response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object
) -> None:
    """Move the objects out of a page's answer into what botocore makes of the rest.

    An answer that is not plainly such a page stays whole: it is botocore's to judge.
    """
    if response_dict["status_code"] != 200:
        return
    try:
        with _no_collection():
            parser = ElementTree.XMLParser(encoding="utf-8")  # noqa: S314  # the one of botocore
            page = ElementTree.fromstring(response_dict["body"], parser)  # noqa: S314  # as above
            held = _objects(page)
    except (ElementTree.ParseError, ValueError):
        return
    if held:
        customized_response_dict["Contents"] = held
        response_dict["body"] = ElementTree.tostring(page)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Let no garbage be looked for: thousands of elements that soon go would set it off again and
    again, over all that was listed before."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _objects(page: ElementTree.Element) -> list[dict[str, object]]:
    """Remove the objects of a page and return them; none of a page that has folders, too."""
    space, found, name = page.tag.rpartition("ListBucketResult")
    if not found or name or page.find(f"{space}CommonPrefixes") is not None:
        return []
    parts = list(page)
    items = [part for part in parts if part.tag == f"{space}Contents"]
    names = {space + field: field for field in _FIELDS}
    held = [_object(item, names, f"{space}RestoreStatus") for item in items]
    page[:] = [part for part in parts if part.tag != f"{space}Contents"]
    return held


def _object(item: ElementTree.Element, names: dict[str, str], restore: str) -> dict[str, object]:
    """Return what an item tells of itself, typed as botocore does; raises ValueError."""
    held: dict[str, object] = {}
    for part in item:
        if part.tag in names:
            held[names[part.tag]] = part.text or ""
        elif part.tag == restore:
            held["RestoreStatus"] = _fields(part)
    if "Size" in held:
        held["Size"] = int(str(held["Size"]))
    if "LastModified" in held:
        held["LastModified"] = read_time(str(held["LastModified"]))
    return held


def _fields(item: Iterable[ElementTree.Element]) -> dict[str, str]:
    return {part.tag.rpartition("}")[2]: part.text or "" for part in item}

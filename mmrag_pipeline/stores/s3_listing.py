"""What a bucket lists, page by page, as the objects of a domain; a short answer is an error."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from typing import TYPE_CHECKING
from urllib.parse import quote

from mmrag_pipeline.errors import ListingError, SettingsError
from mmrag_pipeline.records import ObjectInfo
from mmrag_pipeline.stores.aws_errors import aws_errors, cause_of
from mmrag_pipeline.stores.domains import NOTHING_DELETED, Domain
from mmrag_pipeline.stores.places import S3Place
from mmrag_pipeline.stores.s3_page import read_quickly

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import (
        ListObjectsV2OutputTypeDef,
        ListObjectsV2RequestTypeDef,
        ObjectTypeDef,
    )

    Page = ListObjectsV2OutputTypeDef

_PAGE_KEYS = 1_000
_KEY_BYTES = 1_024
_PLAIN = re.compile(r"[A-Za-z0-9_.~/-]*")
"""Names that quoting leaves as they are; to find that out here takes a fifth of the time."""
_ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")


@contextmanager
def listing(place: S3Place) -> Iterator[None]:
    """Turn what goes wrong inside into a ListingError about this place."""
    try:
        yield
    except SettingsError as error:
        raise _cannot_list(place, str(error)) from error
    except aws_errors() as error:
        raise _cannot_list(place, cause_of(error).text) from None
    except KeyError as absent:
        raise _cannot_list(place, f"the listing tells no {absent} of its objects") from None


def pages(client: "S3Client", place: S3Place, *, delimiter: str = "") -> Iterator["Page"]:
    """Yield all pages of a listing; call it inside `listing`.

    A listing that does not say how it goes on raises ListingError: what it leaves out would
    look deleted.
    """
    read_quickly(client)
    request = _request(place, _PAGE_KEYS)
    if delimiter:
        request["Delimiter"] = delimiter
    while True:
        page = _page(client, place, request)
        yield page
        if not page["IsTruncated"]:
            return
        token = page.get("NextContinuationToken")
        if not token or token == request.get("ContinuationToken"):
            raise _cannot_list(place, "the service does not say how its listing goes on")
        request["ContinuationToken"] = token


def look_up(client: "S3Client", domain: Domain, key: str) -> ObjectInfo | None:
    """Return what a listing shows of one key, None when it shows none; call it in `listing`.

    An object comes before all others whose keys begin with its own.
    """
    name = full_key(domain, key)
    if name is None:
        return None
    place = s3_place(domain)
    page = _page(client, place, _request(S3Place(place.bucket, name), 1))
    return next((info for info in objects(page, domain) if info.key == key), None)


def objects(page: "Page", domain: Domain) -> Iterator[ObjectInfo]:
    """Yield the objects of a page that belong to a domain."""
    place = s3_place(domain)
    root = f"s3://{place.bucket}/"
    cut = len(place.prefix)
    try:
        for item in page.get("Contents", ()):
            name = item["Key"]
            key = name[cut:]
            if (key.endswith("/") and not item["Size"]) or not _is_shown(domain, key):
                continue
            yield _object(item, key, root + (name if _PLAIN.fullmatch(name) else quote(name)))
    except KeyError as absent:
        raise _cannot_list(place, f"the listing tells no {absent} of its objects") from None


def full_key(domain: Domain, key: str) -> str | None:
    """Return the name in its bucket of a domain's key; None for one that no listing shows."""
    name = s3_place(domain).prefix + key
    try:
        fits = len(name.encode()) <= _KEY_BYTES
    except UnicodeEncodeError:
        return None
    return name if fits and _is_shown(domain, key) else None


def is_hidden(key: str) -> bool:
    """Say whether some part of a key begins with a dot; `.` and `..` are names like others."""
    if not key.startswith(".") and "/." not in key:
        return False
    return any(part.startswith(".") and part not in (".", "..") for part in key.split("/"))


def s3_place(domain: Domain) -> S3Place:
    """Return the place of a domain that lies in a bucket."""
    assert isinstance(domain.place, S3Place), "folders have a store of their own"
    return domain.place


def _is_shown(domain: Domain, key: str) -> bool:
    nested = domain.shallow and "/" in key
    return bool(key) and not nested and not is_hidden(key)


def _object(item: "ObjectTypeDef", key: str, uri: str) -> ObjectInfo:
    changed = item["LastModified"].astimezone(UTC)
    version = item["ETag"].strip('"')
    return ObjectInfo(
        key,
        uri,
        item["Size"],
        f"{version}@{int(changed.timestamp())}",
        changed,
        "archived" if _is_archived(item) else "",
    )


def _is_archived(item: "ObjectTypeDef") -> bool:
    """Say whether an object has to be restored first (Intelligent-Tiering does not tell)."""
    in_archive = item.get("StorageClass") in _ARCHIVES
    return in_archive and "RestoreExpiryDate" not in item.get("RestoreStatus", {})


def _request(place: S3Place, keys: int) -> "ListObjectsV2RequestTypeDef":
    return {
        "Bucket": place.bucket,
        "Prefix": place.prefix,
        "MaxKeys": keys,
        "OptionalObjectAttributes": ["RestoreStatus"],
    }


def _page(client: "S3Client", place: S3Place, request: "ListObjectsV2RequestTypeDef") -> "Page":
    """Return one page; a web page of a proxy would parse as a listing without objects."""
    page = client.list_objects_v2(**request)
    if "IsTruncated" not in page:
        raise _cannot_list(place, "the answer is no listing; check MMRAG_S3_ENDPOINT_URL")
    return page


def _cannot_list(place: S3Place, why: str) -> ListingError:
    return ListingError(f"{place} could not be listed: {why}. {NOTHING_DELETED}")

"""Which domains an object of a bucket belongs to."""

from collections.abc import Mapping, Sequence

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.ids import check_domain
from mmrag_pipeline.stores.domains import LOOSE_DOMAIN
from mmrag_pipeline.stores.places import Place, S3Place
from mmrag_pipeline.stores.s3_listing import is_hidden

Located = tuple[str, str]
"""(domain, key within it)."""


def locate(
    singles: Mapping[str, Place], roots: Sequence[Place], *, bucket: str, key: str
) -> tuple[Located, ...]:
    """Return every domain that shows this object, and the object's key in it; often one.

    Hidden (dot) names, folder markers and objects of nobody's have none, as in a listing.
    Raises SettingsError when the only folder it lies in cannot name a domain.
    """
    found = [
        (domain, inner)
        for domain, place in singles.items()
        if _is_shown(inner := _within(place, bucket, key))
    ]
    refused: SettingsError | None = None
    for inner in (_within(root, bucket, key) for root in roots):
        try:
            found += _under_root(inner) if _is_shown(inner) else []
        except SettingsError as error:
            refused = error
    if refused and not found:
        raise refused
    return tuple(dict.fromkeys(found))


def _within(place: Place, bucket: str, key: str) -> str:
    """Return the key below a place; empty when it is elsewhere."""
    if not isinstance(place, S3Place) or place.bucket != bucket:
        return ""
    return key.removeprefix(place.prefix) if key.startswith(place.prefix) else ""


def _is_shown(inner: str) -> bool:
    return bool(inner) and not is_hidden(inner)


def _under_root(inner: str) -> list[Located]:
    """Return the domain under a root; the marker of a domain's own folder is no object in it."""
    domain, slash, rest = inner.partition("/")
    if not slash:
        return [(LOOSE_DOMAIN, inner)]
    return [(check_domain(domain), rest)] if rest else []

"""The raw files of all sources: folders and buckets side by side, one place per domain."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import BinaryIO, Protocol
from urllib.parse import quote

from mmrag_pipeline.errors import ReadError
from mmrag_pipeline.ids import check_domain
from mmrag_pipeline.records import ObjectInfo
from mmrag_pipeline.stores.domains import (
    LOOSE_DOMAIN,
    Claims,
    Domain,
    Sighting,
    look,
    moved,
    no_place,
)
from mmrag_pipeline.stores.folder import FolderObjects
from mmrag_pipeline.stores.places import Place, S3Place


class Objects(Protocol):
    """The objects of one kind of place."""

    def claims(self, root: Place) -> Claims:
        """Return what lies directly under a root of domains; raises ListingError."""
        ...

    def walk(self, domain: Domain, keys: Sequence[str] | None) -> Iterator[ObjectInfo]:
        """Yield the objects of a domain, or those of `keys`, in any order; raises ListingError."""
        ...

    def open(self, domain: Domain, key: str, *, etag: str = "") -> BinaryIO:
        """Open one object; raises ReadError."""
        ...


def _is_in(place: S3Place, address: str) -> bool:
    """Return whether the address of an object is one of a place in a bucket."""
    return address.startswith(f"s3://{place.bucket}/{quote(place.prefix)}")


def _is_elsewhere(held_at: str, place: Place) -> bool:
    """Return whether a domain that had an object at an address would look empty in a bucket.

    A folder is there or not, so that an empty one is meant; a prefix without objects may be a
    slip of the pen.
    """
    return bool(held_at) and isinstance(place, S3Place) and not _is_in(place, held_at)


class SourceStore:
    """ObjectStore over single places, one per domain, and roots whose folders are domains."""

    def __init__(
        self,
        places: Mapping[str, Place],
        *,
        roots: Sequence[Place] = (),
        s3: Callable[[], Objects] | None = None,
    ) -> None:
        """Take single places by domain and roots; `s3` opens buckets when there are any."""
        self._single = {check_domain(name): Domain(place) for name, place in places.items()}
        self._roots = tuple(roots)
        self._folders = FolderObjects()
        self._s3 = s3
        self._last: Mapping[str, Domain] = self._single

    def domains(self) -> list[str]:
        """Return the domains of the source, sorted; raises ListingError when there may be more."""
        seen = self._look()
        seen.check()
        return sorted(seen.found)

    def list(
        self, domain: str, keys: Sequence[str] | None = None, *, held_at: str = ""
    ) -> list[ObjectInfo]:
        """Return every object of a domain, or those of `keys`, sorted by key.

        Raises ListingError. A trouble stops the domains that are not found in spite of it, and
        no others. The domain of loose files is empty, not lost, when no root has any (any
        more), and so is a domain that had its objects (`held_at`) in a bucket that is still
        looked at: buckets have no empty folders. While a root is lost nobody knows what it has.
        A prefix without any object is empty only where the domain had its objects there.
        """
        held = self._found(domain, held_at)
        if held is None:
            return []
        asked = None if keys is None else list(dict.fromkeys(keys))
        listed = sorted(self._of(held.place).walk(held, asked), key=lambda info: info.key)
        if not listed and _is_elsewhere(held_at, held.place) and not self._holds_any(held):
            raise moved(domain, held.place, held_at)
        return listed

    def has_any(self, domain: str, *, held_at: str = "") -> bool:
        """Return whether a domain has any object, from one page of a bucket; raises as list."""
        held = self._found(domain, held_at)
        if held is None or self._holds_any(held):
            return held is not None
        if _is_elsewhere(held_at, held.place):
            raise moved(domain, held.place, held_at)
        return False

    def open(self, domain: str, key: str, *, etag: str = "") -> BinaryIO:
        """Open one object; raises ReadError."""
        held = self._last.get(domain) or self._look().found.get(domain)
        if held is None:
            raise ReadError(
                f"{key!r} is gone: its domain {domain!r} has no place any more; the next run "
                "sees that",
                reason="vanished",
                transient=True,
            )
        return self._of(held.place).open(held, key, etag=etag)

    def _found(self, domain: str, held_at: str) -> Domain | None:
        """Return the place of a domain, None for one that is empty; raises ListingError."""
        single = self._single.get(domain)
        if single and not self._roots:
            return single
        seen = self._look()
        held = seen.found.get(domain)
        lost = next(iter(seen.lost.values()), None)
        if held and held.shallow and lost:
            raise lost
        if held:
            return held
        if domain in seen.clashes:
            raise seen.clashes[domain]
        if lost:
            raise lost
        if self._is_empty(domain, held_at):
            return None
        raise no_place(domain)

    def _is_empty(self, domain: str, held_at: str) -> bool:
        """Return whether nothing was lost when nothing is found of a domain."""
        buckets = [root for root in self._roots if isinstance(root, S3Place)]
        if domain == LOOSE_DOMAIN:
            remote = held_at.startswith("s3://")
            return any(_is_in(root, held_at) for root in buckets) if remote else bool(self._roots)
        return any(_is_in(root / domain, held_at) for root in buckets) or (
            bool(buckets) and not held_at
        )

    def _holds_any(self, held: Domain) -> bool:
        """Return whether a place has any object; a bucket is asked for its first ones only."""
        return any(True for _ in self._of(held.place).walk(held, None))

    def _look(self) -> Sighting:
        seen = look(self._single, self._roots, lambda root: self._of(root).claims(root))
        self._last = seen.found  # opening uses the last look, so that it stays cheap
        return seen

    def _of(self, place: Place) -> Objects:
        if not isinstance(place, S3Place):
            return self._folders
        assert self._s3 is not None, "a place in S3 needs a client"
        return self._s3()

"""Which place is which domain: looked up anew at each listing, one trouble at a time."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mmrag_pipeline.errors import ListingError, SettingsError
from mmrag_pipeline.ids import NAME_RULE, check_domain
from mmrag_pipeline.stores.places import Place

LOOSE_DOMAIN = "default"
"""Domain of the files that lie directly under a root of domains."""
NOTHING_DELETED = "Nothing was deleted from the index."
_TOLD = 3
"""Of many troubles of a kind, how many are told."""


@dataclass(frozen=True, slots=True)
class Domain:
    """The place of one domain; a shallow one holds only the files directly in it."""

    place: Place
    shallow: bool = False


@dataclass(frozen=True, slots=True)
class Claims:
    """What lies directly under a root of domains."""

    folders: Sequence[str]
    """Names of its folders, whether they can name a domain or not."""
    loose: bool
    """Whether it has files of its own."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """The domains that were found, and what stands in the way of others."""

    found: Mapping[str, Domain]
    lost: Mapping[str, ListingError]
    """Root -> the trouble with it: it may hold loose files, too."""
    clashes: Mapping[str, ListingError]
    """Troubles with a name that is one of several places."""
    nameless: Sequence[str] = ()
    """Addresses of folders whose names can be those of no domain."""

    def check(self) -> None:
        """Raise one ListingError for all that stands in the way."""
        nameless = [_nameless(self.nameless)] if self.nameless else []
        troubles = [*map(str, self.lost.values()), *nameless, *map(str, self.clashes.values())]
        if not troubles:
            return
        more = len(troubles) - _TOLD
        told = [*troubles[:_TOLD], *([f"And {more:,} more of the kind."] if more > 0 else [])]
        raise ListingError(
            " ".join(told),
            found=sorted(self.found),
            lost=tuple(self.lost),
            complete=not self.lost and not self.clashes,
        )


def look(
    single: Mapping[str, Domain], roots: Sequence[Place], claims_of: Callable[[Place], Claims]
) -> Sighting:
    """Find single places and the folders of roots; `claims_of` raises ListingError.

    A root that is lost, folders that cannot name a domain and a name of several folders
    are one trouble each: they hide what they hide and nothing else.
    """
    claims = list(single.items())
    nameless: list[str] = []
    lost: dict[str, ListingError] = {}
    for root in roots:
        try:
            held = claims_of(root)
        except ListingError as error:
            lost[str(root)] = error
            continue
        named, unusable = _named(root, held)
        claims += named
        nameless += unusable
    found, clashes = _settled(claims)
    return Sighting(found, lost, clashes, nameless)


def no_place(domain: str) -> ListingError:
    """Return the error for a domain that no source holds."""
    return ListingError(
        f"domain {domain!r} has no folder (any more): put the folder back, or empty the domain on "
        f"purpose with `mmrag index --source EMPTY_FOLDER --domain {domain}`. {NOTHING_DELETED}"
    )


def moved(domain: str, place: Place, held_at: str) -> ListingError:
    """Return the error for a domain that had its objects elsewhere than in an empty place."""
    return ListingError(
        f"{place} holds no object, and domain {domain!r} has its files elsewhere, for one at "
        f"{held_at!r:.300}: name the place they are in with `mmrag index --source PLACE --domain "
        f"{domain}`, or empty the domain on purpose with `mmrag index --source EMPTY_FOLDER "
        f"--domain {domain}`. {NOTHING_DELETED}"
    )


def _named(root: Place, held: Claims) -> tuple[Sequence[tuple[str, Domain]], Sequence[str]]:
    """Return the domains directly under a root, and the folders that cannot be one."""
    found: list[tuple[str, Domain]] = []
    nameless: list[str] = []
    for name in held.folders:
        try:
            found.append((check_domain(name), Domain(root / name)))
        except SettingsError:
            nameless.append(f"{root}/{name}/")
    if held.loose:
        found.append((LOOSE_DOMAIN, Domain(root, shallow=True)))
    return found, nameless


def _settled(
    claims: Iterable[tuple[str, Domain]],
) -> tuple[Mapping[str, Domain], Mapping[str, ListingError]]:
    """Return the domains of one place each; a name of several is none of them, and a trouble."""
    found: dict[str, Domain] = {}
    clashes: dict[str, ListingError] = {}
    for name, domain in claims:
        held = found.setdefault(name, domain)
        if held != domain:
            clashes[name] = _twice(name, held, domain)
    return {n: d for n, d in found.items() if n not in clashes}, clashes


def _nameless(places: Sequence[str]) -> str:
    """Return what to say of folders that cannot be domains, by examples."""
    one = len(places) == 1
    shown = ", ".join(f"{place!r:.200}" for place in sorted(places)[:_TOLD])
    return (
        f"{len(places):,} {'folder' if one else 'folders'} cannot name a domain and "
        f"{'is' if one else 'are'} left out, {'' if one else 'for one '}{shown}: rename "
        f"{'it' if one else 'them'} (in a bucket, the objects whose keys begin so); {NAME_RULE}. "
        f"{NOTHING_DELETED}"
    )


def _twice(name: str, one: Domain, other: Domain) -> ListingError:
    if other.shallow and not one.shallow:
        return ListingError(
            f"{str(other.place)!r} has files beside folders, and they would be the domain "
            f"{name!r}, which is {str(one.place)!r}: move the files into a folder. "
            f"{NOTHING_DELETED}"
        )
    return ListingError(
        f"domain {name!r} is both {str(one.place)!r} and {str(other.place)!r}: "
        f"rename one of the folders or give it another --domain. {NOTHING_DELETED}"
    )

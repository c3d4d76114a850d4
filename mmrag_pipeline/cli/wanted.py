"""What is asked for, in options or in arguments of Python: both become a query here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import get_args

from mmrag_pipeline.cli.chosen import ChosenDomains
from mmrag_pipeline.cli.moments import end_of, start_of
from mmrag_pipeline.cli.served import searchable_domains
from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.parsing.query_pictures import open_pictures
from mmrag_pipeline.ports import Served
from mmrag_pipeline.records import Pixels, PointKind
from mmrag_pipeline.retrieval.query import Query, Unit
from mmrag_pipeline.settings import Settings

LAST_PAGE = 2**31 - 1
"""More than any file has, and what every store can compare."""
MOST_HITS = 1_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; None restricts nothing, and what is empty lets nothing through."""

    text: str = ""
    image: Path | bytes | Pixels | None = None
    domains: Sequence[str] | None = None
    kinds: Sequence[str] | None = None
    visibility: Sequence[str] | None = None
    categories: Sequence[str] | None = None
    pages: Sequence[int] | None = None
    since: str | date | None = None
    until: str | date | None = None
    limit: int = 10
    unit: str = "file"


Spelled = Callable[[str], str]
"""What a field of Wanted is called where it was given: an error names it so."""


def as_option(field: str) -> str:
    """Return the option of `mmrag search` that gives a field."""
    named = {
        "domains": "--domain",
        "kinds": "--kind",
        "pages": "--page",
        "limit": "-k",
        "unit": "--group",
    }
    return named.get(field, f"--{field}")


def query_of(
    settings: Settings, wanted: Wanted, *, store: Served, spelled: Spelled
) -> tuple[Query, ChosenDomains]:
    """Return the query, and what there is to say of the domains that it asks.

    Raises SettingsError for what cannot be asked, ParseError for the picture, and as
    `searchable_domains` does.
    """
    _check(wanted, spelled)
    names = None if wanted.domains is None else list(wanted.domains)
    asked = searchable_domains(settings, names, store=store)
    query = Query(
        text=wanted.text,
        image=picture_of(settings, wanted.image),
        domains=None if names is None else tuple(asked.domains),
        kinds=kinds_of(wanted.kinds, spelled=spelled),
        visibility=None if wanted.visibility is None else tuple(wanted.visibility),
        categories=None if wanted.categories is None else tuple(wanted.categories),
        pages=None if wanted.pages is None else tuple(wanted.pages),
        modified_from=start_of(spelled("since"), _written(wanted.since)),
        modified_before=end_of(spelled("until"), _written(wanted.until)),
        limit=wanted.limit,
        unit=_unit(wanted.unit, spelled),
    )
    return query, asked


def picture_of(settings: Settings, given: Path | bytes | Pixels | None) -> Pixels | None:
    """Return the pixels of a query's picture, parsed unless they are that; raises ParseError."""
    if not isinstance(given, Path | bytes):
        return given
    with open_pictures(settings) as read:
        return read(given)


def kinds_of(
    asked: Sequence[str] | None, *, spelled: Spelled = as_option
) -> tuple[PointKind, ...] | None:
    """Return the kinds that are named, None where none is asked for; raises SettingsError."""
    if asked is None:
        return None
    known: tuple[PointKind, ...] = get_args(PointKind)
    unknown = [kind for kind in asked if kind not in known]
    if unknown:
        raise SettingsError(f"unknown {spelled('kinds')} {unknown[0]!r}; known: {', '.join(known)}")
    return tuple(kind for kind in known if kind in asked)


def _unit(asked: str, spelled: Spelled) -> Unit:
    known: tuple[Unit, ...] = get_args(Unit)
    for unit in known:
        if unit == asked:
            return unit
    raise SettingsError(f"unknown {spelled('unit')} {asked!r:.100}; known: {', '.join(known)}")


def _check(wanted: Wanted, spelled: Spelled) -> None:
    """Raise SettingsError for what no index can be asked."""
    if not wanted.text.strip() and wanted.image is None:
        raise SettingsError(
            f"nothing to search for: give words, a picture ({spelled('image')}), or both"
        )
    if wanted.domains is not None and not wanted.domains:
        raise SettingsError(f"{spelled('domains')} names none: leave it out to ask all of them")
    bounds = {"limit": MOST_HITS, "pages": LAST_PAGE}
    for field, numbers in {"limit": (wanted.limit,), "pages": wanted.pages or ()}.items():
        for number in numbers:
            if not 1 <= number <= bounds[field]:
                raise SettingsError(
                    f"{spelled(field)} {number!r:.40} is not from 1 to {bounds[field]}"
                )


def _written(moment: str | date | None) -> str | None:
    return moment.isoformat() if isinstance(moment, date) else moment

"""Which source and which domains a command works on."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mmrag_pipeline.assembly import all_sources, open_source, open_tables
from mmrag_pipeline.cli.console import in_a_row
from mmrag_pipeline.cli.partitions import tabled_domains, tabled_partitions
from mmrag_pipeline.errors import CorruptStateError, ListingError, NotFoundError, SettingsError
from mmrag_pipeline.ids import domain_of
from mmrag_pipeline.indexing.admission import admit
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.keepers import TableCatalog
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.places import Place, S3Place
from mmrag_pipeline.stores.sources import Sources, read_sources


def asked_sources(settings: Settings, source: Place | None, domain: str | None) -> Sources:
    """Return the sources that `--source` and `--domain` add to the known ones."""
    known = read_sources(settings.home)
    if source is None:
        return known
    place = _checked(source)
    return known.with_root(place) if domain is None else known.with_folder(domain, place)


def _checked(source: Place) -> Place:
    if isinstance(source, S3Place):
        return source
    folder = source.resolve() if ".." in source.parts else source
    if not os.path.isdir(folder):
        raise SettingsError(
            f"--source {_short(source)} is not a folder: name one that exists, or s3://BUCKET/PREFIX"
        )
    return folder


@dataclass(frozen=True, slots=True)
class ChosenDomains:
    """The domains to work on, and what else is to be said."""

    domains: list[str]
    trouble: str = ""
    """Why there are not more, empty when these are all; exit status 1."""
    warning: str = ""
    """What stands in nobody's way: all that was asked for is done."""

    @property
    def told(self) -> tuple[str, ...]:
        """Return what is to be said, if anything."""
        return tuple(one for one in (self.warning, self.trouble) if one)


@dataclass(frozen=True, slots=True)
class _Seen:
    """The domains that can be seen, and the error that tells of others."""

    domains: Sequence[str]
    trouble: ListingError | None = None

    @property
    def hidden(self) -> ListingError | None:
        """Return the trouble if domains may be hidden by it, not only folders that are none."""
        return None if self.trouble is None or self.trouble.complete else self.trouble


def asked_domains(
    settings: Settings, sources: Sources, source: Place | None, domain: str | None
) -> ChosenDomains:
    """Return the domains to work on: of the given source, or the named one, or all known.

    What hides one domain stops no other. Raises ListingError when it hides all that is asked
    for or when two sources claim one domain, SettingsError or NotFoundError when there is
    nothing to work on: all before anything is written.
    """
    seen = _sourced(settings, sources)
    if domain is not None:
        asked = bounded(settings, [_known_domain(settings, domain, seen)])
        if source is not None:
            _check_mapped(settings, sources, domain)
        return asked
    if source is None:
        more = (
            tabled_domains(settings) if seen.hidden else _emptied(settings, sources, seen.domains)
        )
        without = "no source is known yet"
        chosen = _worked_on({*seen.domains, *more}, seen.trouble, without)
        return bounded(settings, chosen, seen.trouble)
    alone = settings.model_copy(update={"source_root": None})
    own = _seen(open_source(alone, Sources((source,))).domains)
    if seen.hidden and not set(own.domains) <= set(seen.domains):
        raise seen.hidden
    without = f"{_short(source)} holds neither folders nor files"
    return bounded(settings, _worked_on(own.domains, own.trouble, without), own.trouble)


def bounded(
    settings: Settings, domains: Iterable[str], trouble: ListingError | None = None
) -> ChosenDomains:
    """Return those of the domains that MMRAG_MAX_DOMAINS lets in, and what else is told of them.

    Raises SettingsError when it lets none in.
    """
    admission = admit(domains, known=tabled_domains(settings), most=settings.max_domains)
    if not admission.domains:
        raise SettingsError(admission.refusal)
    warning = str(trouble) if trouble and trouble.complete else ""
    hidden = str(trouble) if trouble and not trouble.complete else ""
    troubles = [one for one in (hidden, admission.refusal) if one]
    return ChosenDomains(list(admission.domains), "; ".join(troubles), warning)


def _check_mapped(settings: Settings, sources: Sources, domain: str) -> None:
    """Raise ListingError when the place that a domain gets is none to take its files from.

    Raises SettingsError for a prefix without objects that would be a new domain.
    """
    tables, place = open_tables(settings), sources.folders[domain]
    held_at = _held_at(tables, domain)
    some = open_source(settings, sources).has_any(domain, held_at=held_at)
    if not some and isinstance(place, S3Place) and domain not in tabled_domains(settings):
        raise SettingsError(
            f"{_short(place)} holds no object: check bucket and prefix, or put a file there first"
        )


def _seen(look: Callable[[], list[str]]) -> _Seen:
    try:
        return _Seen(look())
    except ListingError as error:
        return _Seen(error.found, error)


def _worked_on(domains: Iterable[str], trouble: ListingError | None, without: str) -> list[str]:
    chosen = sorted(domains)
    if trouble and not chosen:
        raise trouble
    if not chosen:
        raise SettingsError(
            f"{without}: run `mmrag index --source DIR` (a sub-folder per domain) "
            "or `mmrag index --source DIR --domain NAME` (the folder is one domain)"
        )
    return chosen


def indexed_domains(settings: Settings, names: list[str] | None) -> list[str]:
    """Return the asked domains among those that have tables; raises NotFoundError."""
    return asked_among(settings, tabled_domains(settings), names)


def asked_among(settings: Settings, known: list[str], names: list[str] | None) -> list[str]:
    """Return the asked ones of known domains, all without names; raises NotFoundError."""
    unknown = [name for name in names or [] if name not in known]
    if not known:
        raise NotFoundError(
            f"no domain is indexed yet in {settings.state_root or settings.home.absolute()}: run "
            "`mmrag index --source DIR` first, or name the place of the tables in MMRAG_HOME or "
            "MMRAG_STATE_ROOT"
        )
    if unknown:
        check_no_partition(settings, unknown[0], known)
        raise NotFoundError(
            f"no indexed domain {', '.join(map(repr, unknown))}; indexed: {in_a_row(known)}"
        )
    return list(dict.fromkeys(names)) if names else known


def check_no_partition(settings: Settings, name: str, known: Sequence[str]) -> None:
    """Raise NotFoundError when a partition of a known domain is named instead of the domain."""
    domain = domain_of(name)
    if domain == name or domain not in known:
        return
    partitions = in_a_row(tabled_partitions(settings, [domain]))
    raise NotFoundError(
        f"{name!r} is no domain: the domain is {domain!r}, and naming it means all of its "
        f"partitions ({partitions or 'none is indexed yet'})"
    )


def orphaned_domains(settings: Settings, sources: Sources) -> list[str]:
    """Return the domains that are indexed although no source has their folder any more."""
    seen = _sourced(settings, sources)
    held = {*seen.domains, *_emptied(settings, sources, seen.domains)}
    return [] if seen.hidden else [name for name in tabled_domains(settings) if name not in held]


def _emptied(settings: Settings, sources: Sources, seen: Sequence[str]) -> list[str]:
    """Return the indexed domains that no source shows because a bucket has none of their objects.

    A folder that is gone is another thing: it may come back with its files.
    """
    source, tables = open_source(settings, sources), open_tables(settings)
    emptied = []
    for name in (one for one in tabled_domains(settings) if one not in seen):
        try:
            source.list(name, [], held_at=_held_at(tables, name))
        except (ListingError, CorruptStateError):
            continue
        emptied.append(name)
    return emptied


def _held_at(tables: TableCatalog, domain: str) -> str:
    """Return the address of a file that a domain has in the tables, empty when it has none."""
    for name in tables.partitions("raw_files"):
        if domain_of(name) == domain and (rows := rows_of(tables, "raw_files", name)).height:
            return str(rows["uri"][0])
    return ""


def _sourced(settings: Settings, sources: Sources) -> _Seen:
    seen = _seen(open_source(settings, sources).domains)
    error = seen.trouble
    if error is None or not error.lost:
        return seen
    told = f"{error}{_way_out(settings, error.lost)}"
    return _Seen(seen.domains, ListingError(told, found=error.found, lost=error.lost))


def _way_out(settings: Settings, lost: Sequence[str]) -> str:
    """Return how to give up roots that are gone for good, wherever they are named."""
    remembered = {str(root) for root in read_sources(settings.home).roots}
    named = {str(root) for root in all_sources(settings, Sources()).roots}
    ways = []
    if remembered & {*lost}:
        ways.append(f"take it out of {settings.home}/sources.json")
    if named & {*lost}:
        ways.append("name another one in MMRAG_SOURCE_ROOT, or none")
    return f" A source that is gone for good: {', and '.join(ways)}" if ways else ""


def _known_domain(settings: Settings, domain: str, seen: _Seen) -> str:
    if domain not in seen.domains and domain not in (tabled := tabled_domains(settings)):
        check_no_partition(settings, domain, [*seen.domains, *tabled])
        raise seen.hidden or NotFoundError(
            f"no source has a domain {domain!r}; known: {in_a_row(seen.domains) or 'none'}. Map a "
            "folder to it with `mmrag index --source DIR --domain NAME`"
        )
    return domain


def _short(path: Place) -> str:
    return f"{str(path)!r:.200}"

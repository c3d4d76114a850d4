"""Which source and which domains a command works on."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mmrag_pipeline.assembly import open_source, open_tables
from mmrag_pipeline.errors import CorruptStateError, ListingError, NotFoundError, SettingsError
from mmrag_pipeline.indexing.admission import admit
from mmrag_pipeline.indexing.commit import rows_of
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
class Asked:
    """The domains to work on; `trouble` says why there are not more, empty when these are all."""

    domains: list[str]
    trouble: str = ""


def asked_domains(
    settings: Settings, sources: Sources, source: Place | None, domain: str | None
) -> Asked:
    """Return the domains to work on: of the given source, or the named one, or all known.

    What hides one domain stops no other. Raises ListingError when it hides all that is asked
    for or when two sources claim one domain, SettingsError or NotFoundError when there is
    nothing to work on: all before anything is written.
    """
    seen, hidden = _seen(lambda: _sourced(settings, sources))
    if domain is not None:
        return bounded(settings, [_known_domain(settings, domain, seen, hidden)])
    if source is None:
        known = {*seen, *(_tabled(settings) if hidden else _emptied(settings, sources, seen))}
        chosen = _worked_on(known, hidden, "no source is known yet")
        return bounded(settings, chosen, str(hidden or ""))
    alone = settings.model_copy(update={"source_root": None})
    own, own_trouble = _seen(open_source(alone, Sources((source,))).domains)
    if hidden and not set(own) <= set(seen):
        raise hidden
    chosen = _worked_on(own, own_trouble, f"{_short(source)} holds neither folders nor files")
    return bounded(settings, chosen, str(own_trouble or ""))


def bounded(settings: Settings, domains: Iterable[str], trouble: str = "") -> Asked:
    """Return those of the domains that MMRAG_MAX_DOMAINS lets in, and what else is told of them.

    Raises SettingsError when it lets none in.
    """
    admission = admit(domains, known=_tabled(settings), most=settings.max_domains)
    if not admission.domains:
        raise SettingsError(admission.refusal)
    troubles = [one for one in (trouble, admission.refusal) if one]
    return Asked(list(admission.domains), "; ".join(troubles))


def _seen(look: Callable[[], list[str]]) -> tuple[Sequence[str], ListingError | None]:
    """Return the domains that can be seen, and the error that hides others."""
    try:
        return look(), None
    except ListingError as error:
        return error.found, error


def _worked_on(domains: Iterable[str], hidden: ListingError | None, without: str) -> list[str]:
    chosen = sorted(domains)
    if hidden and not chosen:
        raise hidden
    if not chosen:
        raise SettingsError(
            f"{without}: run `mmrag index --source DIR` (a sub-folder per domain) "
            "or `mmrag index --source DIR --domain NAME` (the folder is one domain)"
        )
    return chosen


def indexed_domains(settings: Settings, names: list[str] | None) -> list[str]:
    """Return the asked domains among those that have tables; raises NotFoundError."""
    return asked_among(_tabled(settings), names)


def asked_among(known: list[str], names: list[str] | None) -> list[str]:
    """Return the asked ones of known domains, all without names; raises NotFoundError."""
    unknown = [name for name in names or [] if name not in known]
    if not known:
        raise NotFoundError("no domain is indexed yet: run `mmrag index --source DIR` first")
    if unknown:
        raise NotFoundError(
            f"no indexed domain {', '.join(map(repr, unknown))}; indexed: {', '.join(known)}"
        )
    return list(dict.fromkeys(names)) if names else known


def orphaned_domains(settings: Settings, sources: Sources) -> list[str]:
    """Return the domains that are indexed although no source has their folder any more."""
    held = _sourced(settings, sources)
    held += _emptied(settings, sources, held)
    return [name for name in _tabled(settings) if name not in held]


def _emptied(settings: Settings, sources: Sources, seen: Sequence[str]) -> list[str]:
    """Return the indexed domains that no source shows because a bucket has none of their objects.

    A folder that is gone is another thing: it may come back with its files.
    """
    source, tables = open_source(settings, sources), open_tables(settings)
    emptied = []
    for name in (one for one in tables.partitions("raw_files") if one not in seen):
        try:
            rows = rows_of(tables, "raw_files", name)
            held_at = str(rows["uri"][0]) if rows.height else ""
            source.list(name, [], held_at=held_at)
        except (ListingError, CorruptStateError):
            continue
        emptied.append(name)
    return emptied


def _sourced(settings: Settings, sources: Sources) -> list[str]:
    try:
        return open_source(settings, sources).domains()
    except ListingError as error:
        raise ListingError(
            f"{error} A source that is gone for good: take it out of {settings.home}/sources.json",
            found=error.found,
        ) from error


def _known_domain(
    settings: Settings, domain: str, known: Sequence[str], hidden: ListingError | None
) -> str:
    if domain not in known and domain not in _tabled(settings):
        raise hidden or NotFoundError(
            f"no source has a domain {domain!r}; known: {', '.join(known) or 'none'}. Map a "
            "folder to it with `mmrag index --source DIR --domain NAME`"
        )
    return domain


def _tabled(settings: Settings) -> list[str]:
    return open_tables(settings).partitions("raw_files")


def _short(path: Place) -> str:
    return f"{str(path)!r:.200}"

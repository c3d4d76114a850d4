"""`mmrag purge`: take files out of everything that was made of them; `--lift` lets them back in.

It does not go through Dagster: a run's config would keep the keys in Dagster's database.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from mmrag_pipeline.answering import forget_answers
from mmrag_pipeline.assembly import open_memo, open_source, open_tables, open_world
from mmrag_pipeline.cli.console import ERR, counted, printable, warn
from mmrag_pipeline.cli.options import AsJson, load_settings
from mmrag_pipeline.cli.purged import tell_purged
from mmrag_pipeline.cli.receipt import (
    Wanted,
    paths_of,
    tell_copies,
    tell_lifted,
    tell_receipts,
    tell_unread,
)
from mmrag_pipeline.errors import ListingError, NotFoundError, SettingsError
from mmrag_pipeline.ids import domains_of
from mmrag_pipeline.indexing.copies import contents_of, copies_of
from mmrag_pipeline.indexing.purge import purge as purge_files
from mmrag_pipeline.indexing.purge_request import Files, Request, files_of, merged
from mmrag_pipeline.indexing.receipts import Receipt, ended_by
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.indexing.tombstones import lift as lift_files
from mmrag_pipeline.indexing.unended import Unended, unended
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.object_keys import key_of
from mmrag_pipeline.stores.receipts import operator, read_receipts, write_receipt
from mmrag_pipeline.stores.reports import forget_reports
from mmrag_pipeline.stores.run_lock import HomeGuard
from mmrag_pipeline.stores.sources import read_sources

_OTHERS = (
    "the state is shared and the index is this machine's own: those of other machines hold the "
    "points until a purge or an index run there"
)


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody wants purged."""

    files: Mapping[str, Files]
    also: Unended
    """What goes along; copies among it."""
    reason: str


def purge(
    key: Annotated[
        list[str] | None,
        typer.Argument(help="DOMAIN/KEY, or KEY with --domain.", show_default=False),
    ] = None,
    domain: Annotated[
        str | None, typer.Option("--domain", help="The domain of all keys.", show_default=False)
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stands in the receipt.")] = "",
    copies: Annotated[
        bool, typer.Option("--copies", help="Purge all files of any domain with that content, too.")
    ] = False,
    lift: Annotated[
        bool, typer.Option("--lift", help="Let files back in that were purged.")
    ] = False,
    listed: Annotated[
        bool, typer.Option("--list", help="Purge nothing; list what was purged.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take files out of tables, memo, dead letters and every collection, for good.

    The source keeps its files; they do not come back until --lift. Exit status 1 when something
    of them was still found afterwards.

    Examples:

        mmrag purge shop/people/jane.jpg --reason "asked by letter of 3 March"

        mmrag purge people/jane.jpg --domain shop --lift

        mmrag purge --list
    """
    settings = load_settings()
    _check_clear(key, {"--list": listed, "--lift": lift, "--copies": copies})
    wanted = {domain: []} if listed and domain else wanted_keys(key or (), domain)
    _check_known(settings, wanted, listed=listed)
    if listed:
        tell_purged(settings, domain, as_json=as_json)
    elif lift:
        _lift_all(settings, wanted, as_json=as_json)
    else:
        files = {name: files_of(name, keys) for name, keys in wanted.items()}
        also = _also(settings, files, copies=copies)
        _confirm(wanted, also.files, yes=yes)
        _purge_all(settings, Ask(files, also, reason), as_json=as_json)


def _check_clear(key: Sequence[str] | None, modes: Mapping[str, bool]) -> None:
    """Raise SettingsError for options that do not go together."""
    asked = [name for name, given in modes.items() if given]
    if len(asked) > 1:
        raise SettingsError(f"{' and '.join(asked)} do not go together: give one of them")
    if bool(key) == modes["--list"]:
        raise SettingsError(
            "--list takes no keys: --domain restricts it"
            if key
            else "no file was named: write DOMAIN/KEY, or --list for what was purged"
        )


def _lift_all(settings: Settings, wanted: Wanted, *, as_json: bool) -> None:
    with open_world(settings) as world:
        tell_lifted(_lift(world, wanted), wanted, as_json=as_json)


def _purge_all(settings: Settings, ask: Ask, *, as_json: bool) -> None:
    done: list[tuple[Receipt, Path]] = []
    ended = False
    try:
        with open_world(settings) as world:
            for receipt, path in _purged(world, ask):
                done.append((receipt, path))
        ended = True
    finally:  # what is done is told, whatever stopped the rest
        tell_receipts(done, ended=ended, as_json=as_json)
        tell_copies([receipt for receipt, _ in done])
        if kept := forget_answers(settings):
            warn(kept)
        forget_reports(settings.home)
        if not ended:
            warn("the purge did not end: run the same command again when it can")
    if settings.state_root is not None and settings.qdrant_url is None:
        ERR.print(_OTHERS, markup=False)
    if not all(receipt.complete for receipt, _ in done):
        raise typer.Exit(1)


def wanted_keys(given: Iterable[str], domain: str | None) -> Wanted:
    """Return domain -> keys of what was given; raises SettingsError."""
    wanted: dict[str, list[str]] = {}
    for text in map(_as_key, given):
        name, _, key = (domain, "", text) if domain else text.partition("/")
        if not key or not name:
            raise SettingsError(
                f"{text!r:.200} is no file of a domain: write DOMAIN/KEY, or KEY with --domain"
            )
        wanted.setdefault(name, []).append(key)
    return {name: list(dict.fromkeys(keys)) for name, keys in wanted.items()}


def _as_key(given: str) -> str:
    """Return an argument as a listing spells it; a name that is no UTF-8 comes as surrogates."""
    try:
        given.encode()
    except UnicodeEncodeError:
        return key_of(os.fsencode(given))
    return given


def _check_known(settings: Settings, wanted: Wanted, *, listed: bool) -> None:
    """Raise NotFoundError for a domain that neither tables nor, unless listed, sources know."""
    tables = open_tables(settings)
    known = {*domains_of(tables.partitions("raw_files")), *tables.partitions("tombstones")}
    if not listed and not known.issuperset(wanted):
        try:
            known |= set(open_source(settings, read_sources(settings.home)).domains())
        except ListingError as error:
            known |= set(error.found)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise NotFoundError(
            f"no domain {unknown[0]!r:.100} is known: {', '.join(sorted(known)) or 'none'}. "
            "Nothing was purged"
        )


def _also(settings: Settings, files: Mapping[str, Files], *, copies: bool) -> Unended:
    """Return what goes along: files of purges that did not end, and copies of all of them."""
    tables = open_tables(settings)
    ended = ended_by(text for _, text in read_receipts(settings.home))
    also = unended(tables, files, ended)
    for domain, why in also.unread.items():
        warn(f"whether {domain} has files of a purge that did not end is unknown: {why}")
    if not copies:
        return also
    contents = contents_of(tables, merged(files, also.files))
    found = copies_of(tables, contents, besides=files)
    tell_unread(found.unread)
    theirs = {name: files_of(name, keys) for name, keys in found.keys.items()}
    return replace(also, files=merged(also.files, theirs))


def _confirm(wanted: Wanted, also: Mapping[str, Files], *, yes: bool) -> None:
    lines = [_told_along(name, *one) for name, held in also.items() for one in held.items()]
    number = counted(len(paths_of(wanted)) + len(lines), "file")
    if not yes and not sys.stdin.isatty():
        raise SettingsError(f"purging {number} asks first: give --yes where nobody can answer")
    for line in (*([] if yes else paths_of(wanted)), *lines):
        ERR.print(printable(line), markup=False)
    if not yes:
        typer.confirm(f"Purge {number} for good?", abort=True, err=True)


def _told_along(domain: str, file: str, key: str | None) -> str:
    if key is None:
        return f"{domain}: file {file} (of a purge that did not end)"
    return f"{domain}/{key} (a copy)"


def _purged(world: World, ask: Ask) -> Iterator[tuple[Receipt, Path]]:
    """Yield each domain's receipt, and where it was written."""
    settings = world.settings
    request = Request(
        files=ask.files,
        along=ask.also.files,
        reason=ask.reason,
        by=operator(),
        at=ask.also.since or world.clock(),
        tool=f"mmrag_pipeline {version('mmrag_pipeline')}",
    )
    guard = HomeGuard(settings.home, settings.lock_timeout_s)
    for receipt in purge_files(world, open_memo(settings), request, guard=guard):
        text, digest = receipt.as_json(), receipt.digest
        yield receipt, write_receipt(settings.home, text, moment=request.moment, digest=digest)


def _lift(world: World, wanted: Wanted) -> Wanted:
    """Take tombstones away; return domain -> keys of those that had one."""
    lifted: dict[str, list[str]] = {}
    for name, keys in wanted.items():
        files = files_of(name, keys)
        gone = lift_files(world, name, list(files))
        lifted[name] = [key for file, key in files.items() if key is not None and file in gone]
    return lifted

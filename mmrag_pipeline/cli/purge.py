"""`mmrag purge`: take files out of everything that was made of them; `--lift` lets them back in.

It does not go through Dagster: a run's config would keep the keys in Dagster's database.
"""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from mmrag_pipeline.assembly import open_memo, open_source, open_tables, open_world
from mmrag_pipeline.cli.console import ERR, OUT, counted, print_json, printable, table, warn
from mmrag_pipeline.cli.options import AsJson, load_settings
from mmrag_pipeline.errors import ListingError, NotFoundError, SettingsError
from mmrag_pipeline.indexing.purge import Request, files_of
from mmrag_pipeline.indexing.purge import purge as purge_files
from mmrag_pipeline.indexing.receipts import Receipt
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.indexing.tombstones import lift as lift_files
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.object_keys import key_of
from mmrag_pipeline.stores.receipts import operator, write_receipt
from mmrag_pipeline.stores.run_lock import HomeGuard
from mmrag_pipeline.stores.sources import read_sources

Wanted = Mapping[str, Sequence[str]]
"""Domain -> keys."""


def purge(
    key: Annotated[list[str], typer.Argument(help="DOMAIN/KEY, or KEY with --domain.")],
    domain: Annotated[
        str | None, typer.Option("--domain", help="The domain of all keys.", show_default=False)
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stands in the receipt.")] = "",
    lift: Annotated[
        bool, typer.Option("--lift", help="Let files back in that were purged.")
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
    """
    settings = load_settings()
    wanted = wanted_keys(key, domain)
    _check_known(settings, wanted)
    if not lift and not yes:
        _confirm(wanted)
    with open_world(settings) as world:
        if lift:
            _tell_lifted(_lift(world, wanted), wanted, as_json=as_json)
            return
        done = [_purge(world, name, keys, reason) for name, keys in wanted.items()]
    _tell(done, as_json=as_json)
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


def _check_known(settings: Settings, wanted: Wanted) -> None:
    known = set(open_tables(settings).partitions("raw_files"))
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


def _confirm(wanted: Wanted) -> None:
    number = counted(sum(map(len, wanted.values())), "file")
    if not sys.stdin.isatty():
        raise SettingsError(f"purging {number} asks first: give --yes where nobody can answer")
    for name, keys in wanted.items():
        for key in keys:
            ERR.print(printable(f"{name}/{key}"), markup=False)
    typer.confirm(f"Purge {number} for good?", abort=True, err=True)


def _purge(world: World, domain: str, keys: Sequence[str], reason: str) -> tuple[Receipt, Path]:
    settings = world.settings
    request = Request(
        partition=domain,
        files=files_of(domain, keys),
        reason=reason,
        by=operator(),
        at=world.clock(),
        tool=f"mmrag_pipeline {version('mmrag_pipeline')}",
    )
    guard = HomeGuard(settings.home, settings.lock_timeout_s)
    tables, memo = open_tables(settings), open_memo(settings)
    receipt = purge_files(world, memo, tables, request, guard=guard)
    text, digest = receipt.as_json(), receipt.digest
    return receipt, write_receipt(settings.home, text, moment=request.moment, digest=digest)


def _lift(world: World, wanted: Wanted) -> Wanted:
    """Take tombstones away; return domain -> keys of those that had one."""
    guard = HomeGuard(world.settings.home, world.settings.lock_timeout_s)
    lifted: dict[str, list[str]] = {}
    for name, keys in wanted.items():
        files = files_of(name, keys)
        with guard.tombstones():
            gone = lift_files(world, name, list(files))
        lifted[name] = [key for file, key in files.items() if key is not None and file in gone]
    return lifted


def _tell_lifted(lifted: Wanted, wanted: Wanted, *, as_json: bool) -> None:
    if as_json:
        print_json(_said([], lifted))
    for name, keys in wanted.items():
        for key in keys:
            if key not in lifted[name]:
                warn(f"{name}/{key} was not purged: there is nothing to lift")
            elif not as_json:
                OUT.print(printable(f"{name}/{key} may come back"), markup=False)
    if any(lifted.values()):
        ERR.print("the next `mmrag index` brings back what the source still has", markup=False)


def _tell(done: Sequence[tuple[Receipt, Path]], *, as_json: bool) -> None:
    if as_json:
        print_json(_said(done, {}))
    for receipt, path in done:
        if not as_json:
            OUT.print(_table(receipt))
            OUT.print(printable(f"receipt {receipt.digest}: {path}"), markup=False)
        _tell_troubles(receipt)


def _said(done: Sequence[tuple[Receipt, Path]], lifted: Wanted) -> dict[str, object]:
    return {
        "complete": all(receipt.complete for receipt, _ in done),
        "receipts": [json.loads(receipt.as_json()) for receipt, _ in done],
        "paths": [str(path) for _, path in done],
        "lifted": {name: list(keys) for name, keys in lifted.items()},
    }


def _table(receipt: Receipt) -> object:
    places = sorted({*receipt.removed, *receipt.left})
    rows = [(p, receipt.removed.get(p, 0), receipt.left.get(p, 0)) for p in places]
    number = counted(len(receipt.files), "file")
    done = "Purged" if receipt.held_anything else "Kept out, nothing was held of"
    return table(f"{done} {number} of {receipt.domain}", ("place", "removed", "left"), rows)


def _tell_troubles(receipt: Receipt) -> None:
    if not receipt.held_anything:
        told = "nothing of it was held (a key is spelled as in the source, capitals too)"
        ERR.print(f"{printable(receipt.domain)}: {told}; it will not come in", markup=False)
    if receipt.left:
        places = ", ".join(f"{name} ({count})" for name, count in receipt.left.items())
        ERR.print(
            printable(
                f"{receipt.domain}: not all is gone: {places}. Run `mmrag index --domain "
                f"{receipt.domain}`, then purge again"
            ),
            style="red",
            markup=False,
        )

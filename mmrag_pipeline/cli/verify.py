"""`mmrag verify`: does the index hold what it should; `--repair` mends it without a model."""

import uuid
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict
from typing import Annotated

import typer

from mmrag_pipeline.assembly import check_index, open_world
from mmrag_pipeline.cli.chosen import indexed_domains
from mmrag_pipeline.cli.console import ERR, OUT, print_json, printable, table, warn
from mmrag_pipeline.cli.options import AsJson, Domains, load_settings
from mmrag_pipeline.cli.served import not_served
from mmrag_pipeline.errors import MmragError
from mmrag_pipeline.ids import domains_of
from mmrag_pipeline.indexing.drifted import Looked, looked_at, mixed_told
from mmrag_pipeline.indexing.shards import todays
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.verify import Drift
from mmrag_pipeline.retrieval.serving import serving
from mmrag_pipeline.stores.run_lock import running

_SHOWN = ("desired", "held", "missing", "foreign", "changed", "unrecorded", "mixed")


def verify(
    domain: Domains = None,
    mend: Annotated[
        bool, typer.Option("--repair", help="Write what differs, from remembered vectors.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare desired, applied and held points by id and hash; exit status 1 when they differ.

    Examples:

        mmrag verify

        mmrag verify --repair --json
    """
    settings = load_settings()
    check_index(settings)
    mode = Mode(run_id=f"repair-{uuid.uuid4()}") if mend else None
    with running(settings.home) if mend else nullcontext(), open_world(settings) as world:
        names = _partitions(world, indexed_domains(settings, domain))
        looked, failed = _look(world, names, mode)
    found = [one.now for one in looked]
    repaired = {one.found.partition: dict(one.changes) for one in looked if one.changes}
    clean = not failed and all(drift.clean for drift in found)
    if as_json:
        print_json(
            {
                "clean": clean,
                "domains": [{**asdict(drift), "clean": drift.clean} for drift in found],
                "repaired": repaired,
                "failed": failed,
            }
        )
    else:
        OUT.print(_table(found))
    for drift in (one for one in found if one.held_back):
        warn(
            f"{drift.partition}: {drift.held_back}, which was compared, is held back and "
            f"{drift.serving} serves (`mmrag generations` tells why)"
        )
    absent = domains_of(drift.partition for drift in found if drift.serving is None)
    if absent:
        warn(not_served(settings, absent))
    troubles = {**{drift.partition: mixed_told(drift) for drift in found if drift.mixed}, **failed}
    _tell(repaired, troubles, waiting=not mend and not all(drift.clean for drift in found))
    if not clean:
        raise typer.Exit(1)


def _partitions(world: World, domains: list[str]) -> list[str]:
    """Return the partitions that domains should have, and the others that serve them."""
    served = serving(world.vectors, world.settings.collection_prefix, world.settings.shards)
    named = ((*todays(world, domain), *served.get(domain, ())) for domain in domains)
    return list(dict.fromkeys(name for names in named for name in names))


def _look(
    world: World, partitions: list[str], mend: Mode | None
) -> tuple[list[Looked], dict[str, str]]:
    """Return what is found of each partition, and why some could not be looked at or mended."""
    looked: list[Looked] = []
    failed: dict[str, str] = {}
    for name in partitions:
        try:
            looked.append(looked_at(world, name, mend=mend))
        except MmragError as error:
            failed[name] = str(error)
    troubles = {one.found.partition: one.trouble for one in looked if one.trouble}
    return looked, failed | {n: f"it could not be mended: {t}" for n, t in troubles.items()}


def _tell(
    repaired: Mapping[str, Mapping[str, int]], troubles: Mapping[str, str], *, waiting: bool
) -> None:
    for name, changes in repaired.items():
        done = ", ".join(f"{number:,} {what}" for what, number in changes.items())
        ERR.print(f"repaired {name}: {done}", markup=False)
    for name, message in troubles.items():
        ERR.print(printable(f"domain {name}: {message}"), style="red", markup=False)
    if waiting:
        ERR.print("`mmrag verify --repair` mends what differs, without a model", markup=False)


def _table(found: list[Drift]) -> object:
    rows = [
        (d.partition, "yes" if d.clean else "NO", *(getattr(d, n) for n in _SHOWN)) for d in found
    ]
    return table("Points that should be there and that are", ("domain", "clean", *_SHOWN), rows)

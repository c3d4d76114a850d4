"""`mmrag verify`: does the index hold what it should; `--repair` mends it without a model."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

import typer

from mmrag_pipeline.assembly import open_world
from mmrag_pipeline.cli.chosen import indexed_domains
from mmrag_pipeline.cli.console import ERR, OUT, print_json, printable, table, warn
from mmrag_pipeline.cli.options import AsJson, Domains, load_settings
from mmrag_pipeline.cli.served import not_served
from mmrag_pipeline.errors import MmragError
from mmrag_pipeline.ids import domains_of
from mmrag_pipeline.indexing.drifted import mixed_told
from mmrag_pipeline.indexing.shards import todays
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.verify import Drift, repair
from mmrag_pipeline.indexing.verify import verify as verify_partition
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
    repaired: dict[str, dict[str, int]] = {}
    with open_world(settings) as world:
        found, failed = _look(world, _partitions(world, indexed_domains(settings, domain)))
        broken = [drift.partition for drift in found if not drift.clean]
        if mend and broken:
            mode = Mode(run_id=f"repair-{uuid.uuid4()}")
            with running(settings.home):
                repaired = {name: dict(repair(world, name, mode).changes) for name in broken}
            found = [verify_partition(world, drift.partition) for drift in found]
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
    absent = domains_of(drift.partition for drift in found if drift.serving is None)
    if absent:
        warn(not_served(settings, absent))
    troubles = {**failed, **{drift.partition: mixed_told(drift) for drift in found if drift.mixed}}
    _tell(repaired, troubles, waiting=bool(broken) and not mend)
    if not clean:
        raise typer.Exit(1)


def _partitions(world: World, domains: list[str]) -> list[str]:
    """Return the partitions that domains should have, and the others that serve them."""
    served = serving(world.vectors, world.settings.collection_prefix, world.settings.shards)
    named = ((*todays(world, domain), *served.get(domain, ())) for domain in domains)
    return list(dict.fromkeys(name for names in named for name in names))


def _look(world: World, partitions: list[str]) -> tuple[list[Drift], dict[str, str]]:
    """Return what is found of each partition, and why others could not be looked at."""
    found, failed = [], {}
    for name in partitions:
        try:
            found.append(verify_partition(world, name))
        except MmragError as error:
            failed[name] = str(error)
    return found, failed


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

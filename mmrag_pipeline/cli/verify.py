"""`mmrag verify`: does the index hold what it should; `--repair` mends it without a model."""

import uuid
from dataclasses import asdict
from typing import Annotated

import typer

from mmrag_pipeline.assembly import open_world
from mmrag_pipeline.cli.chosen import indexed_domains
from mmrag_pipeline.cli.console import ERR, OUT, print_json, table
from mmrag_pipeline.cli.options import AsJson, Domains, load_settings
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.indexing.verify import Drift, repair
from mmrag_pipeline.indexing.verify import verify as verify_partition

_SHOWN = ("desired", "held", "missing", "foreign", "changed", "unrecorded")


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
    with open_world(settings) as world:
        domains = indexed_domains(settings, domain)
        found = [verify_partition(world, name) for name in domains]
        broken = [drift.partition for drift in found if not drift.clean]
        if mend:
            mode = Mode(run_id=f"repair-{uuid.uuid4()}")
            repaired = {name: dict(repair(world, name, mode).changes) for name in broken}
            found = [verify_partition(world, name) for name in domains]
    if as_json:
        print_json(
            {
                "clean": all(drift.clean for drift in found),
                "domains": [{**asdict(drift), "clean": drift.clean} for drift in found],
                "repaired": repaired if mend else {},
            }
        )
    else:
        OUT.print(_table(found))
        for name in broken if mend else ():
            ERR.print(f"repaired {name}: {repaired[name]}", markup=False)
    if not all(drift.clean for drift in found):
        raise typer.Exit(1)


def _table(found: list[Drift]) -> object:
    rows = [
        (d.partition, "yes" if d.clean else "NO", *(getattr(d, n) for n in _SHOWN)) for d in found
    ]
    return table("Points that should be there and that are", ("domain", "clean", *_SHOWN), rows)

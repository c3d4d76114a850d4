"""What everything cost as an asset without a table of its own: its metadata says all of it."""

import dagster as dg

from mmrag_pipeline.assets.declared import OWNERS, RETRY
from mmrag_pipeline.assets.materialize import Materialization, failure_of
from mmrag_pipeline.assets.metadata import Metadata
from mmrag_pipeline.cost_report import Books, Line, Report, report
from mmrag_pipeline.errors import MmragError

GROUP = "upkeep"


@dg.asset(
    name="costs",
    group_name=GROUP,
    owners=list(OWNERS),
    tags={"layer": GROUP},
    retry_policy=RETRY,
    description="Seconds and money of all that was done: by station, lost, and saved.",
)
def costs(context: dg.AssetExecutionContext, books: dg.ResourceParam[Books]) -> Materialization:
    """Put old bills together and add all of them up."""
    try:
        merged = books.ledger.compact(books.clock())
        found = report(books, by="station")
    except MmragError as error:
        raise failure_of(error) from error
    if found.trouble:
        context.log.warning(found.trouble)
    return dg.MaterializeResult(
        metadata={**costs_metadata(found), "files_merged": dg.MetadataValue.int(merged)}
    )


def costs_metadata(found: Report) -> Metadata:
    """Return totals as numbers, which Dagster plots, and a table by station."""
    total, saved, held = found.total, found.saved, found.held
    numbers = {
        **{f"seconds/{machine}": seconds for machine, seconds in total.seconds.items()},
        "lost_s": total.lost_s,
        "cost": total.money,
        "lost_cost": total.lost_money,
        "saved/memo_s": saved.memo_s,
        "saved/memo": saved.memo_money,
        "saved/spot": saved.spot_money,
        "index_gb": held.gb if held else None,
    }
    records = [dg.TableRecord(_record(line)) for line in found.lines]
    return {
        **{
            name: dg.MetadataValue.float(round(number, 6))
            for name, number in numbers.items()
            if number is not None
        },
        **({"stations": dg.MetadataValue.table(records)} if records else {}),
    }


def _record(line: Line) -> dict[str, str | float]:
    seconds = {machine: round(seconds, 3) for machine, seconds in line.seconds.items()}
    money = "" if line.money is None else round(line.money, 6)
    return {"station": line.name, **seconds, "lost_s": round(line.lost_s, 3), "money": money}


COSTS = dg.define_asset_job(
    "cost_report",  # Dagster takes no job with the name of an asset
    selection=dg.AssetSelection.groups(GROUP),
    description="Add up what everything cost.",
    tags={"job": "cost_report"},
)

"""What everything cost as an asset without a table of its own: its metadata says all of it."""

from collections.abc import Sequence

import dagster as dg

from mmrag_pipeline.assets.declared import OWNERS, RETRY
from mmrag_pipeline.assets.materialize import Materialization, failure_of
from mmrag_pipeline.assets.metadata import Metadata
from mmrag_pipeline.cost_report import Books, Line, Money, Report, report
from mmrag_pipeline.errors import MmragError

GROUP = "upkeep"


@dg.asset(
    name="costs",
    group_name=GROUP,
    owners=list(OWNERS),
    kinds={"python"},
    tags={"layer": GROUP},
    retry_policy=RETRY,
    description="Seconds and money of all that was done: by station, lost, and saved.",
)
def costs(context: dg.AssetExecutionContext, books: dg.ResourceParam[Books]) -> Materialization:
    """Put old bills together and add all of them up."""
    try:
        merged = books.ledger.compact(books.clock())
        found = report(books, by="station")
        currency = books.settings.currency or ""
    except MmragError as error:
        raise failure_of(error) from error
    if found.trouble:
        context.log.warning(found.trouble)
    return dg.MaterializeResult(
        metadata={**costs_metadata(found, currency), "files_merged": dg.MetadataValue.int(merged)}
    )


def costs_metadata(found: Report, currency: str) -> Metadata:
    """Return totals as numbers, which Dagster plots, and a table by station.

    Money in another currency than the given one has it in its name.
    """
    total, saved, held = found.total, found.saved, found.held
    numbers = {
        **{f"seconds/{machine}": seconds for machine, seconds in total.seconds.items()},
        "lost_s": total.lost_s,
        **_named("cost", total.money, currency),
        **_named("lost_cost", total.lost_money, currency),
        "saved/memo_s": saved.memo_s,
        **_named("saved/memo", saved.memo_money, currency),
        **_named("saved/spot", saved.spot_money, currency),
        "index_gb": held.gb if held else None,
    }
    currencies = [*total.money]
    records = [dg.TableRecord(_record(line, currencies)) for line in found.lines]
    return {
        **{
            name: dg.MetadataValue.float(round(number, 6))
            for name, number in numbers.items()
            if number is not None
        },
        **({"stations": dg.MetadataValue.table(records)} if records else {}),
    }


def _named(name: str, money: Money, currency: str) -> dict[str, float]:
    return {name if one == currency else f"{name}/{one}": paid for one, paid in money.items()}


def _record(line: Line, currencies: Sequence[str]) -> dict[str, str | float]:
    seconds = {machine: round(seconds, 3) for machine, seconds in line.seconds.items()}
    money = {
        f"money {one}".strip(): round(line.money[one], 6) if one in line.money else ""
        for one in currencies
    }
    return {"station": line.name, **seconds, "lost_s": round(line.lost_s, 3), **money}


COSTS = dg.define_asset_job(
    "cost_report",  # Dagster takes no job with the name of an asset
    selection=dg.AssetSelection.groups(GROUP),
    description="Add up what everything cost.",
    tags={"job": "cost_report"},
)

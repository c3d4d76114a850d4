"""`mmrag status`: what is indexed, with which models, where it lies and what is to come."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict

import typer

from mmrag_pipeline.cli.chosen import indexed_domains
from mmrag_pipeline.cli.console import (
    ERR,
    OUT,
    counted,
    print_json,
    print_title,
    printable,
    table,
    warn,
)
from mmrag_pipeline.cli.named import tell_unknown, unknown_domains
from mmrag_pipeline.cli.options import AsJson, Domains, load_settings
from mmrag_pipeline.cli.served import index_place
from mmrag_pipeline.cli.state import COUNTED, Places, State, look
from mmrag_pipeline.errors import MmragError, NotFoundError
from mmrag_pipeline.ids import Json
from mmrag_pipeline.settings import Settings

Row = Mapping[str, Json]
_UNWANTED = "of another number of shards than MMRAG_SHARDS wants; it goes when all of those serve"


def status(domain: Domains = None, as_json: AsJson = False) -> None:
    """Show what is indexed per domain, where it lies and what waits.

    Exit status 1 when a part of it could not be read; the others are shown.

    Examples:

        mmrag status

        mmrag status --json
    """
    settings = load_settings()
    unreached: MmragError | None = None
    try:
        domains = indexed_domains(settings, domain)
    except NotFoundError:
        raise
    except MmragError as error:
        domains, unreached = [], error
    state = look(settings, domains, unreached=unreached)
    everywhere = not domain and not unreached
    unknown = unknown_domains(state.settings, domains) if everywhere else {}
    if as_json:
        print_json({**_said(state), "unknown_domains": unknown})
    else:
        _print(state)
    for warning in (*state.warnings, *tell_unknown(unknown, domains)):
        warn(warning)
    for name, message in state.failed.items():
        ERR.print(printable(f"domain {name}: {message}"), style="red", markup=False)
    if state.warnings or state.failed:
        raise typer.Exit(1)


def _said(state: State) -> dict[str, object]:
    known = state.sources
    strange = None if state.strange is None else [_message(m.cause, m.at) for m in state.strange]
    return {
        **asdict(state.places),
        "sources": known
        and {
            "roots": [str(root) for root in known.roots],
            "folders": {name: str(place) for name, place in known.folders.items()},
        },
        "domains": state.partitions,
        "events": {"waiting": state.waiting, "not_understood": strange},
        "failed": state.failed,
        "warnings": [*state.warnings],
    }


def _message(cause: str, at: object) -> dict[str, object]:
    return {"cause": cause, "at": at}


def _print(state: State) -> None:
    print_title(_heading(state.places))
    for label, value in _whole(state):
        if value:
            OUT.print(printable(f"{label}: {value}"), markup=False)
    columns = ("domain", *COUNTED, "collection")
    rows = [
        (name, *(row[c] for c in COUNTED), _collection(state.settings, row))
        for name, row in state.partitions.items()
    ]
    if rows:
        OUT.print(table("", columns, rows))
    for line in (*_notes(state), *_events(state)):
        OUT.print(printable(line), markup=False)


def _heading(places: Places) -> str:
    ours = places.index.startswith(places.home)
    if ours and places.state == places.home:
        return f"State under {places.home}"
    index = "index and receipts" if ours else f"index on {places.index}, receipts"
    return f"Tables and memo in {places.state}; {index} under {places.home}"


def _whole(state: State) -> Iterator[tuple[str, str]]:
    """Yield what there is to say of all domains together."""
    if state.sources:
        mapped = (f"{name} = {place}" for name, place in state.sources.folders.items())
        yield "sources", ", ".join([*map(str, state.sources.roots), *mapped])
    yield "queue", state.places.queue or ""
    models = {_models(row) for row in state.partitions.values()} - {""}
    yield "models", models.pop() if len(models) == 1 else ""


def _models(row: Row) -> str:
    models = row["models"]
    pairs = models.items() if isinstance(models, Mapping) else ()
    return ", ".join(f"{role} {name}" for role, name in pairs)


def _collection(settings: Settings, row: Row) -> str:
    if row["served_here"] is None:
        return "could not be asked"
    without = "does not serve" if row["served_here"] else f"not {index_place(settings)}"
    return str(row["serving"] or without)


def _notes(state: State) -> Iterator[str]:
    """Yield what is to say of single domains, and only that."""
    differ = len({_models(row) for row in state.partitions.values()} - {""}) > 1
    for name, row in state.partitions.items():
        days, told = row["days_to_live"], []
        if isinstance(days, float):
            told.append(f"files leave {days:g} days after they were {state.settings.ttl_by}")
        told += [f"{row[what]} {what}" for what in ("expired", "purged") if row[what]]
        told += ["behind the tables: run `mmrag index`"] if row["behind"] else []
        told += [] if row["wanted"] else [_UNWANTED]
        told += [f"models {_models(row)}"] if differ and _models(row) else []
        held = row["held_back"]
        told += [str(held["told"])] if isinstance(held, Mapping) else []
        if told:
            yield f"{name}: {', '.join(told)}"


def _events(state: State) -> Iterator[str]:
    for name, number in (state.waiting or {}).items():
        yield f"{name}: {counted(number, 'event')} waiting for a run"
    if state.strange:
        told = counted(len(state.strange), "message")
        yield f"{told} of the queue not understood; the newest: {state.strange[0].cause}"

"""`mmrag copy-index`: the same index on a server or in another folder, without a model call."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from typing import Annotated

import typer

from mmrag_pipeline.assembly import check_index, open_world
from mmrag_pipeline.cli.chosen import indexed_domains
from mmrag_pipeline.cli.console import ERR, OUT, print_json, printable, progress, table, warn
from mmrag_pipeline.cli.options import AsJson, Domains, load_settings
from mmrag_pipeline.errors import MmragError
from mmrag_pipeline.ids import Json
from mmrag_pipeline.index_places import place_of_index, settings_at, with_index_of
from mmrag_pipeline.indexing.copy_index import Copied
from mmrag_pipeline.indexing.copy_index import copy_index as copy_partition
from mmrag_pipeline.indexing.shards import todays
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.ports import Progress
from mmrag_pipeline.settings import Settings, variable
from mmrag_pipeline.stores.run_lock import running

_SHOWN = ("collection", "points", "upserted", "payloads", "deleted", "seconds", "points_per_s")
_LEFT = (
    "The index that was copied stays as it is. Runs and purges reach the one that the settings "
    "name, not both: delete the other one when it is not needed any more."
)


@dataclass(frozen=True, slots=True)
class Copies:
    """What became of each domain."""

    done: Mapping[str, Copied]
    failed: Mapping[str, str]
    """Why a domain was not copied."""


def copy_index(
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="http(s)://HOST:PORT of a Qdrant server, or the folder of an embedded index.",
            metavar="PLACE",
            show_default=False,
        ),
    ],
    domain: Domains = None,
    as_json: AsJson = False,
) -> None:
    """Make the same index in another place, without calling a model; the one here stays as it is.

    Use it to move from the embedded index to a Qdrant server, to another server, or back. It says
    what to set once every domain is there. A copy that was interrupted goes on where it stopped;
    one that is there is brought up to date. Exit status 1 when a domain was not copied.

    Examples:

        mmrag copy-index --to http://localhost:6333

        mmrag copy-index --to https://qdrant.example.com:6333 --domain kitchen

        mmrag copy-index --to .mmrag          (from the server back to the folder)
    """
    settings = load_settings()
    target = settings_at(settings, to)
    names = indexed_domains(settings, domain)
    for one in (settings, target):
        check_index(one)
    with _running(settings, target), open_world(settings) as world:
        there = with_index_of(world, target)
        with progress(f"Copying {', '.join(names)}") as bars:
            partitions = [name for domain in names for name in todays(world, domain)]
            copies = copy_partitions(world, there, partitions, progress_of=bars)
    if as_json:
        print_json(_as_json(copies, settings, target))
    elif copies.done:
        _print(copies, place_of_index(target))
    _tell(copies, _changed(settings, target))


def copy_partitions(
    world: World,
    target: World,
    names: Sequence[str],
    *,
    progress_of: Callable[[str], Progress],
) -> Copies:
    """Copy each partition's index to the target's; one that cannot be copied stops no other."""
    done: dict[str, Copied] = {}
    failed: dict[str, str] = {}
    run_id = f"copy-{uuid.uuid4()}"
    for name in names:
        shown = replace(target, progress=progress_of(name))
        try:
            done[name] = copy_partition(world, shown, name, run_id=run_id)
        except MmragError as error:
            failed[name] = str(error)
    return Copies(done, failed)


@contextmanager
def _running(settings: Settings, target: Settings) -> Iterator[None]:
    """Keep purges out of both places meanwhile, as runs do."""
    other = target.home.resolve() != settings.home.resolve()
    with running(settings.home), running(target.home) if other else nullcontext():
        yield


def _changed(settings: Settings, target: Settings) -> dict[str, str | None]:
    """Return variable -> what to set it to from now on, None for those to take away."""
    pairs = (
        ("MMRAG_HOME", settings.home, target.home),
        ("MMRAG_STATE_ROOT", settings.state_root, target.state_root),
        ("MMRAG_QDRANT_URL", settings.qdrant_url, target.qdrant_url),
    )
    changed = {
        name: None if there is None else str(there) for name, here, there in pairs if here != there
    }
    return {**changed, **(_way(target) if target.qdrant_url else {})}


def _way(target: Settings) -> dict[str, str | None]:
    """Return the other settings that the server was reached by; of the key only the name."""
    fields = ("qdrant_grpc", "qdrant_grpc_port", "qdrant_ca")
    said = {name: getattr(target, name) for name in fields}
    named = {n: v for n, v in said.items() if v != Settings.model_fields[n].default}
    key = {"MMRAG_QDRANT_API_KEY": "..."} if target.qdrant_api_key else {}
    return {**{variable(name): str(value) for name, value in named.items()}, **key}


def _as_json(copies: Copies, settings: Settings, target: Settings) -> Json:
    domains = {name: _row(one) for name, one in copies.done.items()}
    return {
        "to": place_of_index(target),
        "domains": domains,
        "failed": dict(copies.failed),
        "settings": {} if copies.failed else _changed(settings, target),
    }


def _row(one: Copied) -> dict[str, Json]:
    return {**asdict(one), "seconds": round(one.seconds, 3), "points_per_s": one.points_per_s}


def _print(copies: Copies, place: str) -> None:
    rows = [(name, *(_row(one)[n] for n in _SHOWN)) for name, one in copies.done.items()]
    OUT.print(table(f"Copied to {place}", ("domain", *_SHOWN), rows))


def _tell(copies: Copies, changed: Mapping[str, str | None]) -> None:
    """Say what to set when all is there, or what was not copied; exit status 1 then."""
    if copies.done and not copies.failed:
        to_set = [f"{name}={text}" for name, text in changed.items() if text is not None]
        to_unset = [f"{name} unset" for name, text in changed.items() if text is None]
        told = printable(", ".join([*to_set, *to_unset]))
        ERR.print(f"To use it from now on, set: {told}. {_LEFT}", markup=False)
    elif copies.done:
        ERR.print("Not every domain is there, so go on with the index here.", markup=False)
    for name in (name for name, one in copies.done.items() if not one.serves):
        warn(f"domain {name}: its copy was rolled back there and does not serve")
    for name, why in copies.failed.items():
        line = printable(f"domain {name} was not copied: {why}")
        ERR.print(line, style="red", markup=False)
    if copies.failed:
        raise typer.Exit(1)

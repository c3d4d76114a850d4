"""Jobs on the state as a whole, which need it for themselves: upkeep of the memo, and purges."""

import re
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import dagster as dg
from pydantic import Field

from mmrag_pipeline.assets.materialize import failure_of
from mmrag_pipeline.errors import CollectionBusyError, MmragError, SettingsError
from mmrag_pipeline.indexing.purge import purge
from mmrag_pipeline.indexing.purge_request import Files, Request, files_of
from mmrag_pipeline.indexing.receipts import Receipt, ended_by
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.indexing.unended import unended
from mmrag_pipeline.indexing.upkeep import Tidied, keep_small
from mmrag_pipeline.keepers import MemoKeeper
from mmrag_pipeline.resources.environment import read_settings
from mmrag_pipeline.resources.run_processes import process_of
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.receipts import operator, read_receipts, write_receipt
from mmrag_pipeline.stores.reports import forget_reports
from mmrag_pipeline.stores.run_lock import HomeGuard

_IN_FLIGHT = (
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)
_FILE_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Upkeep:
    """The state as those see it who work on all of it."""

    world: World
    keeper: MemoKeeper


class PurgeConfig(dg.Config):
    """Which files to purge. Dagster keeps this: file ids tell nobody a name, keys do."""

    domain: str
    keys: list[str] = Field(default=[], description="Keys within the domain.")
    file_ids: list[str] = Field(default=[], description="Or ids, as tables and hits show them.")
    reason: str = Field(default="", description="Why; it stands in the receipt.")


@dataclass(frozen=True, slots=True)
class RunGuard:
    """The lock of this machine, and Dagster's word that no other machine has a run."""

    here: HomeGuard
    instance: dg.DagsterInstance
    run_id: str

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the state while no run does; raises CollectionBusyError."""
        with self.here.alone():
            if others := self._runs_elsewhere():
                raise CollectionBusyError(
                    f"a run is under way on another machine ({others[0].run_id}): try again when "
                    "it has ended"
                )
            yield

    def _runs_elsewhere(self) -> list[dg.DagsterRun]:
        """Return the runs that the locks know nothing of: of other hosts, or who knows where."""
        flying = self.instance.get_runs(dg.RunsFilter(statuses=list(_IN_FLIGHT)))
        return [run for run in flying if run.run_id != self.run_id and not _is_here(run)]


def _is_here(run: dg.DagsterRun) -> bool:
    process = process_of(run)
    return process is not None and process.is_here()


@dg.resource(description="The state of the settings, for work on all of it.")
def _opened(_context: dg.InitResourceContext) -> Generator[Upkeep, None, None]:
    from mmrag_pipeline.assembly import open_memo, open_world

    with open_world(read_settings()) as world:
        yield Upkeep(world, open_memo(world.settings))


def memo_upkeep_job(state: dg.ResourceDefinition) -> dg.JobDefinition:
    """Return the job `memo_upkeep` over this state."""

    @dg.op(name="keep_memo_small", out=dg.Out(dg.Nothing))
    def run(context: dg.OpExecutionContext, state: dg.ResourceParam[Upkeep]) -> None:
        _keep_small(context, state)

    @dg.job(
        name="memo_upkeep",
        resource_defs={"state": state},
        description="Merge the memo's small files; drop what no table has needed for long.",
    )
    def memo_upkeep() -> None:
        run()

    return memo_upkeep


def purge_job(state: dg.ResourceDefinition) -> dg.JobDefinition:
    """Return the job `purge` over this state."""

    @dg.op(name="purge_files", out=dg.Out(dg.Nothing))
    def run(
        context: dg.OpExecutionContext, config: PurgeConfig, state: dg.ResourceParam[Upkeep]
    ) -> None:
        _purge(context, config, state)

    @dg.job(
        name="purge",
        resource_defs={"state": state},
        description="Take files out of everything that was made of them, for good.",
    )
    def purge_files() -> None:
        run()

    return purge_files


MEMO_UPKEEP = memo_upkeep_job(_opened)
PURGE = purge_job(_opened)


def _guard(context: dg.OpExecutionContext, settings: Settings) -> RunGuard:
    here = HomeGuard(settings.home, settings.lock_timeout_s)
    return RunGuard(here, context.instance, context.run_id)


def _keep_small(context: dg.OpExecutionContext, state: Upkeep) -> None:
    settings = state.world.settings
    try:
        with _guard(context, settings).alone():
            kept = keep_small(state.world, state.keeper, keep_days=settings.memo_keep_days)
    except CollectionBusyError as error:
        context.log.warning(f"nothing was done: {error}")
        context.add_output_metadata({"skipped": dg.MetadataValue.text(str(error))})
        return
    except MmragError as error:
        raise failure_of(error) from error
    context.add_output_metadata(_counts(kept))


def _forget(context: dg.OpExecutionContext, settings: Settings) -> None:
    """Drop answers and reports, which may show what was purged, also where the purge stopped."""
    from mmrag_pipeline.answering import forget_answers

    forget_reports(settings.home)
    if kept := forget_answers(settings):
        context.log.warning(kept)


def _counts(kept: list[Tidied]) -> dict[str, dg.MetadataValue]:
    records = [dg.TableRecord(asdict(one)) for one in kept]
    return {
        "entries": dg.MetadataValue.int(sum(one.entries for one in kept)),
        "files_merged": dg.MetadataValue.int(sum(one.merged for one in kept)),
        "dropped": dg.MetadataValue.int(sum(one.dropped for one in kept)),
        **({"shelves": dg.MetadataValue.table(records)} if records else {}),
    }


def _purge(context: dg.OpExecutionContext, config: PurgeConfig, state: Upkeep) -> None:
    world = state.world
    try:
        request = _request(context, config, world)
        guard = _guard(context, world.settings)
        try:
            done = [
                (one, _written(one, request, world.settings))
                for one in purge(world, state.keeper, request, guard=guard)
            ]
        finally:
            _forget(context, world.settings)
    except MmragError as error:
        raise failure_of(error) from error
    told = {**_told([one for one, _ in done]), "receipt": _paths([path for _, path in done])}
    if not all(one.complete for one, _ in done):
        raise dg.Failure(
            "not all is gone: index the domain, then run this again (the files stay out)",
            metadata=told,
            allow_retries=False,
        )
    context.add_output_metadata(told)


def _request(context: dg.OpExecutionContext, config: PurgeConfig, world: World) -> Request:
    wrong = [one for one in config.file_ids if not _FILE_ID.fullmatch(one)]
    if wrong or not (config.file_ids or config.keys):
        raise SettingsError(
            f"{wrong[0]!r:.100} is no file id: give 32 hexadecimal digits"
            if wrong
            else "no file was named: give keys or file_ids"
        )
    asked: dict[str, Files] = {
        config.domain: {
            **dict.fromkeys(config.file_ids),
            **files_of(config.domain, config.keys),
        }
    }
    receipts = read_receipts(world.settings.home)
    also = unended(world.tables, asked, ended_by(text for _, text in receipts))
    for domain in also.unread:
        context.log.warning(f"whether {domain} has files of a purge that did not end is unknown")
    return Request(
        files=asked,
        along=also.files,
        reason=config.reason,
        by=operator(),
        at=also.since or world.clock(),
        tool=f"mmrag_pipeline {version('mmrag_pipeline')}",
    )


def _written(receipt: Receipt, request: Request, settings: Settings) -> Path:
    text, digest = receipt.as_json(), receipt.digest
    return write_receipt(settings.home, text, moment=request.moment, digest=digest)


def _paths(paths: list[Path]) -> dg.MetadataValue:
    """Return where receipts lie; one per domain of a purge that is completed."""
    return dg.MetadataValue.path(", ".join(map(str, paths)))


def _told(receipts: list[Receipt]) -> dict[str, dg.MetadataValue]:
    """Return the receipts without names: the event log outlives the files."""
    removed: Counter[str] = Counter()
    left: Counter[str] = Counter()
    for receipt in receipts:
        removed.update(receipt.removed)
        left.update(receipt.left)
    return {
        "complete": dg.MetadataValue.bool(all(one.complete for one in receipts)),
        "files": dg.MetadataValue.int(sum(len(one.files) for one in receipts)),
        "removed": dg.MetadataValue.json(dict(removed)),
        "left": dg.MetadataValue.json(dict(left)),
        "unread": dg.MetadataValue.json(sorted({p for one in receipts for p in one.unread})),
        "copies": dg.MetadataValue.int(
            sum(len(keys) for one in receipts for keys in one.copies.values())
        ),
        "digest": dg.MetadataValue.text(", ".join(one.digest for one in receipts)),
    }

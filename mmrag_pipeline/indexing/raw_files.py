"""raw_files: what the source holds now, with content digests; unchanged files are not read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from operator import attrgetter

import polars as pl

from mmrag_pipeline.ids import domain_of, file_id, file_ids, keys_in
from mmrag_pipeline.indexing.contents import FROM_BYTES, read_contents
from mmrag_pipeline.indexing.failures import NOT_HAD, failure_table, open_retries
from mmrag_pipeline.indexing.inherited import held_rows
from mmrag_pipeline.indexing.lifetime import alive, expire
from mmrag_pipeline.indexing.shards import check_todays
from mmrag_pipeline.indexing.station import Job, Made, Recipe, Station, World, alone
from mmrag_pipeline.indexing.tombstones import without_purged
from mmrag_pipeline.records import Pending
from mmrag_pipeline.schemas import RAW_FILES
from mmrag_pipeline.settings import Settings

BY_RULES = ("visibility", "category")
"""Columns that rules of the settings decide, and payloads have."""
_FEW = 1_000
"""Files that are looked up one by one; of more than this and a thousandth of a partition a
listing tells sooner."""
_WAITING = timedelta(days=1)
"""After it the nightly reconcile has tried as well."""
_REVISION = 1
"""Raise it when the same bytes get another media type: every file is then read again."""
_REFUSED = ("too_large", "outside_root", "link", "not_a_file")
"""Reasons that withdraw a file's old content; any other failure keeps it for now."""
_LISTING = pl.Schema(
    {name: RAW_FILES[name] for name in ("key", "uri", "size_bytes", "etag", "modified_at")}
    | {"problem": pl.String()}
)


def recipe(world: World) -> Recipe:
    """Return the settings that decide raw_files."""
    settings = world.settings
    rules = [[glob, list(groups)] for glob, groups in settings.visibility_rules.items()]
    ttl = [dict(settings.ttl_days), settings.ttl_by]
    groups = _groups_of(settings, world.domain)
    named = [[glob, category] for glob, category in settings.category_rules.items()]
    return Recipe([settings.max_file_bytes, list(groups), rules, ttl, named])


STATION = Station("raw_files", (), recipe, stateful=True)


@dataclass(frozen=True, slots=True)
class _Scope:
    """The part of a partition that a run looks at; the rest stays as it is."""

    listing: pl.DataFrame
    last: pl.DataFrame
    """The rows of before that belong to the part."""
    kept: pl.DataFrame
    """All other rows of before."""


def make(world: World, job: Job) -> Made:
    """List the partition, read what changed, keep the last content of what cannot be read now.

    A run for events looks only at the files they name and at those to be tried again, as long
    as the table beside it was made by the same recipe. Raises ListingError when a listing
    fails; then nothing is written and no event is forgotten. Raises SettingsError for a partition
    that the settings do not have.
    """
    check_todays(world, job.partition)
    last, same_recipe = _last(world, job)
    news = world.inbox.pending(job.partition)  # before looking: what comes later is seen later
    keys = _asked(world, job, last, news) if same_recipe else None
    scope = _scope(world, job.partition, last, keys)
    living = alive(world, job.partition, scope.listing, last=scope.last)
    fresh = changed(living, scope.last)
    contents, failures = read_contents(world, job.partition, fresh)
    refused = [failure.item for failure in failures if failure.reason in _REFUSED]
    before = scope.last.filter(~pl.col("file_id").is_in(refused))
    rows = _with_content(scope.listing, fresh, contents, before)
    table = _table(world, job.partition, rows=_dated(rows, now=world.clock()), kept=scope.kept)
    others = job.failures.join(scope.kept, left_on="item", right_on="file_id", how="semi")
    failed = failure_table(failures, others, job.failures)
    return Made(
        table=table,
        failures=failed,
        computed=fresh.height,
        reused=table.height - fresh.height,
        changes=_changes(last, table),
        committed=lambda: _settle(world, job.partition, news, failed),
    )


def _last(world: World, job: Job) -> tuple[pl.DataFrame, bool]:
    """Return the rows of before, and whether today's recipe made them.

    Raises CorruptStateError: a table that cannot be read must not look like none, for it alone
    knows what the index holds of files that cannot be read now, and since when.
    """
    rows = held_rows(world.tables, "raw_files", job.partition)
    return rows, job.replaces is not None and job.replaces.recipe == job.recipe.digest


def _asked(world: World, job: Job, last: pl.DataFrame, news: Pending) -> list[str] | None:
    """Return the keys that a run for events looks at; None for all of the partition."""
    if not job.mode.events or news.damaged:
        return None
    again = open_retries(job.failures, world.settings.transient_attempts)
    retried = last.join(again, left_on="file_id", right_on="item", how="semi")["key"]
    # of an unread file another run knew why, and its word was overwritten
    unread = last.filter(pl.col("etag") == "")
    untold = unread.join(job.failures, left_on="file_id", right_on="item", how="anti")["key"]
    keys = sorted({event.key for event in news.events}.union(retried, untold))
    return keys if len(keys) <= max(_FEW, last.height // _FEW) else None


def _settle(world: World, partition: str, news: Pending, failed: pl.DataFrame) -> None:
    """Forget absorbed events, but for a day none while a file they name cannot be read."""
    unread = set(failed.filter(pl.col("reason").is_in(NOT_HAD))["item"])
    since, domain = world.clock() - _WAITING, domain_of(partition)
    waits = any(
        event.happened_at > since and file_id(domain, event.key) in unread for event in news.events
    )
    if news.tokens and not waits:
        world.inbox.forget(partition, news.tokens)


def _scope(world: World, partition: str, last: pl.DataFrame, keys: Sequence[str] | None) -> _Scope:
    if keys is None:
        return _Scope(list_objects(world, partition, last=last), last, last.clear())
    asked = pl.col("key").is_in(keys)
    listing = list_objects(world, partition, keys, last=last)
    kept = without_purged(world, partition, last.filter(~asked))
    return _Scope(listing, last.filter(asked), kept)


def list_objects(
    world: World,
    partition: str,
    keys: Sequence[str] | None = None,
    *,
    last: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return the partition's listing (of some keys) as a frame, sorted by key.

    `last` are the rows of raw_files, where there are any. Files that were purged are left out.
    """
    held_at = "" if last is None or last.is_empty() else str(last["uri"][0])
    listed = world.source.list(domain_of(partition), keys, held_at=held_at)
    columns = {name: list(map(attrgetter(name), listed)) for name in _LISTING}
    etag = pl.format("{}:{}", pl.lit(str(_REVISION)), "etag").alias("etag")
    frame = pl.DataFrame(columns, schema=_LISTING).with_columns(etag).sort("key")
    mine = frame.filter(keys_in(partition, frame["key"]))
    return without_purged(world, partition, mine)


def changed(listing: pl.DataFrame, last: pl.DataFrame) -> pl.DataFrame:
    """Return the listed objects whose size or etag is not that of the last good reading."""
    known = last.filter(pl.col("digest").is_not_null())
    same = listing.join(known, on=["key", "size_bytes", "etag"], how="semi")
    return listing.join(same.filter(pl.col("problem") == ""), on="key", how="anti")


def _with_content(
    listing: pl.DataFrame, fresh: pl.DataFrame, contents: pl.DataFrame, last: pl.DataFrame
) -> pl.DataFrame:
    """Give each listed object its content: read now, as before, or the last good one."""
    unread = fresh.join(contents, on="key", how="anti").select("key")
    old = [pl.col(name).alias(f"old_{name}") for name in FROM_BYTES]
    before = last.select("key", "indexed_at", *old)
    read = pl.col("digest").is_not_null()
    content = [pl.when(read).then(name).otherwise(f"old_{name}").alias(name) for name in FROM_BYTES]
    return (
        listing.join(contents, on="key", how="left")
        .join(before, on="key", how="left")
        .join(unread.with_columns(unread=True), on="key", how="left")
        .with_columns(
            *content,
            pl.when(pl.col("unread")).then(pl.lit("")).otherwise("etag").alias("etag"),
        )
    )


def _dated(rows: pl.DataFrame, *, now: datetime) -> pl.DataFrame:
    """Date each content by when it was first read."""
    same = pl.col("digest").eq_missing(pl.col("old_digest"))
    stamp = pl.lit(now).cast(RAW_FILES["indexed_at"])
    read = pl.when(pl.col("digest").is_not_null()).then(stamp)
    return rows.with_columns(indexed_at=pl.when(same).then("indexed_at").otherwise(read))


def _table(world: World, partition: str, *, rows: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """Return RAW_FILES rows, sorted by key.

    What rules say of a file is settled anew for `rows`; the others are kept only under the same.
    """
    domain = domain_of(partition)
    named = rows.with_columns(
        file_ids(domain, rows["key"].to_list()), *by_rules(world.settings, domain, rows["key"])
    )
    columns = [name for name in RAW_FILES if name != "expired"]
    files = pl.concat([named.select(columns), kept.select(columns)]).sort("key")
    return expire(world, partition, files).select(RAW_FILES.names())


def by_rules(settings: Settings, domain: str, keys: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return `visibility` and `category` of each key, by the first rule that it matches."""
    paths = [f"{domain}/{key}" for key in keys]
    groups = [*settings.visibility_rules.values(), _groups_of(settings, domain)]
    shown = pl.Series("visibility", list(map(list, groups)), dtype=RAW_FILES["visibility"])
    named = pl.Series("category", [*settings.category_rules.values(), None], dtype=pl.String)
    category = named.gather(_first(settings.category_rules, paths))
    folder = keys.str.extract("^([^/]*)/").fill_null("")
    return (
        shown.gather(_first(settings.visibility_rules, paths)),
        category.zip_with(category.is_not_null(), folder),
    )


def _first(globs: Iterable[str], paths: Sequence[str]) -> list[int]:
    """Return the place of the first glob that each path matches, that after the last for none."""
    numbered = list(enumerate(globs))
    return [next((n for n, g in numbered if fnmatchcase(p, g)), len(numbered)) for p in paths]


def _groups_of(settings: Settings, domain: str) -> tuple[str, ...]:
    """Return who sees the files of a domain that no rule names."""
    return (domain,) if domain in settings.private_domains else settings.default_visibility


def _changes(last: pl.DataFrame, table: pl.DataFrame) -> dict[str, int]:
    """Return counts of files; `expired` are those out of time since now, even when they are new."""
    over, was_over = pl.col("expired"), pl.col("expired_right")
    both = table.join(last, on="key", how="inner")
    stayed = both.filter(~over & ~was_over)
    edited = pl.col("digest").ne_missing(pl.col("digest_right"))
    shown = pl.col("visibility").ne_missing(pl.col("visibility_right"))
    return {
        "added": table.join(last, on="key", how="anti").filter(~over).height,
        "edited": stayed.filter(edited).height,
        "visibility": stayed.filter(shown).height,
        "deleted": last.join(table, on="key", how="anti").filter(~over).height,
        "expired": table.filter(over).height - both.filter(over & was_over).height,
        "returned": both.filter(~over & was_over).height,
    }


STEP = alone(STATION, make)

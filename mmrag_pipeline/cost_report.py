"""What was spent, on what, and what it would have been without memo, spot, quantization and TTL."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

import polars as pl

from mmrag_pipeline.cost_records import MACHINES
from mmrag_pipeline.errors import MmragError
from mmrag_pipeline.ids import collection_name, domain_of
from mmrag_pipeline.indexing.plan import MODEL_STATIONS
from mmrag_pipeline.keepers import TableCatalog
from mmrag_pipeline.ports import VectorStore
from mmrag_pipeline.records import Layout
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.cost_ledger import BlobLedger
from mmrag_pipeline.stores.sizing import size
from mmrag_pipeline.stores.tuning import Tuning, tuning_of

By = Literal["domain", "station", "run"]
EVERYWHERE = "all domains"
"""Where what belongs to no domain stands, as answers of an evaluation."""
_GB = 10**9
_PER_FILES = 1_000
_HOUR_S = 3_600
_LEAST_CALLS = 20
"""Fewer calls of a try say more about loading a model than about using it."""
_SUMS = (
    "seconds",
    "lost_s",
    "unpriced_s",
    "money",
    "lost_money",
    "spot_money",
    "on_demand_money",
    "steady_s",
    "steady_money",
    "steady_calls",
    "computed",
    "reused",
)
Money = Mapping[str, float]
"""Currency -> amount, never added to another; empty where nothing had a rate. Without a name the
currency is the empty text."""
_KEYS = {"image": "image_key", "text": "text_key", "image_text": "image_text_key"}
"""Named vector -> the column of points that says whether a point has it."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Books:
    """Where costs are read."""

    settings: Settings
    ledger: BlobLedger
    tables: TableCatalog
    vectors: VectorStore
    clock: Callable[[], datetime] = _now


@dataclass(frozen=True, slots=True)
class Line:
    """What one domain, station or run took."""

    name: str
    seconds: Mapping[str, float]
    """By kind of machine."""
    lost_s: float
    money: Money
    lost_money: Money
    unpriced_s: float
    """Seconds whose machine had no rate: not part of the money."""
    files: int | None = None
    """In the index now; of domains only, over all time."""

    @property
    def per_1000_files(self) -> Money:
        """Return the money of a thousand files, none where a part of it is not known."""
        if self.unpriced_s or not self.files:
            return {}
        return {name: paid / self.files * _PER_FILES for name, paid in self.money.items()}


@dataclass(frozen=True, slots=True)
class Held:
    """Memory of the index in 10^9 bytes, as it is kept and as it would be."""

    gb: float = 0.0
    unquantized_gb: float = 0.0
    expired_gb: float = 0.0
    """What files would take whose time is over."""

    @property
    def quantized_away_gb(self) -> float:
        """Return what quantization saves; negative where whole vectors stay in memory as well."""
        return self.unquantized_gb - self.gb


@dataclass(frozen=True, slots=True)
class Saved:
    """What was not spent, thanks to what."""

    reused_calls: int
    memo_s: float
    memo_money: Money
    spot_money: Money


@dataclass(frozen=True, slots=True)
class Report:
    """All of it; `held` is None where the index could not be asked, `trouble` says why."""

    lines: Sequence[Line]
    total: Line
    saved: Saved
    held: Held | None
    trouble: str = ""


def open_books(settings: Settings) -> Books:
    """Return the books of these settings; nothing connects yet."""
    from mmrag_pipeline.assembly import open_costs, open_tables, open_vectors

    return Books(settings, open_costs(settings), open_tables(settings), open_vectors(settings))


def report(books: Books, *, by: By, since: datetime | None = None) -> Report:
    """Return what was spent since then; raises CorruptStateError and StateUnavailableError."""
    spent = _summed(books.ledger.spent(since), by, books.settings.currency or "")
    files = _files(books.tables) if by == "domain" and since is None else {}
    names = spent["name"].unique().sort()
    lines = [_line(name, spent.filter(pl.col("name") == name), files.get(name)) for name in names]
    held, trouble = None, ""
    try:
        held = held_now(books)
    except MmragError as error:
        trouble = f"what the index holds is not known: {error}"
    whole = sum(files.values()) if files else None
    return Report(lines, _line("total", spent, whole), _saved(spent), held, trouble)


def _summed(frames: Iterable[pl.DataFrame], by: By, currency: str) -> pl.DataFrame:
    """Return sums by (name, station, machine, currency, priced): as many rows as there are, not
    as were written. Rows that name no currency are of the given one.
    """
    keys = ["name", "station", "machine", "currency", "priced"]
    named = (frame.with_columns(pl.col("currency").fill_null(currency)) for frame in frames)
    months = [_priced(frame, by).group_by(keys).agg(pl.col(_SUMS).sum()) for frame in named]
    return pl.concat(months).group_by(keys).agg(pl.col(_SUMS).sum()).sort(keys)


def _priced(frame: pl.DataFrame, by: By) -> pl.DataFrame:
    spot = pl.col("machine") == "gpu-spot"
    name = {
        "domain": pl.col("partition").map_elements(_domain, return_dtype=pl.String),
        "station": pl.col("station"),
        "run": pl.col("run_id"),
    }[by]
    hourly, on_demand = pl.col("hourly"), pl.col("on_demand")
    kept_s = pl.col("seconds") - pl.col("lost_s")
    steady = pl.when(pl.col("computed") >= _LEAST_CALLS)
    return frame.with_columns(
        name=name,
        priced=pl.col("money").is_not_null(),
        steady_s=steady.then(kept_s),
        steady_money=steady.then(kept_s * hourly / _HOUR_S),
        steady_calls=steady.then("computed"),
        unpriced_s=pl.when(hourly.is_null()).then("seconds").otherwise(0.0),
        lost_money=pl.col("lost_s") * hourly / _HOUR_S,
        spot_money=pl.when(spot & on_demand.is_not_null()).then("money").otherwise(None),
        on_demand_money=pl.when(spot & hourly.is_not_null())
        .then(kept_s * on_demand / _HOUR_S)
        .otherwise(None),
    )


def _domain(partition: str) -> str:
    return domain_of(partition) if partition else EVERYWHERE


def _line(name: str, spent: pl.DataFrame, files: int | None) -> Line:
    seconds = dict(spent.group_by("machine").agg(pl.col("seconds").sum()).iter_rows())
    return Line(
        name=name,
        seconds={machine: float(seconds.get(machine, 0.0)) for machine in MACHINES},
        lost_s=float(spent["lost_s"].sum()),
        money=_money(spent, "money"),
        lost_money=_money(spent, "lost_money"),
        unpriced_s=float(spent["unpriced_s"].sum()),
        files=files,
    )


def _money(spent: pl.DataFrame, column: str) -> Money:
    """Return a column's sum in each currency that anything was paid in."""
    paid = spent.filter("priced").group_by("currency").agg(pl.col(column).sum())
    return {name: float(amount) for name, amount in paid.sort("currency").iter_rows()}


def _saved(spent: pl.DataFrame) -> Saved:
    """Return what calls that were not made would have taken, each as those of its station did."""
    models = spent.filter(pl.col("station").is_in(MODEL_STATIONS))
    each = _reused(models, ["station"])
    paid = _reused(models.filter("priced"), ["station", "currency", "priced"])
    saved = _money(paid, "saved_money")
    spot, on_demand = _money(spent, "spot_money"), _money(spent, "on_demand_money")
    return Saved(
        reused_calls=int(each["reused"].sum()),
        memo_s=float(each["saved_s"].sum()),
        memo_money={name: money for name, money in saved.items() if money > 0},
        spot_money={name: there - spot[name] for name, there in on_demand.items() if there},
    )


def _reused(models: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Return (reused, saved_s, saved_money): by long tries' calls, by all where none was long."""
    steady, calls = pl.col("steady_calls"), pl.col("computed")

    def saved(long: str, whole: str, lost: str) -> pl.Expr:
        mean = pl.when(steady > 0).then(pl.col(long) / steady)
        return pl.col("reused") * mean.otherwise((pl.col(whole) - pl.col(lost)) / calls)

    return (
        models.group_by(keys)
        .agg(pl.col(_SUMS).sum())
        .filter(calls > 0)
        .with_columns(
            saved_s=saved("steady_s", "seconds", "lost_s"),
            saved_money=saved("steady_money", "money", "lost_money"),
        )
    )


def _files(tables: TableCatalog) -> dict[str, int]:
    """Return domain -> files, over its shards."""
    found: dict[str, int] = {}
    for partition in tables.partitions("raw_files"):
        lineage = tables.lineage("raw_files", partition)
        domain = domain_of(partition)
        found[domain] = found.get(domain, 0) + (lineage.rows if lineage else 0)
    return found


def held_now(books: Books) -> Held:
    """Return what the collections that serve take; raises MmragError where nobody can say."""
    layouts, aliases = books.vectors.layouts(), books.vectors.aliases()
    held = Held()
    for partition in books.tables.partitions("points"):
        alias = collection_name(books.settings.collection_prefix, partition)
        layout = layouts.get(aliases.get(alias, alias))
        if layout is not None:
            more = _held(books, partition, layout)
            held = Held(
                held.gb + more.gb,
                held.unquantized_gb + more.unquantized_gb,
                held.expired_gb + more.expired_gb,
            )
    return held


def _held(books: Books, partition: str, layout: Layout) -> Held:
    tuning = tuning_of(books.settings)
    counts = _vectors(books.tables, partition)
    gb = _memory_gb(layout, counts, tuning)
    memory = "cached" if tuning.vectors_memory == "cold" else tuning.vectors_memory
    plain = replace(tuning, quantization="none", vectors_memory=memory)
    live, expired = _lives(books.tables, partition)
    return Held(gb, _memory_gb(layout, counts, plain), gb / live * expired if live else 0.0)


def _memory_gb(layout: Layout, counts: Mapping[str, int], tuning: Tuning) -> float:
    spaces = [space for space in layout.spaces if space.signal in counts]
    sizes = [
        size(counts[one.signal], one.dimension, datatype=layout.datatype, tuning=tuning)
        for one in spaces
    ]
    return sum(one.memory(tuning) for one in sizes) / _GB


def _vectors(tables: TableCatalog, partition: str) -> dict[str, int]:
    counts = dict.fromkeys(_KEYS, 0)
    for rows in tables.batches("points", partition, [*_KEYS.values()]) or ():
        for name, key in _KEYS.items():
            counts[name] += rows[key].len() - rows[key].null_count()
    return counts


def _lives(tables: TableCatalog, partition: str) -> tuple[int, int]:
    """Return how many files are in the index, and how many are not because their time is over."""
    live = expired = 0
    for rows in tables.batches("raw_files", partition, ["digest", "expired"]) or ():
        over = rows["expired"].fill_null(False)
        expired += int(over.sum())
        live += int((rows["digest"].is_not_null() & ~over).sum())
    return live, expired

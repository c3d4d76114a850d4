"""Labels that no ranking can meet: slips of the pen look like a bad index."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass

from mmrag_pipeline.evaluation.qrels import LabelledQuery, labels_of
from mmrag_pipeline.ids import domain_of
from mmrag_pipeline.keepers import TableCatalog

_NAMED = 5
"""How many names a sentence lists."""


@dataclass(frozen=True, slots=True)
class Unmet:
    """What of the labels counts as not found whatever a ranking does."""

    absent: tuple[str, ...] = ()
    """Entries that no indexed file has."""
    not_asked: tuple[str, ...] = ()
    """Entries whose files lie only in domains that were not asked."""
    domains: tuple[str, ...] = ()
    """The domains of these."""

    @property
    def told(self) -> tuple[str, ...]:
        """Return a sentence for each kind of label that cannot be met."""
        found = []
        if self.absent:
            keys = _counted(len(self.absent), "relevant key")
            found.append(f"{keys} not in the index, counted as not found: {some(self.absent)}")
        if self.not_asked:
            keys = _counted(len(self.not_asked), "relevant key")
            found.append(
                f"{keys} only in domains that were not asked ({some(self.domains)}), counted as "
                f"not found: {some(self.not_asked)}; a private domain is asked where it is named"
            )
        return tuple(found)

    def as_json(self) -> dict[str, object]:
        """Return `{"absent": [KEY], "not_asked": [KEY], "domains": [DOMAIN]}`."""
        return asdict(self)


def unmet(queries: Sequence[LabelledQuery], tables: TableCatalog, asked: Collection[str]) -> Unmet:
    """Return what these labels name that no ranking of the asked domains can hold."""
    wanted = {entry for query in queries for entry in query.relevant}
    where: dict[str, set[str]] = {entry: set() for entry in wanted}
    for partition in tables.partitions("raw_files"):
        for entry in wanted & labels_of(tables, partition):
            where[entry].add(domain_of(partition))
    hidden = {entry: own for entry, own in where.items() if own and own.isdisjoint(asked)}
    return Unmet(
        absent=_sorted(entry for entry, own in where.items() if not own),
        not_asked=_sorted(hidden),
        domains=_sorted({domain for own in hidden.values() for domain in own}),
    )


def some(names: Sequence[str]) -> str:
    """Return the first names in a row."""
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"

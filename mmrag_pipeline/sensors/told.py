"""What telemetry is told of domains that wait for a run."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from mmrag_pipeline.ids import domain_of
from mmrag_pipeline.metrics import PENDING_EVENTS, QUEUE_AGE_SECONDS, STALE_PARTITIONS
from mmrag_pipeline.stores.inbox import put_at
from mmrag_pipeline.telemetry import Telemetry


def tell_waiting(
    telemetry: Telemetry,
    held: Mapping[str, Sequence[str]],
    known: Collection[str],
    *,
    now_s: float,
) -> None:
    """Tell how many entries wait in the inbox (partition -> tokens), and since when."""
    entries, oldest_s = Counter[str](), dict[str, float]()
    for name, tokens in held.items():
        domain, since_s = domain_of(name), min(map(put_at, tokens), default=now_s)
        entries[domain] += len(tokens)
        oldest_s[domain] = min(since_s, oldest_s.get(domain, now_s))
    for domain in sorted({*map(domain_of, known), *entries}):
        telemetry.record(PENDING_EVENTS, entries[domain], domain)
        telemetry.record(QUEUE_AGE_SECONDS, now_s - oldest_s.get(domain, now_s), domain)


def tell_stale(telemetry: Telemetry, pending: Collection[str], known: Collection[str]) -> None:
    """Tell how many partitions of each domain a run would change."""
    stale = Counter(map(domain_of, pending))
    for domain in sorted({*map(domain_of, known), *stale}):
        telemetry.record(STALE_PARTITIONS, stale[domain], domain)

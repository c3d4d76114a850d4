"""From the domains that people name to the partitions behind them."""

from collections.abc import Iterable, Mapping, Sequence

from mmrag_pipeline.assembly import open_blobs, open_tables
from mmrag_pipeline.ids import domain_of, domains_of, partitions_of
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.kept import known_shards, with_kept_settings


def wanted_partitions(settings: Settings, domains: Iterable[str]) -> list[str]:
    """Return the partitions of domains by their numbers of shards, as named or kept.

    Raises CorruptStateError and StateUnavailableError.
    """
    shards = with_kept_settings(settings, open_blobs(settings)).shards
    return [name for domain in domains for name in partitions_of(domain, shards)]


def tabled_partitions(settings: Settings, domains: Sequence[str]) -> list[str]:
    """Return the partitions of domains that have tables, domain by domain, the wanted ones first.

    While a domain is being split those are more than it will have.
    """
    tabled = open_tables(settings).partitions("raw_files")
    shards = known_shards(settings, open_blobs(settings))
    found: list[str] = []
    for domain in domains:
        wanted = [name for name in partitions_of(domain, shards) if name in tabled]
        others = [name for name in tabled if domain_of(name) == domain and name not in wanted]
        found += [*wanted, *others]
    return found


def tabled_domains(settings: Settings) -> list[str]:
    """Return the domains that are indexed, sorted."""
    return domains_of(open_tables(settings).partitions("raw_files"))


def by_domain(told: Mapping[str, str]) -> dict[str, str]:
    """Return domain -> what there is to say of it, given what is said of partitions."""
    found: dict[str, list[str]] = {}
    for name, text in told.items():
        domain = domain_of(name)
        found.setdefault(domain, []).append(text if name == domain else f"{name}: {text}")
    return {domain: "; ".join(texts) for domain, texts in found.items()}

"""Domains that settings name and nobody knows: a slip of the pen would have no effect, silently."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches

from mmrag_pipeline.settings import Settings


def unknown_domains(settings: Settings, known: Collection[str]) -> dict[str, list[str]]:
    """Return variable -> the domains that it names and that are not indexed, if any."""
    named = {
        "MMRAG_TTL_DAYS": [*settings.ttl_days],
        "MMRAG_REINDEX_CRONS": [*settings.reindex_crons],
        "MMRAG_SHARDS": [*settings.shards],
        "MMRAG_PRIVATE_DOMAINS": [*settings.private_domains],
        "MMRAG_REDACT": [*settings.redact],
    }
    unknown = {name: sorted({*domains} - {"*", *known}) for name, domains in named.items()}
    return {name: domains for name, domains in unknown.items() if domains}


def tell_unknown(unknown: Mapping[str, list[str]], known: Collection[str]) -> list[str]:
    """Return a line per variable that names unknown domains, with the known ones that are meant."""
    return [
        f"{name} names {', '.join(_meant(domain, known) for domain in domains)}: no such domain is "
        f"indexed, so that this has no effect (yet)"
        for name, domains in unknown.items()
    ]


def _meant(domain: str, known: Collection[str]) -> str:
    near = get_close_matches(domain, known, n=1)
    return f"{domain!r} (did you mean {near[0]!r}?)" if near else repr(domain)

"""Which domains this machine can search: others may have filled the tables that it shares."""

from collections.abc import Sequence

from mmrag_pipeline.assembly import open_blobs, open_vectors
from mmrag_pipeline.cli.chosen import ChosenDomains, asked_among
from mmrag_pipeline.cli.console import in_a_row
from mmrag_pipeline.cli.partitions import tabled_domains
from mmrag_pipeline.errors import MmragError, NotFoundError
from mmrag_pipeline.ports import Served
from mmrag_pipeline.retrieval.serving import serving
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.kept import known_shards


def served_domains(settings: Settings, *, store: Served | None = None) -> dict[str, dict[str, str]]:
    """Return domain -> partition -> the collection that serves it here, sorted by domain.

    `store` is the settings' own where somebody has it open already.
    """
    shards = known_shards(settings, open_blobs(settings))
    return serving(store or open_vectors(settings), settings.collection_prefix, shards)


def searchable_domains(
    settings: Settings, names: list[str] | None, *, store: Served | None = None
) -> ChosenDomains:
    """Return the asked domains that can be searched here; without names all of them.

    `warning` tells of those that have tables and no collection here, `trouble` why nobody knows
    which have. Raises NotFoundError when one without a collection is named, and when no domain
    can be searched.
    """
    served = list(served_domains(settings, store=store))
    if names and set(names) <= set(served):
        return ChosenDomains(list(dict.fromkeys(names)))
    try:
        tabled = tabled_domains(settings)
    except MmragError as error:  # no way there, or nobody to go as
        if names or not served:
            raise
        return ChosenDomains(served, f"only what is indexed here was looked at: {error}")
    chosen = asked_among(settings, sorted({*served, *tabled}), names)
    absent = [name for name in chosen if name not in served]
    if absent and (names or not served):
        raise NotFoundError(not_served(settings, absent))
    return (
        ChosenDomains(served, warning=not_served(settings, absent))
        if absent
        else ChosenDomains(chosen)
    )


def not_served(settings: Settings, domains: Sequence[str]) -> str:
    """Return what to say of domains that have tables and no collection here."""
    return (
        f"{in_a_row(domains)}: the tables are there, but there is no index "
        f"{index_place(settings)} yet: `mmrag index` builds it, or `mmrag verify --repair` where "
        "the sources are not known; what is remembered is not computed again"
    )


def index_place(settings: Settings) -> str:
    """Return where collections lie, in words."""
    return "on this machine" if settings.qdrant_url is None else "on the Qdrant server"

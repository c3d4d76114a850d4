"""`mmrag index`: runs the Dagster job in process, so that the UI shows the run."""

import time
from dataclasses import replace

import typer

from mmrag_pipeline.assembly import check_index, open_blobs, open_tables
from mmrag_pipeline.cli.chosen import asked_domains, asked_sources, orphaned_domains
from mmrag_pipeline.cli.console import ERR, OUT, counted, print_json, printable, progress, warn
from mmrag_pipeline.cli.named import tell_unknown, unknown_domains
from mmrag_pipeline.cli.options import AsJson, Domain, SourcePlace, given_place, load_settings
from mmrag_pipeline.cli.partitions import tabled_domains, wanted_partitions
from mmrag_pipeline.cli.rates import learn_rates
from mmrag_pipeline.cli.summary import Summary, summarize, summary_json, summary_table
from mmrag_pipeline.evaluation.decided import decided
from mmrag_pipeline.indexing.lifetime import days_of
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.kept import keep_settings, with_kept_settings
from mmrag_pipeline.stores.sources import add_sources

_TRIAL = (
    "The shipped image-text model knows drawings and documents, not photographs: it is for trying "
    "out. With a model hub in reach: MMRAG_IMAGE_MODEL=ViT-B-32/laion2b_s34b_b79k"
)
_ORPHAN = (
    "domain {name} is indexed, but no source has its folder any more: its points stay. Put the "
    "folder back, or empty the domain with `mmrag index --source EMPTY_FOLDER --domain {name}`"
)

_FORGOT = (
    "cached answers and the reports of MMRAG_HOME that were made before MMRAG_REDACT were dropped; "
    "pages written elsewhere with `mmrag evaluate --report PATH` are yours to delete"
)
_CHANGES = {
    "visibility": "seen by other groups than before",
    "expired": "out of the index because the time in MMRAG_TTL_DAYS is over",
    "returned": "in the index again because the time in MMRAG_TTL_DAYS is not over",
}


def index(
    source: SourcePlace = None,
    domain: Domain = None,
    force: bool = typer.Option(
        False, "--force", help="Make every table again; remembered model calls are still reused."
    ),
    as_json: AsJson = False,
) -> None:
    """Bring the index up to date with the files; pays only for what changed.

    Examples:

        mmrag index --source demo/corpus

        mmrag index --source ~/scans --domain invoices

        mmrag index --source s3://bucket/prefix

        mmrag index            (all sources indexed before)
    """
    settings = load_settings()
    place = given_place(source)
    sources = asked_sources(settings, place, domain)
    asked = asked_domains(settings, sources, place, domain)
    if not tabled_domains(settings):
        remind_of_trial(settings)
    add_sources(settings.home, sources.added_to)
    summary = run_index(settings, asked.domains, Mode(run_id="", force=force))
    whole = source is None and domain is None and not asked.trouble
    lost = orphaned_domains(settings, sources) if whole else []
    known = tabled_domains(settings)
    more = [_ORPHAN.format(name=name) for name in lost]
    more += tell_unknown(unknown_domains(settings, known), known)
    summary = replace(summary, warnings=(*summary.warnings, *more, *asked.told))
    if as_json:
        print_json(summary_json(summary))
    else:
        OUT.print(summary_table(summary))
    tell_letters(summary)
    tell_changes(summary)
    tell_redacted(summary)
    tell_generations(summary)
    tell_troubles(summary)
    if asked.trouble:
        raise typer.Exit(1)


def remind_of_trial(settings: Settings) -> None:
    """Say what the shipped image-text model is for, where it is the one in use."""
    if settings.image_model == "mmrag-mini":
        ERR.print(_TRIAL, markup=False)


def tell_letters(summary: Summary) -> None:
    """Say how many files could not be used, and where the reasons are."""
    if letters := summary.rows("dead_letters"):
        told = counted(letters, "dead letter")
        ERR.print(f"{told}: `mmrag dead-letters` says which files and why", markup=False)


def tell_changes(summary: Summary) -> None:
    """Say how many files are seen by others than before, left, or came back, and why."""
    for what, told in _CHANGES.items():
        if number := summary.changed(what):
            ERR.print(f"{counted(number, 'file')}: {told}", markup=False)


def tell_redacted(summary: Summary) -> None:
    """Say how many values were taken out, by domain and kind, and what else went with them."""
    for name, found in summary.redacted.items():
        told = ", ".join(f"{number:,} {kind}" for kind, number in found.items())
        ERR.print(printable(f"{name}: redacted in the texts cut by this run: {told}"), markup=False)
    if summary.forgot:
        ERR.print(_FORGOT, markup=False)


def tell_generations(summary: Summary) -> None:
    """Say which generations began to serve, what the gate said of them, and which were dropped."""
    for name, one in summary.decided.items():
        for line in one.lines():
            ERR.print(printable(f"{name}: {line}"), markup=False)


def tell_troubles(summary: Summary, *, asked: str = "indexed") -> None:
    """Print warnings, and domains that were not what was asked; exit status 1 for such a one."""
    for warning in summary.warnings:
        warn(warning)
    for name, message in summary.failed.items():
        line = printable(f"domain {name} was not {asked}: {message}")
        ERR.print(line, style="red", markup=False)
    if summary.failed:
        raise typer.Exit(1)


def _expired(settings: Settings, summary: Summary) -> int:
    """Return how many files of the domains that ran are out of time; few domains have a time."""
    timed, tables = with_kept_settings(settings, open_blobs(settings)), open_tables(settings)
    ran = {o.partition for o in summary.outcomes if o.station == "raw_files"}
    held = [tables.read("raw_files", name) for name in ran if days_of(timed, name) is not None]
    return sum(rows.filter("expired").height for rows in held if rows is not None)


def run_index(settings: Settings, domains: list[str], mode: Mode) -> Summary:
    """Run the index job for these domains and return what it did.

    Raises StateUnavailableError before anything is done when the index cannot be asked.
    """
    from mmrag_pipeline.assets.run_index import index_partitions
    from mmrag_pipeline.cli.instance import dagster_instance

    started = time.perf_counter()
    if settings.executor == "kubernetes":
        warn(
            "MMRAG_EXECUTOR=kubernetes: this command computes in its own process all the same; "
            "launch the job `index`, or `backfill` for many domains, to compute in pods"
        )
    check_index(settings)
    keep_settings(settings, open_blobs(settings))
    with dagster_instance(settings) as instance, progress(f"Indexing {', '.join(domains)}") as bars:
        results = index_partitions(
            wanted_partitions(settings, domains),
            instance=instance,
            settings=settings,
            mode=mode,
            progress=bars,
        )
    summary = summarize(results, seconds=time.perf_counter() - started)
    tables = open_tables(settings)
    told = {run.partition: decided(tables, run.partition, run.run_id) for run in results}
    found = {name: one for name, one in told.items() if one is not None}
    summary = replace(summary, expired=_expired(settings, summary), decided=found)
    learn_rates(settings, summary.outcomes)
    return summary

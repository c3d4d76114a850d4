"""`mmrag index`: runs the Dagster job in process, so that the UI shows the run."""

import time

import typer

from mmrag_pipeline.cli.chosen import asked_domains, asked_sources
from mmrag_pipeline.cli.console import ERR, OUT, print_json, progress
from mmrag_pipeline.cli.options import AsJson, Domain, SourceDir, load_settings
from mmrag_pipeline.cli.summary import Summary, summarize, summary_json, summary_table
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.sources import write_sources


def index(
    source: SourceDir = None,
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

        mmrag index            (all sources indexed before)
    """
    settings = load_settings()
    sources = asked_sources(settings, source, domain)
    domains = asked_domains(settings, sources, source, domain)
    write_sources(settings.home, sources)
    summary = run_index(settings, domains, force=force)
    if as_json:
        print_json(summary_json(summary))
    else:
        OUT.print(summary_table(summary))
    for warning in summary.warnings:
        ERR.print(f"warning: {warning}", style="yellow", markup=False)
    for name, message in summary.failed.items():
        ERR.print(f"domain {name} was not indexed: {message}", style="red", markup=False)
    if summary.failed:
        raise typer.Exit(1)


def run_index(
    settings: Settings, domains: list[str], *, force: bool, replay: bool = False
) -> Summary:
    """Run the index job for these domains and return what it did."""
    from mmrag_pipeline.assets.run_index import index_partitions
    from mmrag_pipeline.cli.instance import dagster_instance

    started = time.perf_counter()
    with dagster_instance(settings) as instance, progress(f"Indexing {', '.join(domains)}") as bars:
        results = index_partitions(
            domains,
            instance=instance,
            settings=settings,
            mode=Mode(run_id="", force=force, replay=replay),
            progress=bars,
        )
    return summarize(results, seconds=time.perf_counter() - started)

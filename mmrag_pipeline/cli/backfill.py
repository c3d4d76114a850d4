"""`mmrag backfill`: chosen domains again, one run each, with models that stay loaded."""

from uuid import uuid4

import typer

from mmrag_pipeline.cli.chosen import ChosenDomains, asked_domains, bounded
from mmrag_pipeline.cli.console import ERR, OUT, counted, print_json, warn
from mmrag_pipeline.cli.index import (
    run_index,
    tell_changes,
    tell_generations,
    tell_letters,
    tell_redacted,
    tell_troubles,
)
from mmrag_pipeline.cli.options import AsJson, Domains, load_settings
from mmrag_pipeline.cli.summary import summary_json, summary_table
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.sources import Sources, read_sources


def backfill(
    domain: Domains = None,
    force: bool = typer.Option(
        False, "--force", help="Make every table again; remembered model calls are still reused."
    ),
    as_json: AsJson = False,
) -> None:
    """Run chosen domains again, one run each; models stay loaded from one to the next.

    The runs carry one tag, `mmrag/backfill`, by which the UI shows them together.

    Examples:

        mmrag backfill                                   (every domain)

        mmrag backfill --domain office --domain kitchen

        mmrag backfill --domain office --force
    """
    settings = load_settings()
    asked = _asked(settings, read_sources(settings.home), domain)
    mode = Mode(run_id="", force=force, backfill=uuid4().hex[:12])
    ERR.print(f"backfill {mode.backfill}: {counted(len(asked.domains), 'domain')}", markup=False)
    summary = run_index(settings, asked.domains, mode)
    if as_json:
        print_json({"backfill": mode.backfill, **summary_json(summary)})
    else:
        OUT.print(summary_table(summary))
    tell_letters(summary)
    tell_changes(summary)
    tell_redacted(summary)
    tell_generations(summary)
    for told in asked.told:
        warn(told)
    tell_troubles(summary)
    if asked.trouble:
        raise typer.Exit(1)


def _asked(settings: Settings, sources: Sources, names: list[str] | None) -> ChosenDomains:
    """Return the named domains, each of which is known, or all there are."""
    if not names:
        return asked_domains(settings, sources, None, None)
    for name in names:
        asked_domains(settings, sources, None, name)
    return bounded(settings, names)

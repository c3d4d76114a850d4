"""`mmrag demo`: index the demo corpus, search it, write the report, say what to try next."""

from pathlib import Path

from mmrag_pipeline.assembly import open_searcher, open_world
from mmrag_pipeline.cli.chosen import asked_domains, asked_sources
from mmrag_pipeline.cli.console import OUT
from mmrag_pipeline.cli.index import remind_of_trial, run_index, tell_troubles
from mmrag_pipeline.cli.options import load_settings
from mmrag_pipeline.cli.report import Shown, write_report
from mmrag_pipeline.cli.search import print_hits
from mmrag_pipeline.cli.summary import summary_table
from mmrag_pipeline.errors import NotFoundError
from mmrag_pipeline.retrieval.query import Query, Searcher
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.sources import add_sources

_DEMO = Path(__file__).parents[2] / "demo"
_SAMPLES = (
    "red kettle",
    "camping tent in the mountains",
    "bar chart of sales",
    "error message: connection failed",
    "invoice total",
    "how do I descale the coffee machine",
)
_SHOWN = 3


def demo() -> None:
    """Index the demo corpus and show what came of it (what `make demo` runs).

    Example:

        mmrag demo
    """
    settings = load_settings()
    corpus = _DEMO / "corpus"
    if not corpus.is_dir():
        raise NotFoundError(f"{corpus} is missing: run `mmrag demo` from a clone of the repository")
    sources = asked_sources(settings, corpus, None)
    domains = asked_domains(settings, sources, corpus, None)
    add_sources(settings.home, sources.added_to)
    summary = run_index(settings, domains, force=False)
    OUT.print(summary_table(summary))
    tell_troubles(summary)
    report = settings.home / "report.html"
    if report.exists() and not summary.computed_anything:
        OUT.print("Nothing changed: the report of the last run still holds.", markup=False)
    else:
        samples = _search(open_searcher(settings), domains)
        with open_world(settings) as world:
            write_report(report, world, summary, samples)
    _say_what_next(settings, report)


def _search(searcher: Searcher, domains: list[str]) -> list[Shown]:
    shown = []
    for text in _SAMPLES:
        hits = searcher.search(Query(text=text, domains=tuple(domains), limit=_SHOWN))
        print_hits(text, hits)
        shown.append(Shown(text, tuple(hits)))
    return shown


def _say_what_next(settings: Settings, report: Path) -> None:
    OUT.print(f"\nReport: {report.absolute()}", markup=False)
    remind_of_trial(settings)
    OUT.print(
        "Try next:\n"
        '  .venv/bin/mmrag search "yellow tent" -k 3\n'
        "  .venv/bin/mmrag evaluate --queries demo/queries.jsonl\n"
        "  .venv/bin/mmrag index --source YOUR_FOLDER --domain mine\n"
        "  make dev    (the Dagster UI on this data)",
        markup=False,
    )

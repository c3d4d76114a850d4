"""`mmrag demo`: index the demo corpus, search it, write the report, say what to try next."""

from collections.abc import Callable
from pathlib import Path

from mmrag_pipeline.assembly import open_searcher, open_world
from mmrag_pipeline.cli.chosen import asked_domains, asked_sources
from mmrag_pipeline.cli.console import OUT, warn
from mmrag_pipeline.cli.index import remind_of_trial, run_index, tell_letters, tell_troubles
from mmrag_pipeline.cli.measured import evaluation_table
from mmrag_pipeline.cli.options import load_settings
from mmrag_pipeline.cli.report import Searched, Shown, write_report
from mmrag_pipeline.cli.search import print_hits
from mmrag_pipeline.cli.summary import summary_table
from mmrag_pipeline.errors import NotFoundError
from mmrag_pipeline.evaluation.evaluate import evaluate
from mmrag_pipeline.evaluation.qrels import read_queries
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.parsing.query_pictures import open_pictures
from mmrag_pipeline.records import Pixels
from mmrag_pipeline.retrieval.query import Query, Searcher
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.sources import add_sources

_DEMO = Path(__file__).parents[2] / "demo"
_PICTURE = _DEMO / "queries" / "camera.jpg"
_SAMPLES = (
    "a tent for camping",
    "a slice of pizza",
    "login refused, bad passcode",
    "INV-2024-0386",
    "how much food do we throw away",
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
    asked = asked_domains(settings, sources, corpus, None)
    domains = asked.domains
    for told in asked.told:
        warn(told)
    add_sources(settings.home, sources.added_to)
    summary = run_index(settings, domains, Mode(""))
    OUT.print(summary_table(summary))
    tell_letters(summary)
    OUT.print("(Three files of the demo corpus are broken on purpose.)", markup=False)
    tell_troubles(summary)
    report = settings.home / "report.html"
    if report.exists() and not summary.computed_anything:
        OUT.print("Nothing changed: the report of the last run still holds.", markup=False)
    else:
        with open_pictures(settings) as read:
            found = _find(open_searcher(settings), read, tuple(domains))
        with open_world(settings) as world:
            write_report(report, world, summary, found)
    _say_what_next(settings, report)


def _find(searcher: Searcher, read: Callable[[Path], Pixels], domains: tuple[str, ...]) -> Searched:
    """Show sample queries and their hits, then measure the labelled ones."""
    queries = [Query(text=text, domains=domains, limit=_SHOWN) for text in _SAMPLES]
    queries.append(Query(image=read(_PICTURE), domains=domains, limit=_SHOWN))
    shown = []
    for query in queries:
        hits = tuple(searcher.search(query))
        print_hits(query.text or f"the picture demo/queries/{_PICTURE.name}", hits)
        shown.append(Shown(query.text, hits, query.image))
    labelled = read_queries(_DEMO / "queries.jsonl")
    result = evaluate(searcher, labelled, load_image=read, domains=domains)
    OUT.print(evaluation_table(result))
    return Searched(tuple(shown), result)


def _say_what_next(settings: Settings, report: Path) -> None:
    OUT.print(f"\nReport: {report.absolute()}", markup=False)
    remind_of_trial(settings)
    OUT.print(
        "Try next:\n"
        '  .venv/bin/mmrag search "a tent for camping" -k 3\n'
        "  .venv/bin/mmrag evaluate --queries demo/queries.jsonl\n"
        "  .venv/bin/mmrag index --source YOUR_FOLDER --domain mine\n"
        "  make dev    (the Dagster UI on this data)",
        markup=False,
    )

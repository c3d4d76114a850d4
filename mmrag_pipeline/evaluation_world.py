"""Settings to an evaluator: the index that is served, the queries that are named."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from mmrag_pipeline.answering import open_asking
from mmrag_pipeline.assembly import open_meter, open_searcher, open_tables, open_world
from mmrag_pipeline.errors import NotFoundError, ParseError, SettingsError
from mmrag_pipeline.evaluation.answered import Answering
from mmrag_pipeline.evaluation.evaluator import Evaluator
from mmrag_pipeline.evaluation.qrels import LabelledQuery
from mmrag_pipeline.evaluation.trec import read_query_files
from mmrag_pipeline.parsing.query_pictures import open_pictures
from mmrag_pipeline.settings import Settings


@contextmanager
def open_evaluator(
    settings: Settings, files: Sequence[Path] = (), *, strategy: str | None = None
) -> Iterator[Evaluator]:
    """Open what an evaluation needs; it asks the queries of `files`, or of the settings.

    A `strategy` that is named ranks instead of the settings' own.

    Its parser process ends with the block. Nothing is indexed and no source is opened.
    """
    with open_pictures(settings) as load:
        yield Evaluator(
            settings=settings,
            tables=open_tables(settings),
            searcher=open_searcher(settings, strategy),
            load_image=load,
            read=partial(_read, settings, tuple(files)),
            clock=partial(datetime.now, UTC),
            answering=partial(_answering, settings),
            open_world=partial(open_world, settings, hub=False),
            meter=open_meter(settings),
        )


@contextmanager
def _answering(settings: Settings) -> Iterator[Answering]:
    with open_asking(settings) as asking:
        yield asking.ask


def _read(settings: Settings, files: tuple[Path, ...]) -> list[LabelledQuery]:
    if files:
        return read_query_files(files)
    name, named = "MMRAG_EVAL_QUERIES", settings.eval_queries
    if not named and settings.gate_queries is not None:
        name, named = "MMRAG_GATE_QUERIES", (settings.gate_queries,)
    if not named:
        raise SettingsError(
            "no labelled queries are named: set MMRAG_EVAL_QUERIES to a file of JSON Lines, or to "
            "TREC's .qrels"
        )
    try:
        return read_query_files(named)
    except (NotFoundError, ParseError) as error:
        raise SettingsError(f"{name}: {error}") from error

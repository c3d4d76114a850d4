"""The evaluation step by step, each from the tables of those before: queries, hits, scores."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path

import polars as pl

from mmrag_pipeline.errors import OvertakenError, ParseError, SettingsError
from mmrag_pipeline.evaluation.answered import Answering, Valued, paid_tokens, replies, valued
from mmrag_pipeline.evaluation.asking import Ranked, Trial
from mmrag_pipeline.evaluation.evaluate import LoadImage
from mmrag_pipeline.evaluation.labels import Unmet, unmet
from mmrag_pipeline.evaluation.paired import Limits
from mmrag_pipeline.evaluation.qrels import LabelledQuery, labels_of
from mmrag_pipeline.evaluation.runs import (
    EVERYTHING,
    Run,
    append_run,
    comparisons,
    last_run,
    values_kept,
)
from mmrag_pipeline.evaluation.scores import Score
from mmrag_pipeline.evaluation.scoring import latency_of, measured, rankings_of, scores_table
from mmrag_pipeline.evaluation.tables import (
    hits_table,
    identity_of,
    queries_of,
    queries_table,
    searches_table,
    with_files,
)
from mmrag_pipeline.evaluation.variants import Ablations, name_of
from mmrag_pipeline.frames import table_digest
from mmrag_pipeline.ids import Json, digest_bytes, digest_json, domain_of
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.indexing.meter import Meter
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.keepers import TableCatalog
from mmrag_pipeline.records import Lineage
from mmrag_pipeline.retrieval.query import Query, Searcher
from mmrag_pipeline.retrieval.strategies import LATE, Tuning
from mmrag_pipeline.settings import Settings


@dataclass(frozen=True, slots=True)
class Scored:
    """What an evaluation measured, and the last one of the same queries."""

    table: pl.DataFrame
    """EVAL_SCORES."""
    run: Run
    before: Run | None
    compared: Sequence[Score]
    """Against `before`; empty without one."""


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Every port of an evaluation; made by assembly, or of fakes by tests."""

    settings: Settings
    tables: TableCatalog
    searcher: Searcher
    load_image: LoadImage
    read: Callable[[], Sequence[LabelledQuery]]
    """Reads the queries that settings name."""
    clock: Callable[[], datetime]
    answering: Callable[[], AbstractContextManager[Answering]]
    """Opens what answers questions, by the settings."""
    open_world: Callable[[], AbstractContextManager[World]]
    """Opens the sources and the parser, to show pages; no model is asked."""
    meter: Meter = field(default_factory=Meter)
    """Bills the tokens of answers."""

    @property
    def limits(self) -> Limits:
        """Return what counts as a drop."""
        settings = self.settings
        return Limits(settings.eval_max_loss, settings.eval_confidence, "MMRAG_EVAL")

    @property
    def tuning(self) -> Tuning:
        """Return how settings tune the strategies."""
        return Tuning(self.settings.rrf_k, self.settings.signal_weights)

    def tabled(self, queries: Sequence[LabelledQuery]) -> pl.DataFrame:
        """Return queries as EVAL_QUERIES, with the domains that have their files."""
        labels: dict[str, set[str]] = {}
        for partition in self.tables.partitions("raw_files"):
            own = labels_of(self.tables, partition)
            labels.setdefault(domain_of(partition), set()).update(own)
        return queries_table(queries, labels, _digest_of)

    def write_queries(self, run_id: str) -> pl.DataFrame:
        """Read the queries of the settings and keep them; raises SettingsError."""
        table = self.tabled(self.read())
        self._write("eval_queries", table, run_id, read={})
        return table

    def write_hits(self, run_id: str, trial: Trial) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Ask every query of `eval_queries` once; return EVAL_HITS and EVAL_SEARCHES.

        Raises as the searcher does, and SettingsError for a picture that cannot be read.
        """
        asked = self._rows("eval_queries")
        queries = queries_of(with_files(asked))
        if not queries:
            raise SettingsError(
                "no query of MMRAG_EVAL_QUERIES names a relevant file: nothing to find"
            )
        with _pictures_named():
            ranked = list(trial.ask_all(queries))
        hits, searches = hits_table(ranked), searches_table(ranked, self.made_with(trial))
        read = {"eval_queries": asked}
        self._write("eval_hits", hits, run_id, read=read)
        self._write("eval_searches", searches, run_id, read={**read, "eval_hits": hits})
        return hits, searches

    def write_scores(self, run_id: str) -> Scored:
        """Measure what was found, keep it, and add it to the history.

        Raises OvertakenError when another run replaced the queries or the hits meanwhile.
        """
        queries, hits, searches = map(self._rows, ("eval_queries", "eval_hits", "eval_searches"))
        read = {"eval_queries": queries, "eval_hits": hits}
        self._check_made_from("eval_searches", read)
        scored = self.scored(queries, hits, searches, run_id=run_id)
        self._write("eval_scores", scored.table, run_id, read=read)
        append_run(self.tables, scored.run, keep=self.settings.eval_keep_runs)
        return scored

    def write_answers(self, run_id: str) -> Valued:
        """Ask the questions of `eval_queries` whose answers are known, in the domains of the hits.

        Raises AnswerError, and as `write_hits` does.
        """
        asked, searches = self._rows("eval_queries"), self._rows("eval_searches")
        queries, domains = queries_of(asked), json.loads(searches["made_with"][0])["domains"]
        within = None if domains is None else tuple(domains)
        with self.answering() as answering, _pictures_named():
            found = [*replies(answering, queries, load_image=self.load_image, domains=within)]
        made = valued(found, self.settings.eval_confidence)
        read = {"eval_queries": asked, "eval_searches": searches}
        self._write("eval_answers", made.table, run_id, read=read)
        self.meter.tokens("eval_answers", paid_tokens(found), run_id=run_id, clock=self.clock)
        return made

    def kept(self) -> tuple[Scored, pl.DataFrame, pl.DataFrame]:
        """Return the last evaluation as it was kept, its EVAL_QUERIES and its EVAL_HITS.

        Raises OvertakenError when the tables are not those of one run.
        """
        queries, hits, searches, table = map(
            self._rows, ("eval_queries", "eval_hits", "eval_searches", "eval_scores")
        )
        for name in ("eval_searches", "eval_scores"):
            self._check_made_from(name, {"eval_queries": queries, "eval_hits": hits})
        run = last_run(self.tables, _asked(queries, searches))
        if run is None:
            raise SettingsError("the history has no evaluation of these queries: run `evaluate`")
        before = last_run(self.tables, run.asked, but=run.run_id)
        compared = comparisons(before, run, self.limits) if before else []
        return Scored(table, run, before, compared), queries, hits

    def judged(
        self, queries: Sequence[LabelledQuery], ranked: Sequence[Ranked], trial: Trial
    ) -> Scored:
        """Return the measures of what queries got, and keep nothing of it."""
        searches = searches_table(ranked, self.made_with(trial))
        return self.scored(self.tabled(queries), hits_table(ranked), searches, run_id="")

    def scored(
        self, queries: pl.DataFrame, hits: pl.DataFrame, searches: pl.DataFrame, *, run_id: str
    ) -> Scored:
        """Return the measures of these tables beside the last evaluation of the same queries."""
        queries = with_files(queries)
        found = list(measured(queries, hits, rankings_of(searches)))
        made_with = searches["made_with"][0]
        run = Run(
            run_id=run_id,
            at=self.clock(),
            asked=_asked(queries, searches),
            made_with=made_with,
            latency=latency_of(searches),
            values=values_kept(found),
            kinds=dict(queries.select("query_id", "kind").iter_rows()),
        )
        before = last_run(self.tables, run.asked, but=run_id)
        compared = comparisons(before, run, self.limits) if before else []
        table = scores_table(queries, found, self.settings.eval_confidence)
        return Scored(table, run, before, compared)

    def trial(self, ablations: Ablations, domains: Sequence[str] | None = None) -> Trial:
        """Return what queries are asked of: these domains, or all that can be searched."""
        chosen = tuple(domains) if domains else None
        tuned = replace(ablations, tuning=self.tuning)
        return Trial(self.searcher, self.load_image, tuned, chosen)

    def unmet(
        self, queries: Sequence[LabelledQuery], domains: Sequence[str] | None = None
    ) -> Unmet:
        """Return what labels name that these domains, or all that can be searched, cannot give."""
        return unmet(queries, self.tables, domains or self.searcher.open_to(Query()))

    def made_with(self, trial: Trial) -> dict[str, Json]:
        """Return what a history says of an evaluation: how, of which collections, by what models.

        The domains are the asked ones, null for all. Tuning is there where a ranking has it.
        """
        name, ablations = name_of(self.searcher.strategy, self.tuning), trial.ablations
        late = name in LATE or "strategies" in ablations.families
        layouts, served = self.searcher.store.layouts(), self.searcher.store.aliases()
        names = sorted(name for alias, name in served.items() if self._asks(trial, alias))
        cards: Mapping[str, Json] = {
            name: {space.signal: space.fingerprint for space in layouts[name].spaces}
            for name in names
            if name in layouts
        }
        return {
            "strategy": "+".join([name, *self.searcher.refinements]),
            **({"tuning": asdict(self.tuning)} if late else {}),
            "ablations": {
                "families": [*ablations.families],
                "ocr_confidences": [*ablations.ocr_confidences],
            },
            "depth": trial.depth,
            "domains": None if trial.domains is None else sorted(trial.domains),
            "cards": cards,
        }

    def _asks(self, trial: Trial, alias: str) -> bool:
        start = f"{self.searcher.prefix}__"
        ours = alias.startswith(start)
        domain = domain_of(alias.removeprefix(start))
        return ours and (trial.domains is None or domain in trial.domains)

    def _rows(self, name: str) -> pl.DataFrame:
        rows = rows_of(self.tables, name, EVERYTHING)
        if rows.is_empty() and name != "eval_hits":
            raise SettingsError(f"{name} has no rows yet: run the whole job `evaluate`")
        return rows

    def _check_made_from(self, table: str, read: Mapping[str, pl.DataFrame]) -> None:
        """Raise OvertakenError unless a table was made from just the tables that were read."""
        lineage = self.tables.lineage(table, EVERYTHING)
        made_from = lineage.upstream if lineage else {}
        for name, rows in read.items():
            if table_digest(rows) != made_from.get(name):
                raise OvertakenError(
                    f"{name} is not what {table} was made from: another run replaced one of them; "
                    "run the whole job `evaluate` again"
                )

    def _write(
        self, name: str, table: pl.DataFrame, run_id: str, *, read: Mapping[str, pl.DataFrame]
    ) -> None:
        """Keep a table with the digests of those that it was made from, whatever stands there now.

        Another run may replace these meanwhile.
        """
        digests = {one: table_digest(rows) for one, rows in read.items()}
        lineage = Lineage(
            name, EVERYTHING, table_digest(table), table.height, digests, "", {}, run_id
        )
        self.tables.write(table, lineage)


@contextmanager
def _pictures_named() -> Iterator[None]:
    """Tell of a picture that cannot be read where it is named."""
    try:
        yield
    except ParseError as error:
        raise SettingsError(f"a picture of MMRAG_EVAL_QUERIES: {error}") from error


def _asked(queries: pl.DataFrame, searches: pl.DataFrame) -> str:
    """Return a digest of the queries that are measured, their labels and the domains."""
    domains = json.loads(searches["made_with"][0])["domains"]
    return digest_json([identity_of(with_files(queries)), domains])


def _digest_of(path: Path) -> str:
    try:
        return digest_bytes(path.read_bytes())
    except OSError as error:
        raise SettingsError(
            f"the query picture {str(path)!r:.200} cannot be read ({error.strerror}): put it back, "
            "or take its query out of MMRAG_EVAL_QUERIES"
        ) from error

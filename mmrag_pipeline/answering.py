"""Settings to what answers questions: searcher, pages, answerer and cache together."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from mmrag_pipeline.assembly import open_blobs, open_searcher, open_tables, open_world
from mmrag_pipeline.engines.extractive import Extractive
from mmrag_pipeline.engines.openai_answers import OpenAiAnswers, Server
from mmrag_pipeline.errors import CorruptStateError, StateUnavailableError
from mmrag_pipeline.indexing.place_pixels import PageAt, crop, lines_at, pixels_of
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.keepers import AnswerCache, RulesNotes, TableCatalog
from mmrag_pipeline.model_ports import Answerer
from mmrag_pipeline.models import open_encoders
from mmrag_pipeline.records import Box, Line
from mmrag_pipeline.redaction.lines import redacted
from mmrag_pipeline.redaction.rules import rules_of
from mmrag_pipeline.retrieval.answers import Asking, FrailCache, nobody
from mmrag_pipeline.retrieval.evidence import Budget
from mmrag_pipeline.retrieval.hits import Hit
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.answer_cache import FolderAnswers
from mmrag_pipeline.stores.kept import with_kept_settings
from mmrag_pipeline.stores.redacted import FolderRules
from mmrag_pipeline.stores.redis_answers import RedisAnswers
from mmrag_pipeline.stores.reports import forget_reports

_ANSWERS = "answers"
_QUOTE = "may still quote what was purged or is redacted"


@dataclass(frozen=True, slots=True)
class TabledPages:
    """Pages as the tables know them (retrieval.evidence.Pages); without a world no pictures."""

    tables: TableCatalog
    settings: Settings
    """With what is kept beside the tables."""
    world: World | None = None

    def lines(self, hit: Hit, page_no: int) -> Sequence[Line]:
        """Return the lines of a page, redacted as those that are indexed; none of an unknown one.

        Tables hold them as they were read: what redaction takes out is taken out here as well.
        """
        page = PageAt(hit.domain, hit.key, page_no)
        known = lines_at(self.tables, self.settings.shards, page)
        return redacted(known, rules_of(self.settings, hit.domain))

    def picture(self, hit: Hit, page_no: int, box: Box | None) -> bytes | None:
        """Return a crop of a page; None where its file has no pixels (any more)."""
        if self.world is None:
            return None
        drawn = pixels_of(self.world, PageAt(hit.domain, hit.key, page_no))
        return crop(drawn, box, side_px=self.world.settings.answer_picture_px) if drawn else None


@contextmanager
def open_asking(
    settings: Settings, *, cached: bool = True, warn: Callable[[str], None] = nobody
) -> Iterator[Asking]:
    """Open what answers questions; parser processes, which only pictures need, end with it."""
    cache = FrailCache(open_answer_cache(settings) if cached else None, warn)
    searcher = open_searcher(settings)
    tokens = settings.answer_evidence_tokens
    if settings.answer_url is None:
        kept = with_kept_settings(settings, open_blobs(settings))
        pages = TabledPages(open_tables(settings), kept)
        yield Asking(searcher, pages, open_answerer(settings), Budget(tokens), cache)
        return
    with open_world(settings) as world:
        pages = TabledPages(world.tables, world.settings, world)
        budget = Budget(tokens, settings.answer_pictures)
        yield Asking(searcher, pages, open_answerer(settings), budget, cache)


def open_answerer(settings: Settings) -> Answerer:
    """Return the server that settings name, else what quotes; nothing connects or loads yet."""
    if settings.answer_url is None or settings.answer_model is None:
        return Extractive(open_encoders(settings).text)
    key = settings.answer_api_key
    return OpenAiAnswers(
        Server(
            url=settings.answer_url,
            model=settings.answer_model,
            api_key=key.get_secret_value() if key else None,
            timeout_s=settings.answer_timeout_s,
            retries=settings.answer_retries,
            max_tokens=settings.answer_max_tokens,
            stream=settings.answer_stream,
            picture_px=settings.answer_picture_px,
        )
    )


def open_answer_cache(settings: Settings) -> AnswerCache:
    """Return where answers are kept: a Redis when one is set, else a folder of `home`."""
    days = settings.answer_cache_days
    if settings.answer_cache_url is not None:
        return RedisAnswers(settings.answer_cache_url.get_secret_value(), days)
    return FolderAnswers(settings.home / _ANSWERS, days)


def forget_answers(settings: Settings) -> str:
    """Empty the cache of answers, any of which may quote what was purged or is redacted.

    Returns why that could not be done, or nothing.
    """
    try:
        open_answer_cache(settings).clear()
    except StateUnavailableError as error:
        return f"cached answers {_QUOTE}: {error}"
    return ""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What other rules of redaction took out of the cache of answers and off this machine."""

    answers: int = 0
    reports: int = 0
    kept: str = ""
    """Why some could not be dropped; the next run tries again."""


def forget_unredacted(settings: Settings, partition: str, rules: str) -> Forgotten | None:
    """Drop answers and reports of before, once for each digest of rules; None with nothing to do.

    It is for a partition whose collection follows these rules by now. Without rules (an empty
    digest) nothing of before is to be hidden. What was dropped is noted beside it: a cache that
    machines share is emptied by the first of them only.
    """
    kept = list[str]()

    def dropped(what: str, notes: RulesNotes, drop: Callable[[], int]) -> int:
        try:
            return _dropped(notes, partition, rules, drop)
        except (CorruptStateError, StateUnavailableError) as error:
            kept.append(f"{what} {_QUOTE}: {error}")
            return 0

    cache, home = open_answer_cache(settings), settings.home
    answers = dropped("cached answers", open_rules_notes(settings), cache.clear)
    reports = dropped("reports", FolderRules(home), lambda: forget_reports(home))
    found = Forgotten(answers, reports, "; ".join(kept))
    return None if found == Forgotten() else found


def open_rules_notes(settings: Settings) -> RulesNotes:
    """Return where rules of redaction are noted for the cache of answers: beside it."""
    if settings.answer_cache_url is not None:
        return RedisAnswers(
            settings.answer_cache_url.get_secret_value(), settings.answer_cache_days
        )
    return FolderRules(settings.home / _ANSWERS)


def _dropped(notes: RulesNotes, partition: str, rules: str, drop: Callable[[], int]) -> int:
    """Drop under rules that were not noted yet, then note them; return how many."""
    if notes.noted(partition) == rules:
        return 0
    gone = drop() if rules else 0
    notes.note(partition, rules)
    return gone

"""The index from Python: the same searches as the command line, with models that stay loaded."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self, TypeVar

from PIL.Image import Image

from mmrag_pipeline.api.hits import Hits
from mmrag_pipeline.api.pictures import Pictures, as_given, pictures_of
from mmrag_pipeline.assembly import (
    named_ranking,
    open_blobs,
    open_tables,
    open_unranked,
    open_world,
)
from mmrag_pipeline.cli.categories import category_hint
from mmrag_pipeline.cli.chosen import indexed_domains
from mmrag_pipeline.cli.explain import find_point
from mmrag_pipeline.cli.options import told_settings
from mmrag_pipeline.cli.partitions import tabled_partitions
from mmrag_pipeline.cli.wanted import Wanted, query_of
from mmrag_pipeline.engines.lazy import Lazy
from mmrag_pipeline.errors import ClosedError
from mmrag_pipeline.indexing.explain import Explanation
from mmrag_pipeline.observing.opened import telemetry_of
from mmrag_pipeline.records import Pixels, PointKind
from mmrag_pipeline.retrieval.query import Searcher, Unit
from mmrag_pipeline.retrieval_settings import RefinementName, StrategyName
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.kept import known_shards

TURN = Lock()
"""Models are shared by all of a process, and none promises to serve several threads at once."""
T = TypeVar("T")


class Index:
    """An index to search, as `mmrag search` does.

    Nothing is read or loaded before the first search; models then stay for those that follow,
    also of another Index of this process. Threads may share it: they take turns. Every error is a
    MmragError that says what to do; what does not stop a search is a Python warning.

        with Index.open(".mmrag") as index:
            hits = index.search("a tent for camping", limit=3)
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._searcher: Lazy[Searcher] | None = Lazy(partial(open_unranked, settings))

    @classmethod
    def open(cls, home: Path | str | None = None, settings: Settings | None = None) -> Self:
        """Return the index whose state lies in `home` (without it: MMRAG_HOME, else `.mmrag`).

        Other settings are those of the environment (MMRAG_*), or `settings` in their place.
        Raises SettingsError.
        """
        if settings is None:
            settings = told_settings(home, partial(_warn, above=3))
        elif home is not None:
            settings = settings.model_copy(update={"home": Path(home)})
        return cls(settings.model_copy(update={"home": settings.home.absolute()}))

    @property
    def settings(self) -> Settings:
        """Return the settings that it was opened with."""
        return self._settings

    def search(
        self,
        text: str = "",
        *,
        image: Path | str | bytes | Image | Pixels | None = None,
        domains: str | Sequence[str] | None = None,
        kinds: PointKind | Sequence[PointKind] | None = None,
        visibility: str | Sequence[str] | None = None,
        categories: str | Sequence[str] | None = None,
        pages: int | Sequence[int] | None = None,
        since: str | date | None = None,
        until: str | date | None = None,
        limit: int = 10,
        unit: Unit = "file",
        strategy: StrategyName | None = None,
        refine: Sequence[RefinementName] | None = None,
    ) -> Hits:
        """Return at most `limit` hits by words, a picture, or both, best first.

        `image` is a file, its bytes, a Pillow picture, or (height, width, 3) uint8 RGB. Filters
        hold inside the index query; None restricts nothing. `visibility` names the groups of who
        asks: an empty list sees nothing. `since` and `until` are dates or times as in `mmrag
        search`. A hit is a file, or a page where `unit` is that; `refine` names refinements in
        order. Raises SettingsError for what cannot be asked, ParseError for the picture,
        NotFoundError for a domain that is not indexed, ClosedError; and, where models or
        collections cannot be had, as the command line does.
        """
        wanted = Wanted(
            text=text,
            image=as_given(image),
            domains=_several(domains),
            kinds=_several(kinds),
            visibility=_several(visibility),
            categories=_several(categories),
            pages=_several(pages),
            since=since,
            until=until,
            limit=limit,
            unit=unit,
        )
        with TURN:
            searcher = self._searching(strategy, refine)
            query, asked = query_of(
                self._settings, wanted, store=searcher.store, spelled=_as_argument
            )
            found = searcher.search(query)
            tables = open_tables(self._settings)
            hint = "" if found else category_hint(tables, searcher, query)
        for told in filter(None, (*asked.told, hint)):
            _warn(told)
        return Hits.of(text, found, Pictures(partial(pictures_of, self._settings)))

    def domains(self) -> list[str]:
        """Return the domains that can be searched here, sorted."""
        with TURN:
            return self._current().domains()

    def explain(self, point_id: str) -> Explanation:
        """Return which page, file, models and runs a point comes from, as `mmrag explain` does.

        Raises NotFoundError for a point that no table has (any more).
        """
        self._opened()
        with open_world(self._settings) as world:
            domains = indexed_domains(self._settings, None)
            return find_point(world, tabled_partitions(self._settings, domains), point_id)[1]

    def close(self) -> None:
        """Let go of the collections; hits that were found can still be looked at."""
        self._searcher = None
        telemetry_of(self._settings).push()

    def _opened(self) -> Lazy[Searcher]:
        if self._searcher is None:
            raise ClosedError(f"{self!r} is closed: open it again with Index.open")
        return self._searcher

    def _current(self) -> Searcher:
        """Return what searches now: how domains are split may have changed since."""
        searcher, settings = self._opened().get(), self._settings
        telemetry_of(settings, stays=True)
        return replace(searcher, shards=known_shards(settings, open_blobs(settings)))

    def _searching(self, strategy: str | None, refine: Sequence[str] | None) -> Searcher:
        """Return what searches now, by the ranking that is asked for, else the settings' own."""
        searcher, settings = self._current(), self._settings
        name = strategy or settings.strategy
        ranking = named_ranking(settings, name, settings.refine if refine is None else refine)
        return replace(searcher, strategy=ranking.strategy, refinements=ranking.refinements)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Index({str(self._settings.home)!r})"


def _several(given: T | Sequence[T] | None) -> Sequence[T] | None:
    """Return what is given as several: a single one is a list of one."""
    if given is None:
        return None
    return (given,) if isinstance(given, str | int) else tuple(given)  # type: ignore[arg-type]


def _as_argument(field: str) -> str:
    return f"`{field}`"


def _warn(message: str, *, above: int = 1) -> None:
    """Warn where the caller stands of the function that is so many calls above."""
    warnings.warn(message, stacklevel=above + 2)

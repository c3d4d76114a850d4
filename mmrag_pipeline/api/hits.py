"""Hits as Python has them: a sequence, a table, JSON, or what a notebook shows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

import polars as pl

from mmrag_pipeline.api.page import page_of
from mmrag_pipeline.api.pictures import Pictures
from mmrag_pipeline.cli.console import counted, printable
from mmrag_pipeline.records import Box, PointKind, Signal
from mmrag_pipeline.retrieval.fusion import Change, FileId, Share
from mmrag_pipeline.retrieval.hits import Hit as Ranked
from mmrag_pipeline.retrieval.hits import Place
from mmrag_pipeline.retrieval.signals import SIGNALS

_COLUMNS: Mapping[str, type[pl.DataType] | pl.DataType] = {
    "rank": pl.Int64,
    "score": pl.Float64,
    "domain": pl.String,
    "key": pl.String,
    "collection": pl.String,
    "page": pl.Int64,
    "kind": pl.String,
    "box": pl.List(pl.Int64),
    "text": pl.String,
    "point_id": pl.String,
    **{
        f"{signal}_{name}": kind
        for signal in SIGNALS
        for name, kind in (("rank", pl.Int64), ("score", pl.Float64), ("contribution", pl.Float64))
    },
}


@dataclass(frozen=True, slots=True, repr=False)
class Hit:
    """One file that answers, its best place first; names are those of `mmrag search --json`."""

    ranked: Ranked
    pictures: Pictures = field(compare=False)

    @property
    def rank(self) -> int:
        """Return its place among the hits, from 1."""
        return self.ranked.rank

    @property
    def score(self) -> float:
        """Return the sum of what signals contribute; not to be compared between strategies."""
        return self.ranked.score

    @property
    def domain(self) -> str:
        """Return the domain of the file."""
        return self.ranked.domain

    @property
    def key(self) -> str:
        """Return the file's path within its domain."""
        return self.ranked.key

    @property
    def collection(self) -> str:
        """Return the generation that answered."""
        return self.ranked.collection

    @property
    def derived(self) -> str:
        """Return the words that models found in the query's picture; empty without expansion."""
        return self.ranked.derived

    @property
    def refined(self) -> Mapping[str, Change]:
        """Return what each refinement did to it, by name."""
        return self.ranked.refined

    @property
    def copies(self) -> tuple[FileId, ...]:
        """Return the files (domain, key) of the same content that it stands for."""
        return self.ranked.copies

    @property
    def page(self) -> int:
        """Return the page of the best place, from 1."""
        return self.ranked.place.page_no

    @property
    def kind(self) -> PointKind:
        """Return what the best place is: page, tile, text, ocr or caption."""
        return self.ranked.place.kind

    @property
    def box(self) -> Box | None:
        """Return the best place in page pixels, None for texts without one."""
        return self.ranked.place.box

    @property
    def text(self) -> str:
        """Return what is written at the best place."""
        return self.ranked.place.text

    @property
    def point_id(self) -> str:
        """Return the point of the best place, for `Index.explain`."""
        return self.ranked.place.point_id

    @property
    def signals(self) -> Mapping[Signal, Share]:
        """Return signal -> its rank, score and contribution; contributions add up to the score."""
        return self.ranked.signals

    @property
    def also(self) -> tuple[Place, ...]:
        """Return other places of the file that were found."""
        return self.ranked.also

    def picture(self) -> bytes | None:
        """Return a small JPEG of the page with the box, None when the file has no pixels.

        Raises CorruptStateError and StateUnavailableError.
        """
        return self.pictures.of([self.ranked])[0]

    def as_json(self) -> dict[str, object]:
        """Return the hit as `mmrag search --json` prints it."""
        return self.ranked.as_json()

    def _row(self) -> dict[str, object]:
        flat = {
            f"{signal}_{name}": value
            for signal, share in self.signals.items()
            for name, value in share.as_json().items()
        }
        return {name: self.as_json().get(name, flat.get(name)) for name in _COLUMNS}

    def __repr__(self) -> str:
        where = f"{self.domain}/{self.key}  page {self.page}, {self.kind}: {self.score:+.1f}"
        return f"{self.rank:>3} {printable(where)}"

    def _repr_html_(self) -> str:
        return page_of("", [self.ranked], self.pictures)


@dataclass(frozen=True, slots=True, repr=False)
class Hits(Sequence[Hit]):
    """The hits of one search, best first; a notebook shows them with their pictures."""

    title: str
    """The words that were asked, empty for a picture alone."""
    found: tuple[Hit, ...]
    pictures: Pictures = field(compare=False)

    @classmethod
    def of(cls, title: str, ranked: Sequence[Ranked], pictures: Pictures) -> "Hits":
        """Return what a search found."""
        return cls(title, tuple(Hit(one, pictures) for one in ranked), pictures)

    def __len__(self) -> int:
        return len(self.found)

    @overload
    def __getitem__(self, place: int) -> Hit: ...
    @overload
    def __getitem__(self, place: slice) -> "Hits": ...
    def __getitem__(self, place: int | slice) -> "Hit | Hits":
        """Return one hit, counted from 0, or some as Hits."""
        if isinstance(place, slice):
            return Hits(self.title, self.found[place], self.pictures)
        return self.found[place]

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.found)

    def as_json(self) -> list[dict[str, object]]:
        """Return what `mmrag search --json` prints as `hits`."""
        return [hit.as_json() for hit in self.found]

    def to_polars(self) -> pl.DataFrame:
        """Return a row per hit; every signal has columns for its rank, score and contribution.

        They are null for a signal that did not find the file. The columns are always the same.
        """
        return pl.DataFrame([hit._row() for hit in self.found], schema=dict(_COLUMNS))

    def _heading(self) -> str:
        asked = f"“{self.title}”" if self.title.strip() else "a picture"
        return f"{counted(len(self), 'hit')} for {asked}"

    def __repr__(self) -> str:
        return "\n".join([printable(self._heading()), *map(repr, self.found)])

    def _repr_html_(self) -> str:
        return page_of(self._heading(), [hit.ranked for hit in self.found], self.pictures)

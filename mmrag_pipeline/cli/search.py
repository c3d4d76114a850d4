"""`mmrag search`: hits with what each signal contributed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from mmrag_pipeline.assembly import open_searcher, open_tables
from mmrag_pipeline.cli.categories import category_hint
from mmrag_pipeline.cli.console import counted, print_entry, print_json, print_title, warn
from mmrag_pipeline.cli.options import (
    REFINEMENT_NAMES,
    STRATEGY_NAMES,
    AsJson,
    Domains,
    Groups,
    Kinds,
    load_settings,
)
from mmrag_pipeline.cli.wanted import LAST_PAGE, MOST_HITS, Wanted, as_option, query_of
from mmrag_pipeline.retrieval.fusion import Change
from mmrag_pipeline.retrieval.hits import Hit

_SNIPPET = 160


def search(
    text: Annotated[str, typer.Argument(help="Words to look for.", show_default=False)] = "",
    image: Annotated[
        Path | None, typer.Option("--image", help="A picture to look for.", show_default=False)
    ] = None,
    domain: Domains = None,
    kind: Kinds = None,
    visibility: Groups = None,
    category: Annotated[
        list[str] | None,
        typer.Option("--category", help="Only files of this category (may be repeated)."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="DATE",
            help="Only files changed on this day or later (YYYY-MM-DD, or RFC 3339; UTC).",
            show_default=False,
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until",
            metavar="DATE",
            help="Only files changed up to the end of this day, or before this instant.",
            show_default=False,
        ),
    ] = None,
    page: Annotated[
        list[int] | None,
        typer.Option(
            "--page", min=1, max=LAST_PAGE, help="Only this page of files (may be repeated)."
        ),
    ] = None,
    strategy: Annotated[
        str | None,
        typer.Option(
            "--strategy",
            metavar="NAME",
            help=f"How signals become one ranking: {STRATEGY_NAMES}.",
            show_default=False,
        ),
    ] = None,
    refine: Annotated[
        list[str] | None,
        typer.Option(
            "--refine",
            metavar="NAME",
            help=f"What to do with the ranking: {REFINEMENT_NAMES} (may be repeated, in order).",
            show_default=False,
        ),
    ] = None,
    group: Annotated[
        str, typer.Option("--group", help="What a hit is: file, or page (each of its own).")
    ] = "file",
    k: Annotated[int, typer.Option("-k", min=1, max=MOST_HITS, help="How many hits.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Find files by words, by a picture, or by both.

    Examples:

        mmrag search "a tent for camping"

        mmrag search "total 129.50" --domain office -k 3

        mmrag search --image photo.jpg --json

        mmrag search "heating costs" --since 2026-01-01 --page 1

        mmrag search "heating costs" --category invoices

        mmrag search "heating costs" --strategy rrf --refine exact --refine mmr

        mmrag search "heating costs" --group page
    """
    settings = load_settings()
    searcher = open_searcher(settings, strategy, refine=refine)
    wanted = Wanted(
        text=text,
        image=image,
        domains=domain or None,
        kinds=kind or None,
        visibility=visibility or None,
        categories=category or None,
        pages=page or None,
        since=since,
        until=until,
        limit=k,
        unit=group,
    )
    query, asked = query_of(settings, wanted, store=searcher.store, spelled=as_option)
    for told in asked.told:
        warn(told)
    hits = searcher.search(query)
    searcher.telemetry.push()
    if not hits and (hint := category_hint(open_tables(settings), searcher, query)):
        warn(hint)
    if as_json:
        print_json({"query": text, "hits": [hit.as_json() for hit in hits]})
    else:
        print_hits(text or str(image), hits)
    if asked.trouble:
        raise typer.Exit(1)


def print_hits(title: str, hits: Sequence[Hit]) -> None:
    """Print hits: where, why and what is written there."""
    print_title(f"{counted(len(hits), 'hit')} for {title!r}")
    if hits and hits[0].derived:
        print_entry("texts were asked with what the picture says", _cut(hits[0].derived))
    for hit in hits:
        place = f"page {hit.place.page_no}, {hit.place.kind}: {_why(hit)}"
        print_entry(f"{hit.rank:>3} {hit.domain}/{hit.key}", place, body=_text(hit))


def _why(hit: Hit) -> str:
    shares = sorted(hit.signals.items(), key=lambda item: -item[1].contribution)
    why = [
        f"{signal} {_signed(share.contribution)}" for signal, share in shares if share.contribution
    ]
    told = [*why, *map(_told, hit.refined, hit.refined.values()), *_copies(hit)]
    return ", ".join(told) or "no evidence above the background"


def _signed(contribution: float) -> str:
    """Return a contribution with a decimal, or, where that would hide it, two figures."""
    return f"{contribution:+.1f}" if abs(contribution) >= 1.0 else f"{contribution:+.2g}"


def _told(refinement: str, change: Change) -> str:
    """Return what a refinement did, `mmr 3 -> 2` for one, with what it went by."""
    moved = [f"{change['from']:.0f} -> {change['to']:.0f}"] if "to" in change else []
    by = [f"{name} {number:.2f}" for name, number in change.items() if name not in ("from", "to")]
    return " ".join([refinement, *moved, *by])


def _copies(hit: Hit) -> list[str]:
    return ["same as " + " and ".join("/".join(file) for file in hit.copies)] if hit.copies else []


def _text(hit: Hit) -> str:
    """Return what is written at the hit, or elsewhere on it when the best place has no words."""
    texts = (place.text for place in (hit.place, *hit.also))
    return _cut(next((text for text in texts if text.strip()), ""))


def _cut(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _SNIPPET else words[: _SNIPPET - 1] + "…"

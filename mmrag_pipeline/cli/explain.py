"""`mmrag explain`: from a hit back to its page, its file, the models and the runs."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from mmrag_pipeline.assembly import open_world
from mmrag_pipeline.cli.chosen import indexed_domains
from mmrag_pipeline.cli.console import OUT, print_json, printable, warn
from mmrag_pipeline.cli.options import AsJson, Domains, load_settings
from mmrag_pipeline.cli.partitions import tabled_partitions
from mmrag_pipeline.cli.served import not_served, served_domains
from mmrag_pipeline.errors import NotFoundError
from mmrag_pipeline.ids import domain_of, domains_of
from mmrag_pipeline.indexing.explain import Explanation
from mmrag_pipeline.indexing.explain import explain as explain_point
from mmrag_pipeline.indexing.station import World


def explain(
    point_id: Annotated[str, typer.Argument(help="The point_id of a hit.")],
    domain: Domains = None,
    as_json: AsJson = False,
) -> None:
    """Walk from a point back to its raw file.

    Example:

        mmrag explain 8f14e45f-ceea-5d4f-9c3a-0a6e5b1c2d3e
    """
    settings = load_settings()
    with open_world(settings) as world:
        domains = indexed_domains(settings, domain)
        name, found = find_point(world, tabled_partitions(settings, domains), point_id)
        engines = (world.image_text, world.text, world.sparse, world.ocr, world.captioner)
        names = {engine.card.fingerprint: engine.card.name for engine in engines}
    if domain_of(name) not in served_domains(settings):
        warn(not_served(settings, [domain_of(name)]))
    if as_json:
        print_json({"domain": domain_of(name), **asdict(found)})
        return
    for label, value in _lines(domain_of(name), found, names):
        OUT.print(f"[bold]{label:>10}[/bold]  {escape(printable(value))}")


def find_point(world: World, partitions: list[str], point_id: str) -> tuple[str, Explanation]:
    """Return the partition that has a point, and where it comes from; raises NotFoundError."""
    for name in partitions:
        try:
            return name, explain_point(world, name, point_id)
        except NotFoundError:
            continue
    raise NotFoundError(
        f"no point {point_id!r} in {', '.join(domains_of(partitions))}: take a point_id from "
        "`mmrag search --json`; if files changed since, search again"
    )


def _model(fingerprint: str, names: Mapping[str, str]) -> str:
    """Return the name of a model of today's settings, or the digest of another's card."""
    return names.get(fingerprint, f"of card {fingerprint[:12]}")


def _lines(domain: str, found: Explanation, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    page, part, file = found.page, found.part, found.file
    yield "point", found.point_id
    yield "part", f"{part.kind} {part.box.as_text() if part.box else ''} {part.text[:200]}"
    yield (
        "page",
        f"{page.page_no} ({page.width_px} x {page.height_px} px), digest {page.page_digest}",
    )
    yield "file", f"{domain}/{file.key}"
    yield "", f"{file.uri}, {file.size_bytes:,} bytes, {file.media_type}, digest {file.digest}"
    if file.version:
        yield "", f"version {file.version} of {file.uri}"
    yield "seen by", ", ".join(file.visibility)
    yield "category", file.category or "none"
    yield "models", ", ".join(f"{role} {_model(card, names)}" for role, card in found.cards.items())
    yield "served by", f"{found.served_by or 'nothing'} (run {found.applied_by_run or '-'})"
    for row in found.lineage:
        yield row.table, f"{row.rows:,} rows, digest {row.digest[:12]}, run {row.run_id}"

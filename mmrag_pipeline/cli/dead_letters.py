"""`mmrag dead-letters`: files that could not be used, and why; `--replay` tries them again."""

from typing import Annotated

import polars as pl
import typer

from mmrag_pipeline.assembly import open_tables
from mmrag_pipeline.cli.chosen import indexed_domains
from mmrag_pipeline.cli.console import counted, print_entry, print_json, print_title
from mmrag_pipeline.cli.index import run_index, tell_troubles
from mmrag_pipeline.cli.options import AsJson, Domains, load_settings
from mmrag_pipeline.cli.partitions import tabled_partitions
from mmrag_pipeline.cli.summary import Summary
from mmrag_pipeline.ids import domain_of
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.schemas import DEAD_LETTERS
from mmrag_pipeline.settings import Settings


def dead_letters(
    domain: Domains = None,
    replay: Annotated[bool, typer.Option("--replay", help="Try these files again now.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the files that are not (fully) in the index, with the reason.

    Examples:

        mmrag dead-letters

        mmrag dead-letters --replay --json
    """
    settings = load_settings()
    domains = indexed_domains(settings, domain)
    tried = run_index(settings, domains, Mode("", replay=True)) if replay else Summary(())
    letters = read_letters(settings, domains)
    if as_json:
        print_json({"dead_letters": letters.to_dicts()})
    else:
        _print(letters)
    tell_troubles(tried)


def read_letters(settings: Settings, domains: list[str]) -> pl.DataFrame:
    """Return the dead letters of these domains in DEAD_LETTERS' columns and `domain`."""
    tables = open_tables(settings)
    frames = [
        frame.with_columns(domain=pl.lit(domain_of(name)))
        for name in tabled_partitions(settings, domains)
        if (frame := tables.read("dead_letters", name)) is not None
    ]
    empty = pl.DataFrame(schema={**DEAD_LETTERS, "domain": pl.String()})
    # while a domain is being split, letters of files stand in two of its partitions
    letters = pl.concat([empty, *frames]).unique(["file_id", "station"], maintain_order=True)
    return letters.sort("domain", "key", "station")


def _print(letters: pl.DataFrame) -> None:
    print_title(counted(letters.height, "dead letter"))
    for row in letters.iter_rows(named=True):
        tries = counted(row["attempts"], "attempt")
        why = f"{row['station']}: {row['reason']} ({tries})"
        print_entry(f"{row['domain']}/{row['key']}", why, body=row["message"])

"""What is said where a search names a category that no file has."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from mmrag_pipeline.cli.categories import category_hint
from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.retrieval.query import Query
from mmrag_pipeline.stores.memory import MemoryTables
from mmrag_pipeline.testing.gates import searcher_of
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import fake_settings, fake_world
from tests.cli.commands import Bench

SETTINGS: Mapping[str, object] = {
    "private_domains": ("hr",),
    "visibility_rules": {"shop/secret/*": ("staff",)},
}


@pytest.fixture
def world() -> World:
    """Return a world of bills, secrets that staff may see, and a private domain."""
    source = FakeSource()
    for domain, key in (("shop", "bills/a.txt"), ("shop", "secret/b.txt"), ("hr", "pay/c.txt")):
        source.put(domain, key, f"txt:{key}".encode())
    made = fake_world(source, settings=fake_settings().model_copy(update=SETTINGS))
    for domain in ("shop", "hr"):
        run_partition(made, domain, Mode("first"))
    return made


def hint(world: World, *categories: str, groups: tuple[str, ...] | None = ("public",)) -> str:
    """Return what is said of a search of groups without hits; None names no group."""
    searcher = replace(searcher_of(world), private=lambda: ("hr",))
    query = Query(text="words", categories=categories or None, visibility=groups)
    return category_hint(world.tables, searcher, query)


def test_a_category_that_no_file_has_is_told_with_those_there_are(world: World) -> None:
    assert hint(world, "bill", groups=None) == (
        "no file that this search may find has the category 'bill'; there are: 'bills', 'secret'"
    )


def test_categories_of_files_that_a_group_may_not_see_are_not_told(world: World) -> None:
    assert hint(world, "bill").endswith("there are: 'bills'")
    assert hint(world, "secret").endswith("there are: 'bills'")
    assert hint(world, "bill", groups=("hr",)).endswith("there are: 'pay'")
    assert hint(world, "bill", groups=("nobody",)).endswith("'bill', nor any other")


def test_nothing_is_said_of_categories_that_are_there_or_not_asked(world: World) -> None:
    assert hint(world, "bills") == hint(world) == ""


class Unreadable(MemoryTables):
    """Tables that cannot be read."""

    def partitions(self, table: str) -> list[str]:
        """Raise CorruptStateError."""
        raise CorruptStateError(f"{table} is damaged")


def test_nothing_is_said_where_tables_cannot_be_read(world: World) -> None:
    assert hint(replace(world, tables=Unreadable()), "bill") == ""


def test_a_search_says_which_categories_there_are(indexed: Bench) -> None:
    said = indexed.mmrag("search", "tea", "--category", "drink", "--json")
    assert (said.code, said.json["hits"]) == (0, [])
    assert "warning: no file that this search may find has the category 'drink'" in said.err

"""Labels that no ranking of the asked domains can hold."""

from pathlib import Path

import pytest

from mmrag_pipeline.evaluation.labels import Unmet, unmet
from mmrag_pipeline.evaluation.qrels import LabelledQuery, RelevantPage
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import fake_settings, fake_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return an indexed world of a shop and of what staff may see."""
    source = FakeSource()
    source.put("shop", "guide.pdf", b"pdf:1|2|3")
    source.put("shop", "broken.pdf", b"bad")
    for domain, key in (("shop", "a.txt"), ("hr", "a.txt"), ("hr", "pay.txt")):
        source.put(domain, key, f"txt:{domain} {key}".encode())
    made = fake_world(source, settings=fake_settings().model_copy(update={"home": tmp_path}))
    for domain in ("shop", "hr"):
        run_partition(made, domain, Mode("first"))
    return made


def of(world: World, *relevant: str, asked: tuple[str, ...] = ("shop",)) -> Unmet:
    """Return what of one query's labels cannot be met."""
    return unmet([LabelledQuery("q", "words", None, relevant, "any")], world.tables, asked)


def test_a_file_of_a_domain_that_is_asked_is_met(world: World) -> None:
    assert of(world, "a.txt", "shop/a.txt") == Unmet()
    assert of(world, "hr/pay.txt", asked=("hr",)) == Unmet()
    assert Unmet().told == ()


def test_files_that_only_domains_have_that_were_not_asked_are_told_apart(world: World) -> None:
    found = of(world, "pay.txt", "hr/a.txt", "a.txt", "gone.txt")
    assert found.absent == ("gone.txt",)
    assert found.not_asked == ("hr/a.txt", "pay.txt")
    assert found.domains == ("hr",)
    assert found.told[1].startswith("2 relevant keys only in domains that were not asked (hr)")


def pages_of(world: World, *pages: tuple[str, int]) -> Unmet:
    """Return what of one query's pages cannot be met."""
    labels = tuple(RelevantPage(*page) for page in pages)
    query = LabelledQuery("q", "words", None, ("guide.pdf",), "any", pages=labels)
    return unmet([query], world.tables, ("shop",))


def test_a_page_beyond_the_last_one_of_its_file_is_told(world: World) -> None:
    given = ("shop/guide.pdf", 7), ("guide.pdf", 4), ("guide.pdf", 3), ("shop/guide.pdf", 1)
    found = pages_of(world, *given)
    assert found.pages == (
        "guide.pdf page 4 (the last one read is 3)",
        "shop/guide.pdf page 7 (the last one read is 3)",
    )
    assert found.told[0].startswith("2 relevant pages not in the index, counted as not found: gui")


def test_a_page_of_a_file_that_was_not_read_is_not_called_absent(world: World) -> None:
    assert pages_of(world, ("broken.pdf", 7)) == Unmet()


def test_a_page_of_no_indexed_file_is_told_as_its_file(world: World) -> None:
    assert pages_of(world, ("gone.pdf", 1)) == Unmet(absent=("gone.pdf",))


def test_a_sentence_names_five_and_says_that_there_are_more() -> None:
    (told,) = Unmet(absent=tuple("abcdef")).told
    assert told == "6 relevant keys not in the index, counted as not found: a, b, c, d, e, …"

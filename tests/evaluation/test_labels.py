"""Labels that no ranking of the asked domains can hold."""

from pathlib import Path

import pytest

from mmrag_pipeline.evaluation.labels import Unmet, unmet
from mmrag_pipeline.evaluation.qrels import LabelledQuery
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import fake_settings, fake_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return an indexed world of a shop and of what staff may see."""
    source = FakeSource()
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


def test_a_sentence_names_five_and_says_that_there_are_more() -> None:
    (told,) = Unmet(absent=tuple("abcdef")).told
    assert told == "6 relevant keys not in the index, counted as not found: a, b, c, d, e, …"

"""Points are distinct, stable, and say where they come from."""

import json

import polars as pl
import pytest

from mmrag_pipeline.indexing.commit import read_table
from mmrag_pipeline.testing.snapshot import index_points
from tests.indexing.life import DOMAIN, Life


def _points(life: Life) -> pl.DataFrame:
    points = life.state.tables.read("points", DOMAIN)
    assert points is not None
    return points


def _payloads(life: Life, kind: str) -> list[dict[str, object]]:
    chosen = _points(life).filter(pl.col("kind") == kind).sort("point_id")
    return [json.loads(payload) for payload in chosen["payload"]]


def test_the_same_text_twice_on_a_page_has_two_points() -> None:
    life = Life()
    life.put(a="txt:" + "\n".join(["one two three four five six seven eight"] * 8))
    life.run()
    texts = [payload["text"] for payload in _payloads(life, "text")]
    assert len(texts) > len(set(texts))
    assert _points(life)["point_id"].is_unique().all()


def test_equal_files_have_points_of_their_own() -> None:
    life = Life()
    life.put(a="img:1", b="img:1")
    life.run()
    assert {p["key"] for p in _payloads(life, "page")} == {"a", "b"}
    assert _points(life)["point_id"].is_unique().all()


def test_equal_pages_of_a_document_have_points_of_their_own() -> None:
    life = Life()
    life.put(a="pdf:p|p")
    life.run()
    assert {p["page_no"] for p in _payloads(life, "page")} == {1, 2}
    assert _points(life)["point_id"].is_unique().all()


def test_point_ids_do_not_depend_on_other_files() -> None:
    life = Life()
    life.put(b="pdf:p|q@150x100")
    life.run()
    before = set(_points(life)["point_id"])
    life.put(a="img:7", c="txt:more words")
    life.run()
    assert before < set(_points(life)["point_id"])


def test_the_vectors_of_a_point_depend_on_its_kind() -> None:
    life = Life()
    life.put(a="img:1@150x100", b="txt:words")
    life.run()
    signals = {
        payload["kind"]: (set(dense), sparse is not None)
        for payload, dense, sparse in index_points(life.world(), DOMAIN).values()
    }
    assert signals == {
        "page": ({"image"}, False),
        "tile": ({"image"}, False),
        "ocr": ({"text"}, True),
        "text": ({"text"}, True),
        "caption": ({"text", "image_text"}, True),
    }


def test_a_changed_visibility_changes_payloads_and_no_vectors() -> None:
    life = Life()
    life.put(a="img:1", b="img:2")
    life.run()
    life.show_to("staff")
    changes = life.run()["collection"].changes
    assert (changes["upserted"], changes["payloads"]) == (0, 3)
    assert {tuple(p["visibility"]) for p in _payloads(life, "page")} == {  # type: ignore[arg-type]  # a list
        ("staff",),
        ("public",),
    }


def test_a_point_names_the_models_that_made_it() -> None:
    life = Life()
    life.put(a="img:1")
    life.run()
    (caption,) = _payloads(life, "caption")
    cards = caption["cards"]
    assert isinstance(cards, dict)
    assert cards["caption"] == life.models.captioner.card.fingerprint
    assert cards["ocr"] is None


def _blur(life: Life) -> str:
    """Give every stored point a hash that is wrong; return it."""
    table, lineage = read_table(life.world(), "points", DOMAIN)
    assert table is not None
    assert lineage is not None
    wrong = "f" * 32
    life.state.tables.write(table.with_columns(point_hash=pl.lit(wrong)), lineage)
    return wrong


def test_only_points_that_say_something_else_are_hashed_again() -> None:
    life = Life()
    life.put(a="img:1", b="img:2")
    life.run()
    wrong = _blur(life)
    life.put(b="img:3")
    life.run()
    hashed = _points(life).filter(pl.col("point_hash") != wrong)
    keys = {json.loads(payload)["key"] for payload in hashed["payload"]}
    assert keys == {"b"}


@pytest.mark.parametrize("cure", ["force", "recipe"])
def test_every_point_is_hashed_again_by_force_and_for_another_recipe(cure: str) -> None:
    life = Life()
    life.put(a="img:1", b="img:2")
    life.run()
    right = _points(life)
    wrong = _blur(life)
    if cure == "recipe":
        life.change_model("sparse", "2")
    life.run(force=cure == "force")
    assert wrong not in _points(life)["point_hash"]
    assert (cure == "recipe") != _points(life).equals(right)

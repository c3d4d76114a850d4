"""Tables of an evaluation: what was asked, found and measured."""

from pathlib import Path

import polars as pl
import pytest

from mmrag_pipeline.evaluation.asking import Ranked, Trial
from mmrag_pipeline.evaluation.qrels import LabelledQuery, RelevantPage
from mmrag_pipeline.evaluation.scoring import (
    latency_of,
    measured,
    rankings_of,
    scores_table,
)
from mmrag_pipeline.evaluation.tables import (
    hits_table,
    identity_of,
    queries_of,
    queries_table,
    searches_table,
)
from mmrag_pipeline.evaluation.variants import Ablations
from mmrag_pipeline.ids import file_id
from mmrag_pipeline.records import Pixels
from mmrag_pipeline.schemas import EVAL_SEARCHES
from tests.retrieval.shelves import Shelves, picture

WORDS = LabelledQuery("w", "a red kettle", None, ("kettle.txt",), "words")
WRONG = LabelledQuery("n", "a blue cup", None, ("absent.txt",), "words")
PICTURE = LabelledQuery("p", "", Path("3.png"), ("shop/3.png",), "picture", grades=(2,))
PAGED = LabelledQuery(
    "g", "a blue cup", None, ("cup.txt",), "words", pages=(RelevantPage("cup.txt", 1),)
)
QUERIES = [WORDS, WRONG, PICTURE, PAGED]
LABELS = {"shop": {"kettle.txt", "cup.txt", "3.png", "shop/3.png"}, "office": {"cup.txt"}}


@pytest.fixture
def shelves() -> Shelves:
    """Return a domain of texts and pictures."""
    filled = Shelves()
    filled.fill("shop", {"kettle.txt": "a red kettle", "cup.txt": "a blue cup"})
    filled.add("shop", [filled.page("shop", f"{n}.png", picture(n)) for n in range(5)])
    return filled


def _load(path: Path) -> Pixels:
    return picture(int(path.stem))


def _asked(shelves: Shelves, *queries: LabelledQuery, deep: bool = False) -> list[Ranked]:
    ablations = Ablations(("kinds",)) if deep else Ablations()
    return list(Trial(shelves.searcher, _load, ablations).ask_all(queries))


def _table(*queries: LabelledQuery) -> pl.DataFrame:
    return queries_table(queries, LABELS, lambda path: f"digest of {path.name}")


def _scores(shelves: Shelves, *queries: LabelledQuery) -> dict[tuple[str, ...], float]:
    """Return (ranking, unit, slice, name, measure) -> value."""
    ranked, table = _asked(shelves, *queries), _table(*queries)
    searches = searches_table(ranked, {})
    found = list(measured(table, hits_table(ranked), rankings_of(searches)))
    rows = scores_table(table, found, 0.95).drop("queries", "low", "high").iter_rows()
    return {tuple(row[:-1]): row[-1] for row in rows}


def test_queries_come_back_from_their_table() -> None:
    assert queries_of(_table(*QUERIES)) == QUERIES


def test_a_table_of_queries_says_where_their_files_are_and_which_are_nowhere() -> None:
    table = _table(*QUERIES)
    assert table["domains"].to_list() == [["shop"], [], ["shop"], ["office", "shop"]]
    assert table["absent"].to_list() == [[], ["absent.txt"], [], []]


def test_queries_are_the_same_in_any_order_and_wherever_their_pictures_lie() -> None:
    moved = LabelledQuery("p", "", Path("/elsewhere/3.png"), ("shop/3.png",), "picture", (), (2,))
    assert identity_of(_table(WORDS, PICTURE)) == identity_of(_table(moved, WORDS))
    other = LabelledQuery("w", "a red kettle", None, ("cup.txt",), "words")
    assert identity_of(_table(other)) != identity_of(_table(WORDS))


def test_a_hit_names_its_file_by_id_and_the_entry_that_it_is(shelves: Shelves) -> None:
    hits = hits_table(_asked(shelves, WORDS))
    first = hits.filter((pl.col("ranking") == "bm25") & (pl.col("rank") == 1)).row(0, named=True)
    assert (first["file_id"], first["entry"]) == (file_id("shop", "kettle.txt"), 0)
    assert hits.filter(pl.col("rank") == 2)["entry"].drop_nulls().is_empty()


def test_the_fused_hits_tell_where_and_by_which_signals(shelves: Shelves) -> None:
    hits = hits_table(_asked(shelves, WORDS)).filter(pl.col("rank") == 1)
    fused = hits.filter(pl.col("ranking") == "fused").row(0, named=True)
    assert (fused["page_no"], fused["kind"], fused["right"]) == (1, "text", 8)
    assert {"text", "bm25"} <= {share["signal"] for share in fused["shares"]}
    assert hits.filter(pl.col("ranking") == "text")["point_id"].to_list() == [None]


def test_the_search_is_measured_and_the_reading_of_a_picture_is_not(shelves: Shelves) -> None:
    (one,) = _asked(shelves, PICTURE)
    assert 0.0 < one.seconds < 60.0
    before = shelves.image_text.calls
    _asked(shelves, PICTURE)
    assert shelves.image_text.calls == before + 2, "once unmeasured, for models to load"


def test_lists_are_deeper_only_for_ablations(shelves: Shelves) -> None:
    plain, deep = (Trial(shelves.searcher, _load, Ablations(names)) for names in ((), ("kinds",)))
    assert (plain.depth, deep.depth) == (150, 600)
    whole = [{n: r.judged for n, r in one.files.items()} for one in _asked(shelves, *QUERIES)]
    ablated = _asked(shelves, *QUERIES, deep=True)
    assert [{n: one.files[n].judged for n in whole[0]} for one in ablated] == whole


def test_a_signal_that_no_query_asks_has_no_ranking(shelves: Shelves) -> None:
    assert rankings_of(searches_table(_asked(shelves, PICTURE), {})) == [
        "fused",
        "image",
        "image_text",
    ]


def test_measures_are_means_over_all_a_kind_and_a_domain(shelves: Shelves) -> None:
    scores = _scores(shelves, *QUERIES)
    assert scores["fused", "file", "overall", "", "success@1"] == 0.75
    assert scores["fused", "file", "kind", "words", "R@1"] == pytest.approx(2 / 3)
    assert scores["fused", "file", "kind", "picture", "ndcg@10"] == 1.0
    assert scores["fused", "file", "domain", "shop", "success@1"] == 1.0
    assert scores["bm25", "file", "overall", "", "success@1"] == 0.5


def test_pages_are_measured_on_the_queries_that_name_some(shelves: Shelves) -> None:
    scores = _scores(shelves, *QUERIES)
    assert scores["fused", "page", "overall", "", "success@10"] == 1.0
    elsewhere = LabelledQuery(
        "e", "a blue cup", None, ("cup.txt",), "words", pages=(RelevantPage("cup.txt", 2),)
    )
    assert _scores(shelves, elsewhere, PAGED)["fused", "page", "overall", "", "success@10"] == 0.5
    assert {unit for _, unit, *_ in _scores(shelves, WORDS)} == {"file"}


def test_the_order_of_queries_changes_no_measure(shelves: Shelves) -> None:
    there, back = _scores(shelves, *QUERIES), _scores(shelves, *QUERIES[::-1])
    assert there == pytest.approx(back)


def test_latency_is_read_from_the_searches() -> None:
    rows: list[tuple[object, ...]] = [(str(n), n / 100, [], "{}") for n in range(1, 101)]
    found = latency_of(pl.DataFrame(rows, schema=EVAL_SEARCHES, orient="row"))
    assert (found.p50_s, found.p95_s) == pytest.approx((0.505, 0.9505))
    assert found.per_s == pytest.approx(100 / 50.5)

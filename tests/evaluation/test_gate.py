"""The gate asks labelled queries of two generations and refuses one that is worse."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl
import pytest

from mmrag_pipeline.engines.stub import StubText
from mmrag_pipeline.errors import ParseError, SettingsError
from mmrag_pipeline.evaluation.gate import QueryGate, held_by
from mmrag_pipeline.evaluation.paired import Limits
from mmrag_pipeline.evaluation.qrels import LabelledQuery
from mmrag_pipeline.evaluation.scores import Score, scores_of
from mmrag_pipeline.generation_records import GateVerdict
from mmrag_pipeline.ids import collection_name, file_ids
from mmrag_pipeline.records import Layout, Lineage, Pixels
from mmrag_pipeline.schemas import RAW_FILES, TIME
from mmrag_pipeline.stores.memory import MemoryTables
from mmrag_pipeline.testing.worlds import TODAY
from tests.retrieval.shelves import PREFIX, Shelves, picture

TEXTS = {f"{word}.txt": f"a {word} on a shelf" for word in ("kettle", "cup", "lamp", "pan", "jug")}
G1, G2 = (collection_name(PREFIX, "shop", number) for number in (1, 2))


def _labels(kind: str = "words") -> list[LabelledQuery]:
    return [LabelledQuery(key, text, None, (key,), kind) for key, text in TEXTS.items()]


@dataclass
class Shop:
    """A domain whose first generation serves, and the next."""

    shelves: Shelves = field(default_factory=Shelves)
    tables: MemoryTables = field(default_factory=MemoryTables)
    queries: list[LabelledQuery] = field(default_factory=_labels)
    shown: list[tuple[str, int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.shelves.fill("shop", TEXTS)
        self.list_files(TEXTS)

    def list_files(self, keys: dict[str, str], expired: tuple[str, ...] = ()) -> None:
        """Write the table of files."""
        table = pl.DataFrame(
            {"file_id": file_ids("shop", keys), "key": list(keys)},
        ).with_columns(expired=pl.col("key").is_in(expired), modified_at=pl.lit(TODAY).cast(TIME))
        rows = pl.DataFrame(schema=RAW_FILES)
        table = pl.concat([rows, table.cast({"key": pl.String})], how="diagonal")
        lineage = Lineage("raw_files", "shop", "", table.height, {}, "", {}, "")
        self.tables.write(table, lineage)

    def change_model(self, *, old_can_be_had: bool) -> None:
        """Let another model be that of today."""
        self.shelves.others = (self.shelves.encoders,) if old_can_be_had else ()
        self.shelves.text = StubText(revision="2")

    def next_one(self, texts: dict[str, str]) -> None:
        """Fill the next generation, so that it finds each key by this text."""
        store, today = self.shelves.store, self.shelves.text.card.fingerprint
        spaces = store.layouts()[G1].spaces
        ours = [replace(s, fingerprint=today) if s.signal == "text" else s for s in spaces]
        store.create(G2, Layout(tuple(ours)))
        with store.writer(G2) as index:
            index.upsert([self.shelves.words("shop", key, text) for key, text in texts.items()])

    def advance(self, station: str, *, done: int, total: int) -> None:
        """Note how far the gate is (ports.Progress)."""
        self.shown.append((station, done, total))

    def judge(self) -> GateVerdict:
        """Ask the gate."""
        gate = QueryGate(
            queries=lambda: self.queries,
            tables=self.tables,
            searcher=self.shelves.searcher,
            load_image=_no_picture,
            limits=Limits(max_loss=0.02, confidence=0.95),
        )
        return gate.judge("shop", live=G1, candidate=G2, progress=self)


def _no_picture(path: Path) -> Pixels:
    if path.name == "seven.png":
        return picture(7)
    raise ParseError(f"{path} is damaged", reason="corrupt")


@pytest.fixture
def shop() -> Shop:
    """Give the domain."""
    return Shop()


def test_a_generation_that_answers_as_well_passes(shop: Shop) -> None:
    shop.next_one(TEXTS)
    verdict = shop.judge()
    assert verdict.passed
    assert verdict.message == (
        "5 queries, nDCG@10 1.000 before, 1.000 now; worst of fused, image, text, image_text, "
        "bm25, fused on words: fused +0.000 (+0.000 to +0.000); no loss above 0.02 is sure "
        "(confidence 0.95)"
    )


def test_each_query_that_was_asked_is_shown(shop: Shop) -> None:
    shop.next_one(TEXTS)
    shop.judge()
    assert shop.shown == [("gate", done, 5) for done in range(6)]


def test_one_that_finds_other_files_is_refused_with_what_is_worse(shop: Shop) -> None:
    shop.next_one(_mixed_up())
    verdict = shop.judge()
    assert not verdict.passed
    assert "worse: fused 1.000 to 0." in verdict.message
    assert "fused on words 1.000 to 0." in verdict.message


def test_what_was_measured_is_among_the_numbers(shop: Shop) -> None:
    shop.next_one(_mixed_up())
    numbers = shop.judge().numbers
    assert (numbers["live"], numbers["candidate"], numbers["queries"]) == (G1, G2, 5)
    rankings = [(score.ranking, score.kind) for score in scores_of(numbers)]
    signals = [(name, "overall") for name in ("image", "text", "image_text", "bm25")]
    assert rankings == [("fused", "overall"), *signals, ("fused", "words")]
    assert _score(shop, "text").found.live == 1.0


def test_one_signal_that_is_worse_is_enough(shop: Shop) -> None:
    shop.next_one(TEXTS)
    _turn_text_vectors(shop)
    verdict = shop.judge()
    worse = [s.ranking for s in scores_of(verdict.numbers) if s.found.worse]
    assert not verdict.passed
    assert "text" in worse
    assert "bm25" not in worse


def test_a_kind_of_few_queries_is_told_and_does_not_decide(shop: Shop) -> None:
    rare = LabelledQuery("rare", "a vase on a shelf", None, ("vase.txt",), "rare")
    shop.queries = [*_labels(), *(replace(q, query_id=f"{q.query_id}2") for q in _labels())] * 4
    shop.queries = [*shop.queries, rare]
    shop.shelves.add("shop", [shop.shelves.words("shop", "vase.txt", rare.text)])
    shop.list_files({**TEXTS, "vase.txt": rare.text})
    shop.next_one(TEXTS)
    found = _score(shop, "fused", "rare").found
    assert (found.queries, found.live, found.candidate) == (1, 1.0, 0.0)
    assert not found.decides
    assert shop.judge().passed


def test_too_few_queries_decide_nothing_and_that_is_said(shop: Shop) -> None:
    shop.queries = shop.queries[:4]
    shop.next_one(_mixed_up())
    verdict = shop.judge()
    assert verdict.passed
    assert "fewer than 5 queries cannot tell a loss from chance" in verdict.message


@pytest.mark.parametrize("where", ["elsewhere.txt", "office/kettle.txt"])
def test_without_a_query_of_the_domain_nothing_is_compared(shop: Shop, where: str) -> None:
    shop.queries = [LabelledQuery("q", "a kettle", None, (where,), "words")]
    shop.next_one({})
    verdict = shop.judge()
    assert verdict.passed
    assert verdict.message.endswith("has a relevant file in 'shop': nothing was compared")


def test_files_of_other_domains_are_not_missed(shop: Shop) -> None:
    shop.queries = [replace(q, relevant=(*q.relevant, "office/x")) for q in shop.queries]
    shop.next_one(TEXTS)
    assert _score(shop, "fused").found.candidate == 1.0


def test_grades_go_with_the_files_that_they_are_of() -> None:
    query = LabelledQuery("q", "a cup", None, ("absent", "cup.txt"), "words", grades=(1, 3))
    (asked,) = held_by([query], {"cup.txt"})
    assert (asked.relevant, asked.grades) == (("cup.txt",), (3,))


def test_a_question_that_no_file_answers_is_not_asked(shop: Shop) -> None:
    shop.queries.append(LabelledQuery("n", "a vase", None, (), "words"))
    shop.next_one(TEXTS)
    assert shop.judge().numbers["queries"] == 5


def test_files_that_are_out_of_time_are_not_missed(shop: Shop) -> None:
    shop.list_files(TEXTS, expired=("kettle.txt",))
    shop.next_one({key: text for key, text in TEXTS.items() if key != "kettle.txt"})
    assert shop.judge().numbers["queries"] == 4


def test_each_query_asks_a_signal_that_it_asks_at_all(shop: Shop) -> None:
    shop.queries.append(LabelledQuery("p", "", Path("seven.png"), ("cup.txt",), "picture"))
    shop.next_one(TEXTS)
    assert _score(shop, "image").found.queries == 6
    assert _score(shop, "text").found.queries == 5


def test_a_query_picture_that_cannot_be_read_names_the_setting(shop: Shop) -> None:
    shop.queries.append(LabelledQuery("p", "", Path("bad.png"), ("cup.txt",), "picture"))
    shop.next_one(TEXTS)
    with pytest.raises(SettingsError, match=r"MMRAG_GATE_QUERIES, query 'p': bad.png is damaged"):
        shop.judge()


def test_each_generation_is_asked_with_its_own_models(shop: Shop) -> None:
    shop.change_model(old_can_be_had=True)
    shop.next_one(TEXTS)
    found = _score(shop, "text").found
    assert (found.live, found.candidate) == (1.0, 1.0)


def test_without_the_models_of_the_old_one_nothing_passes_and_the_reason_is_told(
    shop: Shop,
) -> None:
    shop.change_model(old_can_be_had=False)
    shop.next_one(TEXTS)
    verdict = shop.judge()
    assert not verdict.passed
    assert verdict.message.startswith(f"{G1!r}, which serves, cannot be asked to compare: no model")
    assert "scores" not in verdict.numbers


def test_judging_moves_no_alias(shop: Shop) -> None:
    before = shop.shelves.store.aliases()
    shop.next_one(TEXTS)
    shop.judge()
    assert shop.shelves.store.aliases() == before


def _mixed_up() -> dict[str, str]:
    texts = list(TEXTS.values())
    return dict(zip(TEXTS, [*texts[1:], texts[0]], strict=True))


def _turn_text_vectors(shop: Shop) -> None:
    """Give each point of the next generation the vector of another text."""
    store, text = shop.shelves.store, shop.shelves.text
    with store.writer(G2) as index:
        ids = [point_id for frame in index.held() for point_id in frame["point_id"]]
        points = index.fetch(ids, vectors=True)
        rows = text.encode([_mixed_up()[str(point.payload["key"])] for point in points])
        turned = zip(points, rows, strict=True)
        index.upsert([replace(point, dense={"text": row}) for point, row in turned])


def _score(shop: Shop, ranking: str, kind: str = "overall") -> Score:
    scores = {(s.ranking, s.kind): s for s in scores_of(shop.judge().numbers)}
    return scores[ranking, kind]

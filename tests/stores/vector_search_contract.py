"""How every vector store answers."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import pytest

from mmrag_pipeline.errors import CollectionMismatchError
from mmrag_pipeline.ports import CollectionWriter, VectorStore
from mmrag_pipeline.records import (
    SparseVector,
    StoredPoint,
    Where,
)
from tests.stores.samples import payload, point, point_id, vector, words
from tests.stores.vector_store_fixtures import (
    ANYTHING,
    OTHER,
    SMALL,
    VectorStoreFixtures,
    found,
    held,
)

WHO: Sequence[tuple[object, str, object]] = (
    (["red"], "page", "bills"),
    (["blue"], "tile", ""),
    (["red", "blue"], "page", 'it\'s "new"'),
    (None, "page", None),
)


def _seen_by(number: int, who: tuple[object, str, object]) -> StoredPoint:
    fields = payload(number, visibility=who[0], kind=who[1], category=who[2])
    sparse = SparseVector((9,), (1.0,))
    return StoredPoint(point_id(number), fields, {"image": vector(1, number, 0, 0)}, sparse)


_AT_TWO = datetime(2026, 1, 2, 1, tzinfo=timezone(timedelta(hours=1)))
"""Midnight in UTC."""
_LATER = datetime(2026, 1, 2, 12, tzinfo=UTC)


def _changed_on(day: int) -> StoredPoint:
    """Return a point of a file that was changed at the start of a day."""
    return point(day, modified_at=f"2026-01-{day:02}T00:00:00.000000Z")


class SearchContract(VectorStoreFixtures):
    """Answers, filters and refused questions."""

    def test_the_nearest_comes_first_with_its_cosine(self, writer: CollectionWriter) -> None:
        writer.upsert([point(n) for n in range(4)])
        best = writer.query("image", vector(2, 4, 0, 0), limit=2, where=ANYTHING)
        assert [c.payload["key"] for c in best] == ["2.png", "3.png"]
        assert best[0].score == pytest.approx(1.0, abs=self.atol)

    def test_only_points_that_share_a_word_are_found(self, writer: CollectionWriter) -> None:
        writer.upsert([words(1, 10, 20), words(2, 20, 30), words(3, 40), point(4)])
        assert set(found(writer, "bm25", SparseVector((20,), (1.0,)))) == {"1.png", "2.png"}

    def test_a_rare_word_weighs_more_than_a_frequent_one(self, writer: CollectionWriter) -> None:
        writer.upsert([words(1, 7), *(words(n, 8) for n in range(2, 9))])
        assert found(writer, "bm25", SparseVector((7, 8), (1.0, 1.0)))[0] == "1.png"

    def test_a_question_without_words_finds_nothing(self, writer: CollectionWriter) -> None:
        writer.upsert([words(1, 7)])
        assert found(writer, "bm25", SparseVector((), ())) == []

    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            (Where(visibility=("red",)), {"1.png", "3.png"}),
            (Where(visibility=("red", "blue")), {"1.png", "2.png", "3.png"}),
            (Where(visibility=("nobody",)), set()),
            (Where(visibility=("*", "re", "RED", "red,blue", "red ", "!public", "")), set()),
            (Where(visibility=()), set()),
            (Where(kinds=("tile",)), {"2.png"}),
            (Where(kinds=()), set()),
            (Where(keys=("1.png", "2.png")), {"1.png", "2.png"}),
            (Where(keys=()), set()),
            (Where(kinds=("page",), visibility=("blue",)), {"3.png"}),
            (Where(categories=("bills",)), {"1.png"}),
            (Where(categories=("",)), {"2.png"}),
            (Where(categories=("bills", 'it\'s "new"')), {"1.png", "3.png"}),
            (Where(categories=("bill", "bills*", "Bills")), set()),
            (Where(categories=()), set()),
            (Where(categories=("bills",), visibility=("blue",)), set()),
            (Where(), {"1.png", "2.png", "3.png", "4.png"}),
        ],
    )
    def test_a_filter_holds_for_every_signal(
        self, writer: CollectionWriter, where: Where, expected: set[str]
    ) -> None:
        writer.upsert([_seen_by(n, who) for n, who in enumerate(WHO, start=1)])
        assert set(found(writer, "image", vector(1, 1, 1, 1), where)) == expected
        assert set(found(writer, "bm25", SparseVector((9,), (1.0,)), where)) == expected

    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            (Where(pages=(2,)), {"2.png"}),
            (Where(pages=(1, 3, 9)), {"1.png", "3.png"}),
            (Where(pages=()), set()),
            (Where(modified_from=datetime(2026, 1, 2, tzinfo=UTC)), {"2.png", "3.png"}),
            (Where(modified_before=datetime(2026, 1, 2, tzinfo=UTC)), {"1.png"}),
            (Where(modified_before=datetime(2026, 1, 2, 0, 0, 0, 1, UTC)), {"1.png", "2.png"}),
            (Where(modified_from=_AT_TWO, modified_before=_LATER), {"2.png"}),
            (Where(modified_from=_LATER, modified_before=_AT_TWO), set()),
            (Where(modified_from=_AT_TWO, modified_before=_AT_TWO), set()),
            (Where(modified_from=datetime(2026, 1, 3)), {"3.png"}),
            (Where(modified_from=datetime(2026, 1, 2, tzinfo=UTC), pages=(3,)), {"3.png"}),
        ],
    )
    def test_dates_and_pages_are_filters_too(
        self, writer: CollectionWriter, where: Where, expected: set[str]
    ) -> None:
        writer.upsert([_changed_on(day) for day in (1, 2, 3)])
        writer.upsert([point(4)])
        assert set(found(writer, "image", vector(1, 1, 1, 1), where)) == expected
        assert set(held(writer, where)["point_id"]) == {
            point_id(int(key.removesuffix(".png"))) for key in expected
        }

    def test_a_filter_holds_before_the_limit(self, writer: CollectionWriter) -> None:
        writer.upsert([point(n, visibility=["red"]) for n in range(1, 9)])
        writer.upsert([point(0)])
        asked = vector(0, 1, 0, 0)
        best = writer.query("image", asked, limit=1, where=Where(visibility=("public",)))
        assert [c.point_id for c in best] == [point_id(0)]

    def test_a_limit_of_zero_finds_nothing(self, writer: CollectionWriter) -> None:
        writer.upsert([point(1)])
        assert writer.query("image", vector(1, 1, 0, 0), limit=0, where=ANYTHING) == []

    def test_a_vector_of_another_dimension_is_refused(self, writer: CollectionWriter) -> None:
        with pytest.raises(CollectionMismatchError, match="dimension 4"):
            writer.upsert([StoredPoint(point_id(1), {}, {"image": vector(1, 2)})])
        with pytest.raises(CollectionMismatchError, match="dimension 4"):
            writer.query("image", vector(1, 2), limit=1, where=ANYTHING)

    def test_a_signal_that_was_not_indexed_is_refused(self, store: VectorStore) -> None:
        store.create(OTHER, SMALL)
        with store.writer(OTHER) as writer:
            with pytest.raises(CollectionMismatchError, match="no 'bm25' vectors"):
                writer.upsert([words(1, 2)])
            with pytest.raises(CollectionMismatchError, match="it has: image"):
                writer.query("text", vector(1, 2, 3), limit=1, where=ANYTHING)

    def test_words_are_no_picture(self, writer: CollectionWriter) -> None:
        with pytest.raises(CollectionMismatchError, match="sparse"):
            writer.query("image", SparseVector((1,), (1.0,)), limit=1, where=ANYTHING)
        with pytest.raises(CollectionMismatchError, match="bm25"):
            writer.query("bm25", vector(1, 2), limit=1, where=ANYTHING)

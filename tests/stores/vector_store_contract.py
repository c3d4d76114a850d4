"""What every vector store does, whatever engine is behind it."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings

from mmrag_pipeline.errors import CollectionMismatchError
from mmrag_pipeline.ports import CollectionWriter, VectorStore
from mmrag_pipeline.records import (
    SparseVector,
    StoredPoint,
    Where,
)
from mmrag_pipeline.schemas import COLLECTION
from mmrag_pipeline.stores.memory_collection import MemoryCollection
from tests.stores.samples import payload, point, point_id, same, vector, words
from tests.stores.vector_catalog_contract import CatalogContract
from tests.stores.vector_histories import Step, histories
from tests.stores.vector_search_contract import SearchContract
from tests.stores.vector_store_fixtures import NAME, clear, found, held

EVERY: Sequence[str] = [point_id(n) for n in range(8)]


class VectorStoreContract(CatalogContract, SearchContract):
    """Inherit it and give `open_store`."""

    histories = 60
    """Random histories tried; fewer where each change goes to a disk."""

    def test_a_written_point_comes_back_whole(self, store: VectorStore) -> None:
        written = StoredPoint(
            point_id(1),
            payload(1, box=[1, 2, 3, 4], text="Grüße", score=0.5, none=None),
            {"image": vector(1, 2, 3, 4), "text": vector(1, 0, 1)},
            SparseVector((3, 2**32 - 1), (1.5, 0.25)),
        )
        with store.writer(NAME) as writer:
            writer.upsert([written])
        with store.reader(NAME) as reader:
            (read,) = reader.fetch([point_id(1), point_id(2)], vectors=True)
        assert same(read, written, self.atol)

    def test_fetch_without_vectors_brings_the_payload_only(self, writer: CollectionWriter) -> None:
        writer.upsert([point(1)])
        assert writer.fetch([point_id(1)]) == [StoredPoint(point_id(1), payload(1))]

    def test_an_upsert_replaces_the_vectors_it_does_not_name(
        self, writer: CollectionWriter
    ) -> None:
        writer.upsert([point(1)])
        writer.upsert([words(1, 5)])
        (read,) = writer.fetch([point_id(1)], vectors=True)
        assert same(read, words(1, 5), self.atol)
        assert found(writer, "image", vector(1, 1, 0, 0)) == []

    def test_a_replaced_payload_leaves_the_vectors(self, writer: CollectionWriter) -> None:
        writer.upsert([point(1), point(2)])
        writer.set_payloads({point_id(1): {"key": "other"}})
        first, second = sorted(
            writer.fetch([point_id(1), point_id(2)], vectors=True),
            key=lambda p: str(p.payload["key"]),
            reverse=True,
        )
        assert same(first, StoredPoint(point_id(1), {"key": "other"}, point(1).dense), self.atol)
        assert same(second, point(2), self.atol)

    @pytest.mark.parametrize(
        "after", [{"note": None}, {"note": {"b": 1}}, {}, {"note": {"a": 1}, "kind": "tile"}]
    )
    def test_a_replaced_payload_keeps_nothing_of_the_old_one(
        self, writer: CollectionWriter, after: dict[str, object]
    ) -> None:
        writer.upsert([StoredPoint(point_id(1), {"note": {"a": 1}})])
        writer.set_payloads({point_id(1): after})
        assert writer.fetch([point_id(1)]) == [StoredPoint(point_id(1), after)]

    def test_a_payload_is_left_when_the_point_is_another_by_now(
        self, writer: CollectionWriter
    ) -> None:
        writer.upsert([point(n) for n in range(3)])
        told = {point_id(n): payload(n, text="told") for n in range(4)}
        writer.set_payloads(told, of={point_id(0): "hash-0", point_id(1): "another"})
        texts = {p.point_id: p.payload.get("text") for p in writer.fetch(EVERY)}
        assert texts == {point_id(0): "told", point_id(1): None, point_id(2): None}

    def test_payloads_of_absent_points_are_ignored(self, writer: CollectionWriter) -> None:
        writer.set_payloads({point_id(1): {"key": "other"}})
        assert held(writer).is_empty()

    def test_deleting_an_absent_point_is_fine(self, writer: CollectionWriter) -> None:
        writer.upsert([point(1), point(2)])
        writer.delete([point_id(1), point_id(3)])
        writer.delete([point_id(1)])
        assert held(writer)["point_id"].to_list() == [point_id(2)]

    def test_what_is_held_is_listed_with_its_hashes(self, writer: CollectionWriter) -> None:
        writer.upsert([point(n) for n in range(3)])
        assert writer.count() == 3
        listed = held(writer)
        assert listed.schema == COLLECTION
        assert set(listed.rows()) == {(point_id(n), f"hash-{n}") for n in range(3)}

    @pytest.mark.parametrize(
        ("where", "numbers"),
        [
            (Where(), (0, 1, 2)),
            (Where(keys=("1.png",)), (1,)),
            (Where(keys=("1.png", "2.png"), kinds=("page",)), (1, 2)),
            (Where(keys=("1",)), ()),
            (Where(keys=()), ()),
        ],
    )
    def test_a_listing_with_a_filter_has_just_what_it_lets_through(
        self, writer: CollectionWriter, where: Where, numbers: tuple[int, ...]
    ) -> None:
        writer.upsert([point(n) for n in range(3)])
        assert set(held(writer, where)["point_id"]) == {point_id(n) for n in numbers}

    def test_points_are_listed_in_ascending_order_of_their_ids(
        self, writer: CollectionWriter
    ) -> None:
        for batch in (range(60, 120), range(60), range(30, 90)):
            writer.upsert([point(n) for n in batch])
        writer.delete([point_id(n) for n in range(0, 120, 7)])
        writer.upsert([point(n) for n in (0, 14, 200)])
        kept = [*(n for n in range(120) if n % 7), 0, 14, 200]
        for where in (None, Where(kinds=("page",))):
            listed = [one for batch in writer.held(where) for one in batch["point_id"]]
            assert listed == sorted(map(point_id, kept))

    def test_a_point_without_hashes_is_listed_too(self, writer: CollectionWriter) -> None:
        writer.upsert([StoredPoint(point_id(1), {})])
        assert held(writer).rows() == [(point_id(1), None)]

    def test_marks_are_kept_with_the_collection_and_set_one_by_one(
        self, store: VectorStore, root: Path
    ) -> None:
        with store.writer(NAME) as writer:
            writer.set_marks({"one": "1", "two": "2", "three": None})
            writer.set_marks({"one": None, "three": "3", "absent": None})
            assert store.marks(NAME) == {"two": "2", "three": "3"}
        assert self.reopened(store, root).marks(NAME) == {"two": "2", "three": "3"}

    def test_marks_are_no_part_of_the_layout_and_end_with_the_collection(
        self, store: VectorStore
    ) -> None:
        with store.writer(NAME) as writer:
            writer.set_marks({"one": "1"})
        store.create(NAME, self.layout)
        store.drop(NAME)
        assert store.marks(NAME) == {}
        store.create(NAME, self.layout)
        assert store.marks(NAME) == {}

    def test_a_text_without_words_has_no_sparse_vector(self, writer: CollectionWriter) -> None:
        writer.upsert([words(1)])
        assert writer.fetch([point_id(1)], vectors=True)[0].sparse is None

    def test_a_point_id_that_is_no_uuid_is_refused(self, store: VectorStore) -> None:
        with (
            store.writer(NAME) as writer,
            pytest.raises(CollectionMismatchError, match="'seven' is not a UUID"),
        ):
            writer.upsert([StoredPoint("seven", {})])

    def test_any_history_of_changes_ends_as_a_dictionary_would(
        self, opened: CollectionWriter
    ) -> None:
        @settings(max_examples=self.histories)
        @given(histories)
        def check(history: list[Step]) -> None:
            clear(opened)
            model = MemoryCollection(NAME, self.layout)
            for step in history:
                step(model)
                step(opened)
            expected = {p.point_id: p for p in model.fetch(EVERY, vectors=True)}
            read = {p.point_id: p for p in opened.fetch(EVERY, vectors=True)}
            assert held(opened).equals(held(model))
            assert read.keys() == expected.keys()
            assert opened.count() == len(expected)
            assert all(same(read[i], expected[i], self.atol) for i in expected)

        check()

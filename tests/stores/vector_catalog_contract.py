"""How every vector store keeps its collections and aliases."""

from pathlib import Path

import pytest

from mmrag_pipeline.errors import CollectionMismatchError, NotFoundError, SettingsError
from mmrag_pipeline.ports import VectorStore
from tests.stores.samples import point, point_id, same
from tests.stores.vector_store_fixtures import ALIAS, NAME, OTHER, SMALL, VectorStoreFixtures, held


class CatalogContract(VectorStoreFixtures):
    """Names, layouts, aliases and what outlives a store object."""

    def test_an_absent_collection_is_named_with_the_known_ones(self, store: VectorStore) -> None:
        for opened in (store.reader, store.writer):
            with (
                pytest.raises(NotFoundError, match=f"'nowhere'; known: .*{NAME}"),
                opened("nowhere"),
            ):
                pass
        with pytest.raises(NotFoundError, match="'nowhere'"):
            store.move_alias(ALIAS, "nowhere")

    def test_creating_the_same_collection_again_keeps_its_points(self, store: VectorStore) -> None:
        with store.writer(NAME) as writer:
            writer.upsert([point(1)])
        store.create(NAME, self.layout)
        with store.reader(NAME) as reader:
            assert held(reader).height == 1

    def test_another_layout_needs_another_generation(self, store: VectorStore) -> None:
        with pytest.raises(CollectionMismatchError, match="next generation"):
            store.create(NAME, SMALL)
        assert store.layouts()[NAME] == self.layout

    def test_layouts_outlive_the_store_object(self, store: VectorStore, root: Path) -> None:
        store.create(OTHER, SMALL)
        again = self.reopened(store, root)
        assert again.layouts().items() >= {NAME: self.layout, OTHER: SMALL}.items()

    def test_names_are_those_of_all_collections_and_of_no_alias(self, store: VectorStore) -> None:
        store.create(OTHER, SMALL)
        store.move_alias(ALIAS, NAME)
        assert {NAME, OTHER} <= set(store.names())
        assert ALIAS not in store.names()
        assert list(store.names()) == sorted(store.names())

    def test_points_outlive_the_store_object(self, store: VectorStore, root: Path) -> None:
        with store.writer(NAME) as writer:
            writer.upsert([point(1)])
        with self.reopened(store, root).reader(NAME) as reader:
            assert same(reader.fetch([point_id(1)], vectors=True)[0], point(1), self.atol)

    def test_an_alias_leads_to_the_collection_it_was_moved_to(self, store: VectorStore) -> None:
        store.create(OTHER, SMALL)
        with store.writer(NAME) as writer:
            writer.upsert([point(1)])
        for target, count in ((OTHER, 0), (NAME, 1)):
            store.move_alias(ALIAS, target)
            assert store.aliases()[ALIAS] == target
            with store.reader(ALIAS) as reader:
                assert held(reader).height == count

    def test_shards_of_a_domain_have_collections_of_their_own(self, store: VectorStore) -> None:
        for name in ("mmragtest__shop~0-2__g1", "mmragtest__shop~1-2__g1", "mmragtest__shop__g7"):
            store.create(name, SMALL)
            store.move_alias(name[:-4], name)
        store.drop("mmragtest__shop__g7")
        assert store.aliases()["mmragtest__shop~0-2"] == "mmragtest__shop~0-2__g1"
        assert "mmragtest__shop" not in store.aliases()

    def test_an_alias_is_not_written_through(self, store: VectorStore) -> None:
        store.move_alias(ALIAS, NAME)
        with pytest.raises(NotFoundError, match=ALIAS), store.writer(ALIAS):
            pass

    def test_alias_and_collection_share_one_set_of_names(self, store: VectorStore) -> None:
        with pytest.raises(CollectionMismatchError, match="is a collection"):
            store.move_alias(NAME, NAME)
        store.move_alias(ALIAS, NAME)
        with pytest.raises(CollectionMismatchError, match="is an alias"):
            store.create(ALIAS, SMALL)

    def test_a_dropped_collection_takes_its_aliases_along(self, store: VectorStore) -> None:
        store.create(OTHER, SMALL)
        store.move_alias(ALIAS, OTHER)
        for _ in range(2):
            store.drop(OTHER)
        assert ALIAS not in store.aliases()
        assert OTHER not in store.layouts()

    @pytest.mark.parametrize("name", ["../out", "a/b", "", "..", "a\0b", "x" * 300])
    def test_a_name_that_is_no_name_is_refused(self, store: VectorStore, name: str) -> None:
        with pytest.raises(SettingsError):
            store.create(name, SMALL)
        with pytest.raises(SettingsError):
            store.move_alias(name, NAME)

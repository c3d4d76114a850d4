"""The vector store of a Qdrant server: the same port as the embedded one."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mmrag_pipeline.errors import CollectionMismatchError, NotFoundError
from mmrag_pipeline.generation_records import Tuned
from mmrag_pipeline.ports import CollectionReader, CollectionWriter
from mmrag_pipeline.records import Layout
from mmrag_pipeline.stores.layouts import (
    check_same_layout,
    layout_json,
    read_layout,
    unknown_collection,
)
from mmrag_pipeline.stores.names import check_collection
from mmrag_pipeline.stores.server_access import ServerAccess, open_client
from mmrag_pipeline.stores.server_calls import OLDEST, TURBO, Patience, ServerCalls
from mmrag_pipeline.stores.server_changes import changes, missing_indexes, tuning_of_collection
from mmrag_pipeline.stores.server_collection import MARK, ServerCollection, Writing
from mmrag_pipeline.stores.server_tuning import (
    hnsw,
    optimizers,
    quantization,
    sparse_config,
    vectors_config,
)
from mmrag_pipeline.stores.tuning import Tuning

if TYPE_CHECKING:
    from qdrant_client import QdrantClient, models

_LAYOUT = "mmrag_layout"
"""Key of the collection metadata that holds the layout; collections without it are not ours."""


def connect(
    access: ServerAccess,
    tuning: Tuning | None = None,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> "ServerVectors":
    """Return the store of a server; the first call connects. Raises SettingsError."""
    return ServerVectors(
        open_client(access),
        tuning,
        patience=Patience(access.retries, longest_ask_s=access.timeout_s, sleep=sleep),
        writing=Writing(access.parallel, access.copies),
        access=access,
    )


class ServerVectors:
    """Collections of one server (ports.VectorStore); readers and writers do not exclude others."""

    def __init__(
        self,
        client: "QdrantClient",
        tuning: Tuning | None = None,
        *,
        patience: Patience | None = None,
        writing: Writing | None = None,
        access: ServerAccess | None = None,
    ) -> None:
        """Take a client; `access` is only told in errors, without its key."""
        self._tuning = tuning or Tuning()
        self._writing = writing or Writing()
        needs = TURBO if self._tuning.quantization.startswith("turbo") else OLDEST
        self._calls = ServerCalls(
            client,
            patience or Patience(),
            needs=needs,
            secret=access.secret if access else "",
            where=access.where if access else "",
        )

    def names(self) -> Sequence[str]:
        """Return the names of all that the server has, others' collections among them."""
        held = self._calls.ask(lambda client: client.get_collections().collections)
        return sorted(c.name for c in held)

    def layouts(self) -> Mapping[str, Layout]:
        """Return collection name -> layout, each asked for when it is looked at.

        Looking at one may raise CorruptStateError or StateUnavailableError.
        """
        return _Layouts(self.names(), self._calls)

    def create(self, collection: str, layout: Layout) -> None:
        """Create an empty collection; one that is there is brought up to the settings.

        Calling it again finishes what a process that died began.
        """
        if check_collection(collection) in self.aliases():
            raise CollectionMismatchError(f"{collection!r} is an alias; name a generation")
        if not self._calls.ask(lambda client: client.collection_exists(collection)):
            self._calls.ask(lambda client: self._create(client, collection, layout))
        held = self._held(collection)
        _check_ours(held, layout, collection)
        change = changes(held.config, layout, self._tuning, self._writing.copies)
        self._calls.ask(lambda client: change.send(client, collection), collection=collection)
        for name, index in missing_indexes(held.payload_schema, self._tuning).items():
            self._index(collection, name, index)

    def drop(self, collection: str) -> None:
        """Remove a collection of ours and the aliases that lead to it; an absent one is fine."""
        from qdrant_client import models

        if self._is_of_others(check_collection(collection)):
            return
        leading = [a for a, c in self.aliases().items() if c == collection]
        gone = [
            models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias))
            for alias in leading
        ]
        if gone:
            self._calls.ask(lambda client: client.update_collection_aliases(gone))
        if self._calls.ask(lambda client: client.collection_exists(collection)):
            self._calls.ask(lambda client: client.delete_collection(collection))

    def _is_of_others(self, collection: str) -> bool:
        if not self._calls.ask(lambda client: client.collection_exists(collection)):
            return False
        held = self._calls.ask(lambda client: client.get_collection(collection))
        return _LAYOUT not in (held.config.metadata or {})

    def marks(self, collection: str) -> Mapping[str, str]:
        """Return the texts that are kept in a collection's metadata."""
        if not self._calls.ask(lambda client: client.collection_exists(collection)):
            return {}
        held = self._calls.ask(
            lambda client: client.get_collection(collection), collection=collection
        )
        texts = held.config.metadata or {}
        return {n.removeprefix(MARK): str(t) for n, t in texts.items() if n.startswith(MARK)}

    def tuned(self, collection: str) -> Sequence[Tuned]:
        """Return how a collection is kept, and how the next run keeps it; none of an absent one."""
        try:
            held = self._held(collection)
        except NotFoundError:
            return []
        return tuning_of_collection(held, self._tuning, self._writing.copies)

    def aliases(self) -> Mapping[str, str]:
        """Return alias -> collection; raises StateUnavailableError."""
        held = self._calls.ask(lambda client: client.get_aliases().aliases)
        return {a.alias_name: a.collection_name for a in held}

    def move_alias(self, alias: str, collection: str) -> None:
        """Point an alias at an existing collection, in one request."""
        from qdrant_client import models

        known = self.layouts()
        if check_collection(alias) in known:
            raise CollectionMismatchError(f"{alias!r} is a collection, it cannot be an alias")
        if collection not in known:
            raise unknown_collection(collection, list(known))
        before = models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias))
        after = models.CreateAliasOperation(
            create_alias=models.CreateAlias(collection_name=collection, alias_name=alias)
        )
        # Told twice it is the same: whether it is there is looked up again each time.
        self._calls.ask(
            lambda client: client.update_collection_aliases(
                [before, after] if alias in _aliases(client) else [after]
            ),
            collection=collection,
        )

    def reader(self, collection: str) -> AbstractContextManager[CollectionReader]:
        """Open a collection (or alias) for questions."""
        return self._opened(self.aliases().get(collection, collection))

    def writer(self, collection: str) -> AbstractContextManager[CollectionWriter]:
        """Open a collection for changes."""
        return self._opened(collection)

    @contextmanager
    def _opened(self, name: str) -> Iterator[ServerCollection]:
        known = self.layouts()
        layout = known.get(name)
        if layout is None:
            raise unknown_collection(name, [*known, *self.aliases()])
        yield ServerCollection(self._calls, name, layout, self._tuning, self._writing)

    def _held(self, collection: str) -> "models.CollectionInfo":
        return self._calls.ask(
            lambda client: client.get_collection(collection), collection=collection
        )

    def _create(self, client: "QdrantClient", collection: str, layout: Layout) -> None:
        """Create it, unless an answer got lost and it is there."""
        if client.collection_exists(collection):
            return
        tuning, copies = self._tuning, self._writing.copies
        client.create_collection(
            collection,
            vectors_config=vectors_config(layout, tuning),
            sparse_vectors_config=sparse_config(layout),
            shard_number=layout.shards,
            replication_factor=copies.replicas,
            write_consistency_factor=copies.write_consistency,
            hnsw_config=hnsw(tuning),
            optimizers_config=optimizers(tuning),
            quantization_config=quantization(tuning),
            metadata={_LAYOUT: layout_json(layout)},
        )

    def _index(self, collection: str, name: str, index: "models.PayloadSchemaParams") -> None:
        self._calls.ask(
            lambda client: client.create_payload_index(
                collection,
                name,
                index,
                wait=True,
            ),
            collection=collection,
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Layouts(Mapping[str, Layout]):
    """The layouts of collections, each asked for once; those of others are left out.

    So a server of many domains is asked about those that matter, and a collection that was
    dropped in the meantime is absent.
    """

    names: Sequence[str]
    calls: ServerCalls
    known: dict[str, Layout | None] = field(default_factory=dict)

    def __getitem__(self, collection: str) -> Layout:
        if collection not in self.known:
            self.known[collection] = self._read(collection) if collection in self.names else None
        layout = self.known[collection]
        if layout is None:
            raise KeyError(collection)
        return layout

    def __iter__(self) -> Iterator[str]:
        return (name for name in self.names if self.get(name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _read(self, name: str) -> Layout | None:
        try:
            held = self.calls.ask(lambda client: client.get_collection(name), collection=name)
        except NotFoundError:
            return None
        return _layout(held, name)


def _layout(held: "models.CollectionInfo", name: str) -> Layout | None:
    text = (held.config.metadata or {}).get(_LAYOUT)
    return None if text is None else read_layout(str(text), f"metadata of collection {name}")


def _check_ours(held: "models.CollectionInfo", layout: Layout, collection: str) -> None:
    there = _layout(held, collection)
    if there is None:
        raise CollectionMismatchError(
            f"collection {collection} exists and is not ours; set another collection_prefix"
        )
    check_same_layout(there, layout, collection)


def _aliases(client: "QdrantClient") -> list[str]:
    return [held.alias_name for held in client.get_aliases().aliases]

"""The vector store of a Qdrant server: the same port as the embedded one."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from mmrag_pipeline.errors import CollectionMismatchError, StateUnavailableError
from mmrag_pipeline.ports import CollectionReader, CollectionWriter
from mmrag_pipeline.records import Layout
from mmrag_pipeline.stores.layouts import (
    DATETIME_FIELDS,
    INTEGER_FIELDS,
    KEYWORD_FIELDS,
    check_same_layout,
    dense_spaces,
    layout_json,
    read_layout,
    unknown_collection,
)
from mmrag_pipeline.stores.names import check_collection
from mmrag_pipeline.stores.server_collection import MARK, ServerCollection

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

_LAYOUT = "mmrag_layout"
"""Key of the collection metadata that holds the layout; collections without it are not ours."""


def connect(url: str, timeout_s: int = 60) -> "ServerVectors":
    """Return the store of a server; the first call connects."""
    from qdrant_client import QdrantClient

    return ServerVectors(QdrantClient(url=url, prefer_grpc=True, timeout=timeout_s))


class ServerVectors:
    """Collections of one server (ports.VectorStore); readers and writers do not exclude others."""

    def __init__(self, client: "QdrantClient") -> None:
        self._client = client

    def layouts(self) -> Mapping[str, Layout]:
        """Return collection name -> layout; raises CorruptStateError, StateUnavailableError."""
        with _asking():
            names = sorted(c.name for c in self._client.get_collections().collections)
            found = {name: self._layout(name) for name in names}
        return {name: layout for name, layout in found.items() if layout is not None}

    def create(self, collection: str, layout: Layout) -> None:
        """Create an empty collection; the same name and layout again is fine."""
        if check_collection(collection) in self.aliases():
            raise CollectionMismatchError(f"{collection!r} is an alias; name a generation")
        with _asking():
            if self._client.collection_exists(collection):
                self._check_ours(collection, layout)
            else:
                self._create(collection, layout)
            self._index_payloads(collection)

    def drop(self, collection: str) -> None:
        """Remove a collection and the aliases that lead to it; an absent one is fine."""
        from qdrant_client import models

        leading = [a for a, c in self.aliases().items() if c == check_collection(collection)]
        gone = [models.DeleteAlias(alias_name=alias) for alias in leading]
        with _asking():
            if gone:
                self._client.update_collection_aliases(
                    [models.DeleteAliasOperation(delete_alias=alias) for alias in gone]
                )
            if self._client.collection_exists(collection):
                self._client.delete_collection(collection)

    def marks(self, collection: str) -> Mapping[str, str]:
        """Return the texts that are kept in a collection's metadata."""
        with _asking():
            if not self._client.collection_exists(collection):
                return {}
            held = self._client.get_collection(collection).config.metadata or {}
        return {n.removeprefix(MARK): str(t) for n, t in held.items() if n.startswith(MARK)}

    def aliases(self) -> Mapping[str, str]:
        """Return alias -> collection; raises StateUnavailableError."""
        with _asking():
            return {a.alias_name: a.collection_name for a in self._client.get_aliases().aliases}

    def move_alias(self, alias: str, collection: str) -> None:
        """Point an alias at an existing collection, in one request."""
        from qdrant_client import models

        known = self.layouts()
        if check_collection(alias) in known:
            raise CollectionMismatchError(f"{alias!r} is a collection, it cannot be an alias")
        if collection not in known:
            raise unknown_collection(collection, list(known))
        held = alias in self.aliases()
        before = models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias))
        after = models.CreateAliasOperation(
            create_alias=models.CreateAlias(collection_name=collection, alias_name=alias)
        )
        with _asking():
            self._client.update_collection_aliases([before, after] if held else [after])

    def reader(self, collection: str) -> AbstractContextManager[CollectionReader]:
        """Open a collection (or alias) for questions."""
        return self._opened(self.aliases().get(collection, collection))

    def writer(self, collection: str) -> AbstractContextManager[CollectionWriter]:
        """Open a collection for changes."""
        return self._opened(collection)

    @contextmanager
    def _opened(self, name: str) -> Iterator[ServerCollection]:
        known = self.layouts()
        if name not in known:
            raise unknown_collection(name, [*known, *self.aliases()])
        with _asking():
            yield ServerCollection(self._client, name, known[name])

    def _check_ours(self, collection: str, layout: Layout) -> None:
        held = self._layout(collection)
        if held is None:
            raise CollectionMismatchError(
                f"collection {collection} exists and is not ours; set another collection_prefix"
            )
        check_same_layout(held, layout, collection)

    def _layout(self, name: str) -> Layout | None:
        metadata = self._client.get_collection(name).config.metadata or {}
        text = metadata.get(_LAYOUT)
        return None if text is None else read_layout(str(text), f"metadata of collection {name}")

    def _create(self, collection: str, layout: Layout) -> None:
        from qdrant_client import models

        words = models.SparseVectorParams(modifier=models.Modifier.IDF)
        self._client.create_collection(
            collection,
            vectors_config={
                space.signal: models.VectorParams(
                    size=space.dimension, distance=models.Distance.COSINE
                )
                for space in dense_spaces(layout)
            },
            sparse_vectors_config={s.signal: words for s in layout.spaces if s.signal == "bm25"},
            metadata={_LAYOUT: layout_json(layout)},
        )

    def _index_payloads(self, collection: str) -> None:
        """Index the fields that filters name; repeated calls finish what a dead one began."""
        from qdrant_client import models

        for names, kind in (
            (KEYWORD_FIELDS, models.PayloadSchemaType.KEYWORD),
            (INTEGER_FIELDS, models.PayloadSchemaType.INTEGER),
            (DATETIME_FIELDS, models.PayloadSchemaType.DATETIME),
        ):
            for name in names:
                self._client.create_payload_index(collection, name, kind, wait=True)


@contextmanager
def _asking() -> Iterator[None]:
    """Say it in our words when the server cannot be asked."""
    from grpc import Call, RpcError  # type: ignore[import-untyped]  # it ships no types
    from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
    from qdrant_client.http.exceptions import ApiException

    try:
        yield
    except (RpcError, ApiException, ResourceExhaustedResponse) as error:
        cause = error.code().name if isinstance(error, Call) else type(error).__name__
        raise StateUnavailableError(
            f"the Qdrant server could not be asked ({cause}): see that MMRAG_QDRANT_URL names one "
            "that runs, and that this machine may reach it",
            may_pass=True,
        ) from error

"""The embedded vector store: Qdrant Edge shards in folders, one opener at a time."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mmrag_pipeline.errors import CollectionMismatchError, CorruptStateError
from mmrag_pipeline.generation_records import Tuned
from mmrag_pipeline.ports import CollectionReader, CollectionWriter
from mmrag_pipeline.records import Layout
from mmrag_pipeline.stores.edge_marks import MarkFile
from mmrag_pipeline.stores.edge_shard import (
    EdgeCollection,
    create_shard,
    open_to_read,
    open_to_write,
    read_tuning,
)
from mmrag_pipeline.stores.files import exclusive, replace_text, sync
from mmrag_pipeline.stores.layouts import (
    check_same_layout,
    layout_json,
    read_layout,
    unknown_collection,
)
from mmrag_pipeline.stores.names import check_collection
from mmrag_pipeline.stores.tuning import Tuning

_BLOCK_BYTES = 512
"""What `st_blocks` counts (POSIX)."""
_ADVICE = " (MMRAG_LOCK_TIMEOUT_S sets how long to wait)"
_Opener = Callable[[Path, str, Layout, Tuning], AbstractContextManager[EdgeCollection]]


class EdgeVectors:
    """Collections under one folder (ports.VectorStore).

    `collections/NAME` holds `layout.json` and the shard; it appears and disappears by one
    rename, so a process that dies leaves a whole collection or none. Qdrant Edge breaks when
    two processes open one shard, hence the exclusive lock for readers too.
    """

    def __init__(
        self, root: Path, lock_timeout_s: float = 20.0, tuning: Tuning | None = None
    ) -> None:
        self._collections = root / "collections"
        self._scratch = root / "scratch"
        self._locks = root / "locks"
        self._aliases = root / "aliases.json"
        self._lock_timeout_s = lock_timeout_s
        self._tuning = tuning or Tuning()

    def names(self) -> Sequence[str]:
        """Return the names of collections, damaged ones among them."""
        held = self._collections.iterdir() if self._collections.exists() else ()
        return sorted(folder.name for folder in held)

    def layouts(self) -> Mapping[str, Layout]:
        """Return collection name -> layout; asking for a damaged one raises CorruptStateError."""
        return _Layouts({name: self._collections / name for name in self.names()})

    def create(self, collection: str, layout: Layout) -> None:
        """Create an empty collection; the same name and layout again is fine."""
        if collection in self.aliases():
            raise CollectionMismatchError(f"{collection!r} is an alias; name a generation")
        folder = self._folder(collection)
        with self._locked(collection):
            if folder.exists():
                check_same_layout(_layout(folder), layout, collection)
                return
            fresh = self._empty_scratch(collection)
            fresh.mkdir(parents=True)
            create_shard(fresh / "shard", layout, self._tuning)
            replace_text(fresh / "layout.json", layout_json(layout))
            folder.parent.mkdir(parents=True, exist_ok=True)
            fresh.rename(folder)
            sync(folder.parent)

    def drop(self, collection: str) -> None:
        """Remove a collection and the aliases that lead to it; an absent one is fine."""
        folder = self._folder(collection)
        with self._locked(collection):
            trash = self._empty_scratch(collection)
            trash.parent.mkdir(parents=True, exist_ok=True)
            with self._alias_lock():
                kept = {a: c for a, c in self.aliases().items() if c != collection}
                if kept != self.aliases():
                    self._write_aliases(kept)
                if folder.exists():
                    folder.rename(trash)
            shutil.rmtree(trash, ignore_errors=True)

    def marks(self, collection: str) -> Mapping[str, str]:
        """Return the texts that are kept beside a collection."""
        return MarkFile(self._folder(collection)).read()

    def size_bytes(self, collection: str) -> int:
        """Return the bytes of a collection on the disk; files have holes, and may go meanwhile."""
        blocks = 0
        for path in self._folder(collection).rglob("*"):
            with suppress(FileNotFoundError):
                blocks += path.stat().st_blocks
        return blocks * _BLOCK_BYTES

    def tuned(self, collection: str) -> Sequence[Tuned]:
        """Return how a collection is kept, and how the next writer keeps it; none of an absent one.

        Raises CollectionBusyError and CorruptStateError.
        """
        folder = self._folder(collection)
        with self._locked(collection):
            held = folder.exists()
            return read_tuning(folder / "shard", collection, self._tuning) if held else []

    def aliases(self) -> Mapping[str, str]:
        """Return alias -> collection; raises CorruptStateError."""
        if not self._aliases.exists():
            return {}
        try:
            return _checked_aliases(json.loads(self._aliases.read_bytes()))
        except ValueError as error:
            raise CorruptStateError(
                f"{self._aliases} is no map of aliases ({error}); delete it and index again: "
                "the aliases are set anew"
            ) from error

    def move_alias(self, alias: str, collection: str) -> None:
        """Point an alias at an existing collection, atomically."""
        if self._folder(alias).exists():
            raise CollectionMismatchError(f"{alias!r} is a collection, it cannot be an alias")
        with self._alias_lock():
            if not self._folder(collection).exists():
                raise unknown_collection(collection, list(self.layouts()))
            self._write_aliases({**self.aliases(), alias: collection})

    def reader(self, collection: str) -> AbstractContextManager[CollectionReader]:
        """Open a collection (or alias) for questions; raises CollectionBusyError."""
        name = self.aliases().get(collection, collection)
        return self._opened(name, open_to_read)

    def writer(self, collection: str) -> AbstractContextManager[CollectionWriter]:
        """Open a collection for changes, its tuning too; raises CollectionBusyError."""
        return self._opened(collection, open_to_write)

    @contextmanager
    def _opened(self, name: str, opener: _Opener) -> Iterator[EdgeCollection]:
        folder = self._folder(name)
        if not folder.exists():
            raise unknown_collection(name, [*self.layouts(), *self.aliases()])
        with self._locked(name):
            if not folder.exists():
                raise unknown_collection(name, [*self.layouts(), *self.aliases()])
            with opener(folder / "shard", name, _layout(folder), self._tuning) as opened:
                yield opened

    def _folder(self, collection: str) -> Path:
        return self._collections / check_collection(collection)

    def _empty_scratch(self, collection: str) -> Path:
        """Return a free place for building or removing, cleared of what a dead process left."""
        scratch = self._scratch / collection
        if scratch.exists():
            shutil.rmtree(scratch)
        return scratch

    def _locked(self, collection: str) -> AbstractContextManager[None]:
        lock = self._locks / f"{collection}.lock"
        return self._exclusive(lock, f"collection {collection}")

    def _alias_lock(self) -> AbstractContextManager[None]:
        lock = self._aliases.with_suffix(".lock")
        return self._exclusive(lock, f"alias file {self._aliases}")

    def _exclusive(self, lock: Path, what: str) -> AbstractContextManager[None]:
        return exclusive(lock, what, self._lock_timeout_s, advice=_ADVICE)

    def _write_aliases(self, aliases: Mapping[str, str]) -> None:
        replace_text(self._aliases, json.dumps(aliases, sort_keys=True, indent=1))


@dataclass(frozen=True, slots=True, eq=False)
class _Layouts(Mapping[str, Layout]):
    """The layouts of collection folders, each read when asked for.

    So a damaged collection troubles nobody but those who ask for it, and one that was
    dropped in the meantime is absent.
    """

    folders: Mapping[str, Path]

    def __getitem__(self, collection: str) -> Layout:
        folder = self.folders[collection]
        try:
            return _layout(folder)
        except CorruptStateError as error:
            if folder.exists():
                raise
            raise KeyError(collection) from error

    def __iter__(self) -> Iterator[str]:
        return (name for name, folder in self.folders.items() if folder.exists())

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _layout(folder: Path) -> Layout:
    path = folder / "layout.json"
    try:
        return read_layout(path.read_bytes(), str(path))
    except OSError as error:
        raise CorruptStateError(
            f"{path} cannot be read ({error}); drop the collection and index its domain again"
        ) from error


def _checked_aliases(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
        raise ValueError("not an object of strings")
    return value

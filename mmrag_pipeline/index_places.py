"""An index in another place: the settings that name it, and the world that has it."""

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError

from mmrag_pipeline.assembly import OF_INDEX, open_blobs, open_tables, open_vectors
from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.index_settings import IndexSettings
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.keepers import TableCatalog
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.folder_blobs import FolderBlobs
from mmrag_pipeline.stores.memory import MemoryTables
from mmrag_pipeline.stores.split_tables import SplitTables
from mmrag_pipeline.stores.tables import ParquetTables

_LIKE_AN_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")

_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
_PORT = 6_333
"""Of a server whose address names none."""


def settings_at(settings: Settings, place: str) -> Settings:
    """Return the settings with which the index lies there; raises SettingsError.

    `http(s)://HOST:PORT` is a server, everything else the folder of an embedded index, which
    shares tables and memo with the state that there is.
    """
    if _LIKE_AN_ADDRESS.match(place):
        target = settings.model_copy(update={"qdrant_url": _server(settings, place)})
    else:
        target = settings.model_copy(update=_of_folder(settings, Path(place).absolute()))
    if _asked_at(target) == _asked_at(settings):
        here, there = place_of_index(settings), place_of_index(target)
        same = f" ({here}: both are asked at {_asked_at(settings)})" if here != there else ""
        raise SettingsError(f"--to {there} is where the index is{same}: name another place")
    return target


def place_of_index(settings: Settings) -> str:
    """Return where the settings have the index, in words."""
    return (settings.qdrant_url or "").rstrip("/") or str(settings.home.resolve() / "collections")


def _asked_at(settings: Settings) -> str:
    """Return where the index is asked, the same for each way to spell it."""
    if settings.qdrant_url is None:
        return place_of_index(settings)
    parts = urlsplit(settings.qdrant_url)
    host = (parts.hostname or "").removesuffix(".")
    machine = "localhost" if host in _THIS_MACHINE else host
    if settings.qdrant_grpc:
        return f"{machine}:{settings.qdrant_grpc_port}"
    return f"{machine}:{parts.port or _PORT}{parts.path.rstrip('/')}"


def with_index_of(world: World, settings: Settings) -> World:
    """Return the same world with the index of other settings, and the tables that tell of it."""
    tables = tables_beside(world.settings, settings)
    return replace(world, settings=settings, vectors=open_vectors(settings), tables=tables)


def tables_beside(settings: Settings, other: Settings) -> TableCatalog:
    """Return the tables of other settings, without a way to what tells of these settings' index.

    Of two servers the state tells of one: what is told of the other ends with the process, and
    whoever works with it first asks it what it holds.
    """
    if settings.qdrant_url is None or other.qdrant_url is None:
        return open_tables(other)
    return SplitTables(ParquetTables(open_blobs(other)), MemoryTables(), OF_INDEX)


def _server(settings: Settings, url: str) -> str:
    """Return the address of a server that is reached as the other settings say.

    The error does not show an address: it may hold a secret.
    """
    named = {name: getattr(settings, name) for name in IndexSettings.model_fields}
    try:
        checked = IndexSettings.model_validate({**named, "qdrant_url": url.rstrip("/")})
    except ValidationError as error:
        why = "; ".join(one["msg"].removeprefix("Value error, ") for one in error.errors())
        raise SettingsError(f"--to: {why}") from None
    return str(checked.qdrant_url)


def _of_folder(settings: Settings, folder: Path) -> dict[str, object]:
    """Return what names an embedded index in a folder; tables and memo stay where they are."""
    if folder.resolve() == settings.home.resolve():
        return {"qdrant_url": None}
    state = settings.state_root or str(settings.home.absolute())
    strange = ParquetTables(FolderBlobs(folder)).partitions("raw_files")
    if strange and str(folder) != state:
        raise SettingsError(
            f"--to {str(folder)!r} has tables of its own (of {strange[0]!r}, for one), so its "
            "index is of other files: name an empty folder"
        )
    return {"qdrant_url": None, "home": folder, "state_root": state}

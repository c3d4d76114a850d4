"""Which places are indexed: one small file of ours under `home`, replaced atomically."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mmrag_pipeline.errors import CorruptStateError, SettingsError
from mmrag_pipeline.ids import check_domain
from mmrag_pipeline.stores.files import exclusive, replace_text
from mmrag_pipeline.stores.places import Place, place_of

_FILE = "sources.json"
_LOCK = "sources.lock"
_LOCK_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Sources:
    """Roots whose sub-folders are domains, and places that are one domain each."""

    roots: tuple[Place, ...] = ()
    folders: Mapping[str, Place] = field(default_factory=dict)

    def with_root(self, root: Place) -> "Sources":
        """Return these sources and one more root."""
        return Sources(tuple(dict.fromkeys([*self.roots, _absolute(root)])), self.folders)

    def with_folder(self, domain: str, folder: Place) -> "Sources":
        """Return these sources with a domain that is this folder or prefix."""
        return Sources(self.roots, {**self.folders, check_domain(domain): _absolute(folder)})

    def added_to(self, known: "Sources") -> "Sources":
        """Return what is known and these sources; a domain of both has the folder of these."""
        roots = tuple(dict.fromkeys([*known.roots, *self.roots]))
        return Sources(roots, {**known.folders, **self.folders})


def _absolute(place: Place) -> Place:
    return place.absolute() if isinstance(place, Path) else place


def read_sources(home: Path) -> Sources:
    """Return what was indexed so far; raises CorruptStateError when our file is damaged."""
    path = home / _FILE
    try:
        held = json.loads(path.read_text())
        folders = {check_domain(str(n)): place_of(f) for n, f in held["folders"].items()}
        return Sources(tuple(place_of(root) for root in held["roots"]), folders)
    except FileNotFoundError:
        return Sources()
    except (ValueError, KeyError, TypeError, AttributeError, SettingsError) as error:
        raise CorruptStateError(
            f"{path} cannot be read ({error!r}): delete it and run `mmrag index --source DIR` "
            "again for each source; nothing is computed twice"
        ) from error


def add_sources(home: Path, add: Callable[[Sources], Sources]) -> Sources:
    """Replace what is known by what `add` makes of it, alone; return it.

    Two processes that add at once both keep what they added. Raises CorruptStateError and
    CollectionBusyError.
    """
    with exclusive(home / _LOCK, f"the list of sources in {home}", _LOCK_TIMEOUT_S):
        known = read_sources(home)
        more = add(known)
        if more != known:
            write_sources(home, more)
        return more


def write_sources(home: Path, sources: Sources) -> None:
    """Replace what is known of the sources."""
    held = {
        "roots": [str(root) for root in sources.roots],
        "folders": {name: str(folder) for name, folder in sources.folders.items()},
    }
    replace_text(home / _FILE, json.dumps(held, indent=1, sort_keys=True) + "\n")

"""Answers that were given, one JSON file each, in a folder of this machine."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mmrag_pipeline.errors import CorruptStateError, StateUnavailableError
from mmrag_pipeline.ids import Json
from mmrag_pipeline.stores.files import replace_text

_KEY = re.compile(r"[0-9a-f]{32}")
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class FolderAnswers:
    """A file per answer, replaced as a whole (keepers.AnswerCache).

    Each look also removes a few of those that are too old, so that the folder does not grow.
    """

    folder: Path
    days: float
    now: Callable[[], float] = time.time

    def get(self, key: str) -> Json:
        """Return what is kept, None where nothing is or it is too old.

        What cannot be understood is removed: the answer is made again.
        """
        path = self._path(key)
        try:
            if path.stat().st_mtime + self.days * _DAY_S < self.now():
                path.unlink(missing_ok=True)
                return None
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise _unreachable(path, error) from error
        return self._parsed(path, text)

    def put(self, key: str, value: Json) -> None:
        """Keep a value, durably; raises StateUnavailableError."""
        path = self._path(key)
        try:
            self._sweep(path.parent)
            replace_text(path, json.dumps(value))
        except OSError as error:
            raise _unreachable(path, error) from error

    def clear(self) -> int:
        """Remove every answer, return how many; raises StateUnavailableError."""
        try:
            found = list(self.folder.glob("*/*.json"))
            for path in found:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise _unreachable(self.folder, error) from error
        return len(found)

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise CorruptStateError(f"{key!r:.100} is no digest: answers are kept under digests")
        return self.folder / key[:2] / f"{key}.json"

    def _parsed(self, path: Path, text: str) -> Json:
        try:
            value: Json = json.loads(text)
        except (ValueError, RecursionError):
            path.unlink(missing_ok=True)
            return None
        return value

    def _sweep(self, folder: Path) -> None:
        """Remove what is too old beside a new answer: 1 of 256 of all."""
        for path in folder.glob("*.json"):
            if path.stat().st_mtime + self.days * _DAY_S < self.now():
                path.unlink(missing_ok=True)


def _unreachable(path: Path, error: Exception) -> StateUnavailableError:
    return StateUnavailableError(
        f"the cached answer {path} cannot be read or written ({error}): see the folder's "
        "permissions and the free space"
    )

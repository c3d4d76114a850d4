"""Rules of redaction under which answers or reports were made, by partition, beside them."""

from dataclasses import dataclass
from pathlib import Path

from mmrag_pipeline.errors import CorruptStateError, StateUnavailableError
from mmrag_pipeline.stores.files import replace_text


@dataclass(frozen=True, slots=True)
class FolderRules:
    """A file per partition under a folder of this machine (keepers.RulesNotes)."""

    folder: Path

    def noted(self, partition: str) -> str:
        """Return the digest of the rules that were noted last, empty where none were.

        Raises CorruptStateError for a note that cannot be read.
        """
        path = self._path(partition)
        try:
            return path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise CorruptStateError(
                f"{path} cannot be read ({error}): delete it, and the next run drops answers or "
                "reports of before MMRAG_REDACT"
            ) from error

    def note(self, partition: str, digest: str) -> None:
        """Note rules, atomically: nothing that is kept here shows what they take out.

        Raises StateUnavailableError.
        """
        path = self._path(partition)
        try:
            replace_text(path, digest)
        except OSError as error:
            raise StateUnavailableError(
                f"{path} cannot be written ({error}): see the folder's permissions and the free "
                "space; the next run drops answers or reports of before MMRAG_REDACT once more"
            ) from error

    def _path(self, partition: str) -> Path:
        return self.folder / "redacted" / f"{partition}.txt"

"""Rules of redaction under which this machine's answers and reports were made, by partition."""

from pathlib import Path

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.stores.files import replace_text

_FOLDER = "redacted"


def noted_rules(home: Path, partition: str) -> str:
    """Return the digest of the rules that were noted last, empty where none were.

    Raises CorruptStateError for a note that cannot be read.
    """
    path = _path(home, partition)
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise CorruptStateError(
            f"{path} cannot be read ({error}): delete it, and the next run drops answers and "
            "reports of before MMRAG_REDACT"
        ) from error


def note_rules(home: Path, partition: str, digest: str) -> None:
    """Note rules, atomically: nothing of this machine shows what they take out."""
    replace_text(_path(home, partition), digest)


def _path(home: Path, partition: str) -> Path:
    return home / _FOLDER / f"{partition}.txt"

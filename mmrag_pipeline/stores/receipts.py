"""Receipts of purges: files under `home`, one each, never changed."""

import os
import pwd
from pathlib import Path

from mmrag_pipeline.stores.files import replace_text

_FOLDER = "receipts"


def receipts_folder(home: Path) -> Path:
    """Return where receipts are kept."""
    return home / _FOLDER


def write_receipt(home: Path, text: str, *, moment: str, digest: str) -> Path:
    """Keep a receipt durably as `receipts/purge-TIME-DIGEST.json`; returns where.

    `moment` and `digest` are ours and hold letters, digits and hyphens only.
    """
    path = receipts_folder(home) / f"purge-{moment}-{digest}.json"
    replace_text(path, f"{text}\n")
    return path


def read_receipts(home: Path) -> list[tuple[Path, str]]:
    """Return where each receipt lies and what stands there, oldest first."""
    paths = sorted(receipts_folder(home).glob("purge-*.json"))
    return [(path, path.read_text(encoding="utf-8", errors="replace")) for path in paths]


def operator() -> str:
    """Return who runs this process: the system's user, by number where it has no name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"

"""Reports of evaluations: files under `home`, the last few of them."""

from datetime import UTC, datetime
from pathlib import Path

from mmrag_pipeline.ids import digest_bytes
from mmrag_pipeline.stores.files import replace_text

_FOLDER = "reports"
_ANY = "evaluation-*.html"


def keep_report(home: Path, text: str, *, at: datetime, run_id: str, keep: int) -> Path:
    """Put a report at `reports/evaluation-TIME-DIGEST.html` atomically, and drop the oldest.

    The same run at the same time replaces its own. `keep` counts this one, too.
    """
    moment = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    path = home / _FOLDER / f"evaluation-{moment}-{digest_bytes(run_id.encode())[:8]}.html"
    replace_text(path, text)
    others = [old for old in sorted(path.parent.glob(_ANY)) if old != path]
    for old in others[: max(0, len(others) + 1 - keep)]:
        old.unlink(missing_ok=True)
    return path


def forget_reports(home: Path) -> int:
    """Remove all reports that were kept, since any may show what was purged; return how many."""
    found = list((home / _FOLDER).glob(_ANY))
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)

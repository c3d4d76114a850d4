"""Short texts beside an embedded collection: one small file in its folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mmrag_pipeline.stores.files import replace_text
from mmrag_pipeline.stores.layouts import changed_marks

_FILE = "marks.json"


@dataclass(frozen=True, slots=True)
class MarkFile:
    """The marks of the collection in `folder`; whoever has it open has it alone."""

    folder: Path

    def read(self) -> dict[str, str]:
        """Return the marks; a damaged file has none: what it said is not to be trusted."""
        try:
            held = json.loads((self.folder / _FILE).read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        if not isinstance(held, dict):
            return {}
        return {str(name): str(text) for name, text in held.items()}

    def change(self, marks: Mapping[str, str | None]) -> None:
        """Replace the file by one in which some marks are others."""
        changed = changed_marks(self.read(), marks)
        replace_text(self.folder / _FILE, json.dumps(changed, sort_keys=True, indent=1))

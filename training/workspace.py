"""Where downloads, arrays and checkpoints live: one folder outside the repository."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folders of one training run, created on first use."""

    root: Path

    def folder(self, name: str) -> Path:
        """Return `root/name`, creating it."""
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def save_array(self, name: str, array: NDArray[Any]) -> None:
        """Write one numpy array under `arrays/`."""
        np.save(self.folder("arrays") / f"{name}.npy", array)

    def load_array(self, name: str) -> NDArray[Any]:
        """Read one numpy array from `arrays/`."""
        array: NDArray[Any] = np.load(self.folder("arrays") / f"{name}.npy")
        return array

    def save_json(self, name: str, value: Any) -> None:
        """Write one JSON document under `arrays/`."""
        text = json.dumps(value, ensure_ascii=False)
        (self.folder("arrays") / f"{name}.json").write_text(text, encoding="utf-8")

    def load_json(self, name: str) -> Any:
        """Read one JSON document from `arrays/`."""
        return json.loads((self.folder("arrays") / f"{name}.json").read_text(encoding="utf-8"))


def workspace_argument(parser: argparse.ArgumentParser) -> None:
    """Add the `--work` option that every step shares."""
    parser.add_argument("--work", type=Path, required=True, help="folder for downloads and arrays")


def parse_workspace(description: str) -> Workspace:
    """Parse a command line that has nothing but `--work`."""
    parser = argparse.ArgumentParser(description=description)
    workspace_argument(parser)
    return Workspace(parser.parse_args().work)

"""Ways to run `mmrag`: in this process, or in one of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

from mmrag_pipeline.cli.main import main
from mmrag_pipeline.stores.sources import Sources, write_sources

_TIMEOUT_S = 600


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return standard output as the JSON object that it has to be."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Bench:
    """A state folder and the source that it indexes."""

    home: Path
    source: Path

    def mmrag(self, *arguments: str, **environment: str) -> Said:
        """Run a command in this process."""
        out, err = StringIO(), StringIO()
        variables = _environment(self.home, environment)
        with (
            mock.patch.dict(os.environ, variables, clear=True),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = _run(arguments)
        return Said(code, out.getvalue(), err.getvalue())

    def mmrag_alone(self, *arguments: str, code: str = "") -> Said:
        """Run a command in its own process, or Python code that gets the arguments."""
        program = ["-c", code] if code else [str(Path(sys.executable).with_name("mmrag"))]
        done = subprocess.run(
            [sys.executable, *program, *arguments],
            env=_environment(self.home, {}),
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def copy(self, folder: Path) -> "Bench":
        """Return a copy of the state and its source in another folder, to change."""
        other = Bench(folder / "home", folder / "source")
        shutil.copytree(self.home, other.home)
        shutil.copytree(self.source, other.source)
        write_sources(other.home, Sources((other.source,)))
        return other


def _environment(home: Path, more: Mapping[str, str]) -> dict[str, str]:
    """Return this environment without settings but these."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("MMRAG_", "DAGSTER_"))}
    return {**kept, "MMRAG_HOME": str(home), **more}


def _run(arguments: tuple[str, ...]) -> int:
    try:
        main(arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0

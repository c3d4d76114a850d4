"""What every test stands on: an environment that says nothing, and folders that cost no disk."""

import os
import shutil
from pathlib import Path

# Read when polars and torch load; tests run side by side, one thread each is the quickest
os.environ.setdefault("POLARS_MAX_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import hypothesis
import psutil  # type: ignore[import-untyped]  # no stubs are installed
import pytest

# How long an example takes says how busy the machine is, nothing of the code
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")

_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 4 * 2**30
"""More than what the tests of all workers keep at a time."""
_WORK_BYTES = 8 * 2**30
"""What the workers need for themselves: models, and what they import."""


def pytest_configure(config: pytest.Config) -> None:
    """Keep the folders of tests in memory: an index is hundreds of small files, each synced.

    Not where there is little room, nor against --basetemp or PYTEST_DEBUG_TEMPROOT.
    """
    room = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES
    if room and psutil.virtual_memory().available >= _ROOM_BYTES + _WORK_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


@pytest.fixture(autouse=True)
def silent_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away the settings of the person who runs the tests."""
    for name in list(os.environ):
        if name.startswith("MMRAG_") or name == "DAGSTER_HOME":
            monkeypatch.delenv(name)

"""What every test stands on: an environment that says nothing."""

import os

import pytest


@pytest.fixture(autouse=True)
def silent_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away the settings of the person who runs the tests."""
    for name in list(os.environ):
        if name.startswith("MMRAG_") or name == "DAGSTER_HOME":
            monkeypatch.delenv(name)

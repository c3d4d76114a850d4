"""What took how long, as lines of the log; and how lines of the log look."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from mmrag_pipeline.json_lines import FIELDS, JsonLines
from mmrag_pipeline.telemetry import Attributes
from mmrag_pipeline.telemetry_settings import TelemetrySettings

ROOT = logging.getLogger("mmrag_pipeline")
_LOG = logging.getLogger("mmrag_pipeline.stages")


class Stages:
    """Tells of each stage when it ends; of calls of a store (`memo.append`) at level debug."""

    @contextmanager
    def span(self, name: str, attributes: Attributes, parent: str) -> Iterator[str]:
        """Time the block."""
        level = logging.DEBUG if "." in name else logging.INFO
        if not _LOG.isEnabledFor(level):
            yield ""
            return
        started, how = time.perf_counter(), "ended"
        try:
            yield ""
        except BaseException as error:
            how = f"ended with {type(error).__name__}"
            raise
        finally:
            took_ms = round((time.perf_counter() - started) * 1_000, 3)
            fields = {**attributes, "stage": name, "duration_ms": took_ms}
            _LOG.log(level, "%s %s after %g ms", name, how, took_ms, extra={FIELDS: fields})


def is_told(settings: TelemetrySettings) -> bool:
    """Return whether the log tells of stages."""
    return settings.log_level in ("debug", "info")


def start_log(settings: TelemetrySettings) -> None:
    """Write what this package logs to standard error, as the settings want it."""
    for handler in list(ROOT.handlers):
        ROOT.removeHandler(handler)
    ROOT.setLevel(logging.NOTSET)
    ROOT.propagate = True
    if settings.log_format == "text" and not is_told(settings):
        return  # the few warnings there are look as Python shows them
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonLines() if settings.log_format == "json" else logging.Formatter("%(message)s")
    )
    ROOT.addHandler(handler)
    ROOT.propagate = False  # a library that logs by `logging.info()` gives the root a handler
    ROOT.setLevel(settings.log_level.upper())


def writes_json() -> bool:
    """Return whether standard error is one JSON object a line."""
    return any(isinstance(handler.formatter, JsonLines) for handler in ROOT.handlers)

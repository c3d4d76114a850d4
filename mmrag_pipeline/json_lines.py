"""Log records as JSON, one object a line, for commands and for Dagster's own handlers."""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from mmrag_pipeline.telemetry import ABOUT

FIELDS = "mmrag"
"""Attribute of a record with further fields: numbers and names, never what a file says."""
_PARTITION_TAG = "dagster/partition"


class JsonLines(logging.Formatter):
    """Writes time, level, message, and request_id, stage, duration_ms, run_id, partition if known.

    Of an error there is the type only: its words and its traceback may quote a file.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line."""
        dagster = _dagster(record)
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": dagster.pop("message", None) or record.getMessage(),
            **ABOUT.get(),
            **dagster,
            **getattr(record, FIELDS, {}),
            "error": record.exc_info[0].__name__
            if record.exc_info and record.exc_info[0]
            else None,
        }
        told = {name: value for name, value in line.items() if value is not None}
        return json.dumps(told, ensure_ascii=False, default=str)


def _dagster(record: logging.LogRecord) -> dict[str, object]:
    """Return what Dagster adds to the records of a run: empty for others."""
    given = getattr(record, "dagster_meta", None)
    if given is None:
        return {}
    meta = given if isinstance(given, Mapping) else vars(given)
    tags = meta.get("run_tags") or meta.get("job_tags") or {}
    return {
        "message": meta.get("orig_message"),
        **_known(run_id=meta.get("run_id"), partition=tags.get(_PARTITION_TAG)),
        **_known(step=meta.get("step_key"), job=meta.get("job_name")),
    }


def _known(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}

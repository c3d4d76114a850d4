"""Dates as people write them on a command line, as instants."""

import re
from datetime import UTC, datetime, timedelta

from mmrag_pipeline.errors import SettingsError

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_LAST = datetime.max.replace(tzinfo=UTC)


def start_of(option: str, text: str | None) -> datetime | None:
    """Return the instant, or the first one of the day, that an option names."""
    return None if text is None else _read(option, text)


def end_of(option: str, text: str | None) -> datetime | None:
    """Return the instant before which something has to be: after a day all of it has passed."""
    if text is None:
        return None
    return _read(option, text, after=timedelta(days=1 if _DAY.fullmatch(text) else 0))


def _read(option: str, text: str, *, after: timedelta = timedelta()) -> datetime:
    """Return what `YYYY-MM-DD` or RFC 3339 says, in UTC; a time without a zone is UTC."""
    try:
        moment = datetime.fromisoformat(text)
        if not _DAY.match(text):
            raise ValueError(text)
        known = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return min(known.astimezone(UTC), _LAST - after) + after
    except (ValueError, OverflowError) as error:
        raise SettingsError(
            f"{option} {text!r:.60} is no date: write YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ"
        ) from error

"""What a message of the queue says: which objects of which buckets to look at."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote_plus

from mmrag_pipeline.errors import ParseError
from mmrag_pipeline.ids import Json

MAX_CHARACTERS = 2**20
"""SQS carries at most 1 MiB."""
MAX_KEY_BYTES = 1_024
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands where a notice does not say when."""
_MAX_ENVELOPES = 4
_WORD_CHARACTERS = 200
_ENCODED = re.compile(r"(?:[!-$&-~]|%[0-9A-Fa-f]{2})*")
"""An encoded key holds no blank, no other character than ASCII and only whole escapes."""
_SEQUENCER = re.compile(r"[0-9A-Fa-f]{1,64}")
_CONTENT_STAYS = (
    "ObjectTagging:",
    "ObjectAcl:",
    "ObjectRestore:Post",
    "ObjectRestore:Delete",
    "LifecycleTransition",
    "IntelligentTiering",
    "Replication:",
    "Object Tags ",
    "Object ACL Updated",
    "Object Restore Initiated",
    "Object Restore Expired",
    "Object Storage Class Changed",
    "Object Access Tier Changed",
)
"""Beginnings of event kinds, as S3 and as EventBridge name them, that leave content as it is."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One object that may have changed; the store decides what is true."""

    bucket: str
    key: str
    """As it is in the bucket: 1 to 1,024 bytes of valid UTF-8, any character."""
    sequencer: str
    """Upper-case hexadecimal, or empty: some stores and some event kinds send none."""
    kind: str
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """What one message of the queue holds."""

    notices: tuple[Notice, ...] = ()
    ignored: str = ""
    """Why there is no notice although the message is fine."""
    bad: tuple[str, ...] = ()
    """What is wrong with each record that could not be read, beside others that could."""


def read_message(body: str) -> Message:
    """Read an S3 notification, plain or within EventBridge's and SNS's envelopes.

    Raises ParseError (`not_json`, `too_large`, `too_deep`, `unknown_shape`, `bad_record`) when
    nothing in it can be read. Shapes: AWS, "Event message structure" (S3), "EventBridge event
    message structure" and "Amazon SNS message formats".
    """
    content = body
    for _ in range(_MAX_ENVELOPES):
        message = _object(content)
        if "Type" not in message:
            return _read(message)
        content = _unwrapped(message)
    raise _refused("it is wrapped in too many envelopes", "too_deep")


def _object(body: str) -> dict[str, Json]:
    """Return the JSON object that a text holds."""
    if len(body) > MAX_CHARACTERS:
        raise _refused(f"it has {len(body):,} characters", "too_large")
    try:
        content = json.loads(body)
    except RecursionError as error:
        raise _refused("its JSON is nested too deeply", "too_deep") from error
    except ValueError as error:  # no JSON, or a number of thousands of digits
        raise _refused(f"it is no JSON ({error})", "not_json") from error
    if not isinstance(content, dict):
        raise _refused("it is no JSON object", "unknown_shape")
    return content


def _unwrapped(envelope: dict[str, Json]) -> str:
    """Return what an SNS topic delivers."""
    kind, content = envelope["Type"], envelope.get("Message")
    if kind == "SubscriptionConfirmation":
        raise _refused(
            "it asks to confirm the queue's subscription to an SNS topic: confirm it, or take "
            "the subscription away",
            "unknown_shape",
        )
    if kind != "Notification" or not isinstance(content, str):
        raise _refused("it is no notification of an SNS topic", "unknown_shape")
    return content


def _read(message: dict[str, Json]) -> Message:
    records = message.get("Records")
    if isinstance(records, list):
        return _gathered([_read_record(record) for record in records])
    if message.get("Event") == "s3:TestEvent":
        return Message(ignored="a test event")
    if message.get("source") == "aws.s3" and "detail-type" in message:
        return _gathered([_read_bridged(message)])
    raise _refused("it is no event of S3", "unknown_shape")


def _gathered(found: list[Notice | str | None]) -> Message:
    """Join notices, what is wrong with others (text), and records left out (None)."""
    notices = tuple(one for one in found if isinstance(one, Notice))
    bad = tuple(one for one in found if isinstance(one, str))
    if bad and len(bad) == len(found):
        raise _refused("; ".join(bad[:5]), "bad_record")
    return Message(notices, "" if notices else "no event that changes content", bad)


def _read_record(record: Json) -> Notice | str | None:
    """Read one record of a notification that S3 sent itself: its key is URL-encoded."""
    kind = _word(record, "eventName").removeprefix("s3:")
    if kind.startswith(_CONTENT_STAYS):
        return None
    subject = _field(record, "s3")
    thing = _field(subject, "object")
    notice = Notice(
        _text(_field(subject, "bucket"), "name"),
        _decoded(_text(thing, "key")),
        _sequencer(_text(thing, "sequencer")),
        kind,
        _time(_text(record, "eventTime")),
    )
    return _wrong(notice) or notice


def _read_bridged(message: Json) -> Notice | str | None:
    """Read an event that came through EventBridge: its key is as it is in the bucket."""
    kind = _word(message, "detail-type")
    if kind.startswith(_CONTENT_STAYS):
        return None
    detail = _field(message, "detail")
    thing = _field(detail, "object")
    notice = Notice(
        _text(_field(detail, "bucket"), "name"),
        _text(thing, "key"),
        _sequencer(_text(thing, "sequencer")),
        kind,
        _time(_text(message, "time")),
    )
    return _wrong(notice) or notice


def _decoded(key: str) -> str:
    """Decode a key that is encoded; some S3-compatible stores send it plain."""
    if not _ENCODED.fullmatch(key):
        return key
    return unquote_plus(key, errors="surrogateescape")


def _wrong(notice: Notice) -> str:
    """Return what makes a record unusable."""
    if not notice.bucket or not notice.key:
        return f"a record names no {'key' if notice.bucket else 'bucket'}"
    try:
        size = len(notice.key.encode())
        notice.bucket.encode()
    except UnicodeEncodeError:
        return f"the key {notice.key!a:.200} or its bucket's name is no UTF-8"
    return f"a key has {size:,} bytes, more than S3 allows" if size > MAX_KEY_BYTES else ""


def _field(value: Json, name: str) -> Json:
    return value.get(name) if isinstance(value, dict) else None


def _text(value: Json, name: str) -> str:
    found = _field(value, name)
    return found if isinstance(found, str) else ""


def _word(value: Json, name: str) -> str:
    """Return a text that is only told to people, short and printable anywhere."""
    return _text(value, name)[:_WORD_CHARACTERS].encode("utf-8", "replace").decode()


def _sequencer(text: str) -> str:
    return text.upper() if _SEQUENCER.fullmatch(text) else ""


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return NO_TIME


def _refused(what: str, reason: str) -> ParseError:
    return ParseError(f"a message of the queue was set aside: {what:.500}", reason=reason)

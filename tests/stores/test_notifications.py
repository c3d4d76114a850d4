"""A message names the objects to look at, or it is set aside with a reason: nothing else."""

import json
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.errors import ParseError
from mmrag_pipeline.ids import Json
from mmrag_pipeline.stores.notifications import NO_TIME, Message, Notice, read_message

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
    lambda key: len(key.encode()) <= 1_024
)


def record(key: str = "a.png", kind: str = "ObjectCreated:Put", **thing: Json) -> dict[str, Json]:
    """Return one record of an S3 notification; `key` as it is sent."""
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventTime": "2026-01-02T03:04:05.678Z",
        "eventName": kind,
        "s3": {"bucket": {"name": "docs"}, "object": {"key": key, **thing}},
    }


def direct(*records: Json) -> str:
    """Return what S3 sends to a queue."""
    return json.dumps({"Records": list(records)})


def bridged(key: str, kind: str = "Object Created", **thing: Json) -> str:
    """Return what EventBridge sends."""
    detail = {"bucket": {"name": "docs"}, "object": {"key": key, **thing}, "reason": "PutObject"}
    return json.dumps(
        {"source": "aws.s3", "detail-type": kind, "time": "2026-01-02T03:04:05Z", "detail": detail}
    )


def in_topic(body: str) -> str:
    """Return a message as an SNS topic delivers it."""
    return json.dumps({"Type": "Notification", "TopicArn": "arn", "Message": body})


def keys(body: str) -> list[str]:
    """Return the keys of a message's notices."""
    return [notice.key for notice in read_message(body).notices]


def test_a_notification_of_s3_becomes_a_notice() -> None:
    sent = record("a.png", sequencer="0055aed6")
    when = datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)
    notice = Notice("docs", "a.png", "0055AED6", "ObjectCreated:Put", when)
    assert read_message(direct(sent)) == Message((notice,))


def test_an_event_of_eventbridge_becomes_a_notice_with_its_key_as_it_is() -> None:
    body = bridged("a+b%20c é.png", sequencer="617f08299329d189")
    notice = read_message(body).notices[0]
    assert (notice.key, notice.sequencer) == ("a+b%20c é.png", "617F08299329D189")
    assert notice.kind == "Object Created"


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("red+flower.jpg", "red flower.jpg"),
        ("a%2Bb", "a+b"),
        ("100%2525.png", "100%25.png"),
        ("a%2F..%2Fb%0A%00", "a/../b\n\0"),
        ("e%CC%81", "e\u0301"),
        ("%C3%A9", "\u00e9"),
        ("100%.png", "100%.png"),
        ("100%zz+1.png", "100%zz+1.png"),
        ("é+a%20.png", "é+a%20.png"),
    ],
)
def test_a_key_is_decoded_where_it_is_encoded(sent: str, key: str) -> None:
    assert keys(direct(record(sent))) == [key]


@pytest.mark.parametrize(
    "kind",
    [
        "ObjectCreated:CompleteMultipartUpload",
        "s3:ObjectCreated:Put",
        "ObjectRemoved:DeleteMarkerCreated",
        "LifecycleExpiration:Delete",
        "ObjectRestore:Completed",
        "SomethingUnheardOf",
        "",
    ],
)
def test_what_may_change_content_is_looked_at(kind: str) -> None:
    assert keys(direct(record(kind=kind))) == ["a.png"]


@pytest.mark.parametrize(
    "body",
    [
        direct(record(kind="ObjectTagging:Put")),
        direct(record(kind="s3:ObjectAcl:Put")),
        direct(record(kind="ObjectRestore:Post")),
        direct(record(kind="LifecycleTransition")),
        direct(),
        bridged("a", "Object Tags Added"),
        bridged("a", "Object Restore Initiated"),
        json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "docs"}),
    ],
)
def test_what_leaves_content_as_it_is_is_ignored_with_a_word_why(body: str) -> None:
    message = read_message(body)
    assert message.ignored
    assert (message.notices, message.bad) == ((), ())


def test_envelopes_are_opened_up_to_a_bound() -> None:
    assert keys(in_topic(direct(record("a+b")))) == ["a b"]
    assert keys(in_topic(in_topic(bridged("a+b")))) == ["a+b"]
    body = direct(record())
    for _ in range(9):
        body = in_topic(body)
    with pytest.raises(ParseError, match="envelopes"):
        read_message(body)


def test_records_that_can_be_read_count_beside_others_that_cannot() -> None:
    message = read_message(direct(record("a"), {"s3": 1}, record("%FF"), record("b")))
    assert [notice.key for notice in message.notices] == ["a", "b"]
    assert len(message.bad) == 2


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "not_json"),
        ("{", "not_json"),
        ("[" * 100_000, "too_deep"),
        ("9" * 10_000, "not_json"),
        (f'{{"a": "{"x" * 2**20}"}}', "too_large"),
        ("[]", "unknown_shape"),
        ("{}", "unknown_shape"),
        ('{"Records": {}}', "unknown_shape"),
        ('{"source": "aws.ec2", "detail-type": "x"}', "unknown_shape"),
        ('{"Type": "Notification", "Message": 1}', "unknown_shape"),
        ('{"Type": "SubscriptionConfirmation", "Message": "x"}', "unknown_shape"),
        ('{"source": "aws.s3", "detail-type": "Object Created"}', "bad_record"),
        (direct(None), "bad_record"),
        (direct(record("")), "bad_record"),
        (direct(record("%FF")), "bad_record"),
        (direct(record("\ud800")), "bad_record"),
        (direct(record("a" * 1_025)), "bad_record"),
        (direct({**record(), "s3": {"object": {"key": "a"}}}), "bad_record"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(body: str, reason: str) -> None:
    with pytest.raises(ParseError, match="set aside") as caught:
        read_message(body)
    assert caught.value.reason == reason


def test_a_subscription_that_waits_says_so() -> None:
    with pytest.raises(ParseError, match="confirm"):
        read_message('{"Type": "SubscriptionConfirmation", "SubscribeURL": "https://x"}')


@pytest.mark.parametrize("sequencer", [None, "", 7, "xyz", "0" * 65, "\ud800"])
def test_a_sequencer_that_is_none_is_left_out(sequencer: Json) -> None:
    assert read_message(direct(record(sequencer=sequencer))).notices[0].sequencer == ""


@pytest.mark.parametrize("time", [None, 5, "soon", "0001-01-01T00:00:00+23:00", "9" * 99])
def test_a_time_that_is_none_is_the_epoch(time: Json) -> None:
    message = read_message(direct({**record(), "eventTime": time}))
    assert message.notices[0].happened_at == NO_TIME


def test_words_that_are_only_told_are_short_and_valid() -> None:
    notice = read_message(direct(record(kind="\ud800" * 9_999))).notices[0]
    assert notice.kind.encode()
    assert len(notice.kind) <= 200


@given(KEYS)
def test_any_key_comes_through_every_way(key: str) -> None:
    ways = (
        direct(record(quote_plus(key))),
        direct(record(quote(key, safe="/"))),
        bridged(key),
        in_topic(direct(record(quote_plus(key)))),
        in_topic(bridged(key)),
    )
    assert [keys(body) for body in ways] == [[key]] * len(ways)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
NAMES = ["Records", "s3", "object", "key", "bucket", "name", "source", "detail-type", "detail"]
SHAPED = st.recursive(
    JSON | st.sampled_from(["aws.s3", "s3:TestEvent", "Notification", "%FF", "a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*NAMES, "Type", "Message", "Event"]), inner)
    ),
    max_leaves=12,
)


@given(st.text() | SHAPED.map(json.dumps) | SHAPED.map(lambda v: direct(record(), v)))
def test_any_text_is_a_message_or_is_refused(body: str) -> None:
    try:
        message = read_message(body)
    except ParseError:
        return
    assert message.notices or message.ignored
    assert all(n.bucket and 0 < len(n.key.encode()) <= 1_024 for n in message.notices)

"""Health that told "ok" while everything of one sensor was skipped: each topic and each rule has a record of its own."""

from edge.messages.topics import Topics

Rules = tuple[str, ...]
RULES: Rules = ("a/{x}",)


def skip(topics: Topics, topic: str, number: int = 1, rules: Rules = RULES) -> None:
    """Messages of a topic without a value."""
    for _ in range(number):
        topics.skipped(topic, 7, "no_value", "expected a value", b'{"v": 1}', lambda _: rules)


def test_a_rule_of_which_nothing_can_be_used_is_a_problem_though_others_work() -> None:
    """After ten messages in a row; one reading ends it."""
    topics = Topics(10)
    skip(topics, "a/1", 9)
    topics.used("b/1", 8, 3, lambda _: ["b/{x}"])
    assert topics.problem is None
    skip(topics, "a/2")
    topics.used("b/1", 8, 3, lambda _: ["b/{x}"])
    assert topics.problem == (
        "none of the last 10 messages of [[ingest]] topic 'a/{x}' could be used, the last one: no_value: expected a value on "
        "topic 'a/2'; see gatecast-agent topics"
    )
    skip(topics, "c/1", 11, ("c/{x}",))
    assert topics.problem == (
        "none of the last 11 messages could be used, the last one: no_value: expected a value on topic 'c/1'; "
        "see gatecast-agent topics"
    )
    topics.used("b/1", 8, 3, lambda _: ["b/{x}"])
    assert "last 11 messages of [[ingest]] topic 'c/{x}'" in (topics.problem or "")
    assert "and 1 more [[ingest]] rules" in (topics.problem or "")
    for topic in ("a/1", "c/1"):
        topics.used(topic, 9, 1, lambda _: RULES)
    assert topics.problem is None


def test_what_is_skipped_on_purpose_is_no_problem() -> None:
    """Retained messages come by the dozen at every start."""
    topics = Topics(10)
    for _ in range(100):
        topics.skipped("a/1", 7, "retained", "may be of any age", b"", lambda _: RULES)
    assert topics.problem is None


def test_a_record_has_everything_of_its_topic() -> None:
    """Messages, readings, reasons with their numbers, and the newest payload that failed."""
    topics = Topics(10)
    topics.used("a/1", 5, 3, lambda _: RULES)
    topics.left_out("a/1", "implausible", "85 stands in ignore", b"85" * 200)
    skip(topics, "a/1", 2)
    (record,) = topics.documents()
    assert record == {
        "topic": "a/1",
        "rules": ["a/{x}"],
        "seen": 7,
        "messages": 3,
        "readings": 3,
        "too_late": 0,
        "skipped": {"implausible": 1, "no_value": 2},
        "reason": "no_value: expected a value",
        "payload": '{"v": 1}',
    }
    topics.left_out("a/1", "implausible", "85", b"8" * 300)
    assert len(str(topics.documents()[0]["payload"])) == 200
    topics.left_out("never/heard", "implausible", "85", b"85")


def test_made_up_topics_push_out_none_that_gave_readings() -> None:
    """The newest failing ones stay; a topic that gives a reading at last keeps what was known of it."""
    topics = Topics(2, most_failing=3)
    topics.used("good", 1, 1, lambda _: RULES)
    for number in range(100):
        skip(topics, f"bad/{number}")
    assert [record["topic"] for record in topics.documents()] == ["bad/97", "bad/98", "bad/99", "good"]
    topics.used("bad/98", 2, 1, lambda _: RULES)
    records = {record["topic"]: record["messages"] for record in topics.documents()}
    assert records == {"good": 1, "bad/97": 1, "bad/99": 1, "bad/98": 2}
    topics.used("more", 2, 1, lambda _: RULES)  # no room: it is read all the same
    assert "more" not in {record["topic"] for record in topics.documents()}


def test_nothing_that_is_shown_holds_a_secret() -> None:
    """The page and the reason of health quote messages."""
    topics = Topics(10)
    for _ in range(10):
        topics.skipped("a/1", 7, "no_value", """got '{"ssid":"Home"}'""", b'{"ssid":"Home","lat":52.5}', lambda _: RULES)
    (document,) = topics.documents()
    assert document["reason"] == """no_value: got '{"ssid":***}'"""
    assert document["payload"] == '{"ssid":***,"lat":***}'
    assert '"ssid":***' in (topics.problem or "")

"""Lines about trouble that repeats."""

import json
import logging

from hypothesis import given
from hypothesis import strategies as st

from edge.log import SILENCE, Grumbler, OneLine


def record(text: str, *arguments: object) -> logging.LogRecord:
    """What a logger of ours, or of a library, hands over."""
    return logging.LogRecord("any", logging.WARNING, "file.py", 1, text, arguments, None)


@given(st.text())
def test_every_record_is_one_printable_line(text: str) -> None:
    """Whatever a message, a server or a file name holds, and whoever logs it; as JSON the event is the same text."""
    line = OneLine().format(record("%s", text))
    assert line.isprintable()
    document = json.loads(as_json := OneLine(as_json=True).format(record("%s", text)))
    assert as_json.isprintable()
    assert line.endswith(f" {document['event']}")
    if text.isprintable():
        assert document["event"] == text


def test_a_forged_line_is_seen_as_what_it_is() -> None:
    """Line breaks, and what a terminal takes for commands or for the other direction of writing."""
    line = OneLine().format(record("x\n2026-11-26 00:00:00,000 bundle b is live\x1b[2J\u202e\u2028\x9b\r"))
    assert r"x\n2026-11-26 00:00:00,000 bundle b is live\x1b[2J\u202e\u2028\x9b\r" in line


def test_the_trace_of_a_library_stays_on_its_line() -> None:
    """It is kept, since it is of use, and cannot be mistaken for lines of ours."""
    error = ValueError("first\nsecond")
    entry = record("failed")
    entry.exc_info = type(error), error, None
    line = OneLine().format(entry)
    assert line.isprintable()
    assert r"ValueError: first\nsecond" in line


def test_the_same_kind_is_said_once_a_minute() -> None:
    """With the number of lines that were swallowed; another kind is said at once."""
    lines, now = list[str](), [0.0]
    grumbler = Grumbler(lines.append, lambda: now[0])
    for _ in range(4):
        grumbler.say("disk", "full")
    grumbler.say("store", "away")
    now[0] = SILENCE - 0.1
    grumbler.say("disk", "full")
    now[0] = SILENCE
    grumbler.say("disk", "still full")
    now[0] = 2 * SILENCE
    grumbler.say("disk", "full")
    assert lines == ["disk: full", "store: away", "disk: still full (and 4 more like it)", "disk: full"]


def test_what_has_to_be_said_is_said_within_the_minute() -> None:
    """And is heard of afterwards."""
    lines = list[str]()
    grumbler = Grumbler(lines.append, lambda: 0.0)
    assert not grumbler.heard("connected")
    for _ in range(2):
        grumbler.say("connected", "again", always=True)
    grumbler.say("connected", "again")
    assert grumbler.heard("connected")
    assert lines == ["connected: again"] * 2


def test_a_line_holds_no_secret_of_a_message() -> None:
    """A log is pasted into forums."""
    lines = list[str]()
    Grumbler(lines.append).say("no_value", """expected a number in '{"ssid": "Home", "v": "x"}'""")
    assert lines == ["""no_value: expected a number in '{"ssid": ***, "v": "x"}'"""]

"""Findings as lines: each hint once, and nothing broken within a word."""

import os
import pty
import struct
import termios
from fcntl import ioctl
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st

from edge.checks.finding import Finding, warning, wrong
from edge.checks.lines import columns, hints, wrapped


def test_a_hint_is_told_once_with_what_it_is_for() -> None:
    """What is wrong first; a hint that ends another one goes with it, whichever came first."""
    findings = [
        Finding("disk", "fine"),
        warning("champion", "none", "run b"),
        wrong("bundle", "none", "check a, or run b"),
        wrong("channel", "none", "check a, or run b"),
        wrong("write", "refused; make the bucket"),
        wrong("write", "refused again; make the bucket"),
        wrong("read\n", "no"),
    ]
    expected = [("bundle, channel, champion", "check a, or run b"), ("write", "make the bucket"), ("read\\n", "no")]
    assert hints(findings) == expected
    short_first = [wrong("champion", "none", "run b"), warning("bundle", "none", "check a, or run b")]
    assert hints(short_first) == [("champion, bundle", "check a, or run b")]
    assert hints(findings[:1]) == []


def test_lines_break_between_words_only() -> None:
    """A path or a command that is longer than the terminal stays whole; so does everything where the width is not known."""
    path = "/a/very/long/path-with-hyphens/that/no/terminal/has/room/for.toml"
    line = f"WRONG file: {path} is missing, and so is all that it would have said"
    assert wrapped(line, 40, 6).splitlines() == [
        "WRONG file:",
        f"      {path}",
        "      is missing, and so is all that it",
        "      would have said",
    ]
    assert [wrapped(line, width) for width in (None, 20, 500)] == [line] * 3


@given(st.lists(st.text("abc-/", min_size=1, max_size=20), min_size=1), st.integers(40, 120), st.integers(0, 60))
def test_nothing_is_lost_and_nothing_is_wider(words: list[str], width: int, indent: int) -> None:
    """Whatever the words are, if each fits."""
    told = wrapped(" ".join(words), width, indent)
    assert told.split() == words
    assert all(len(line) <= width for line in told.splitlines())


def test_only_a_terminal_has_columns() -> None:
    """A pipe has none, and a terminal that does not tell its size has none either."""
    assert columns(StringIO()) is None
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal:
        ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 93, 0, 0))
        assert columns(terminal) == 93
        ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
        assert columns(terminal) is None
    os.close(ours)

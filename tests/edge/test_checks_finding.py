"""Findings: a grade, a line, an exit code."""

from edge.checks.finding import Finding, Grade, exit_code, of_error, warning, wrong
from edge.errors import ConfigurationError, StoreDenied


def test_a_line_says_its_grade_in_a_word() -> None:
    """Colour alone would say nothing to a log, or to who does not see it."""
    assert Finding("disk", "fine").line == "ok    disk: fine"
    assert Finding("disk", "a " * 30 + "b").shown(60) == "ok    disk: " + "a " * 23 + "a\n            " + "a " * 6 + "b"
    assert warning("disk", "small", "make room").line == "warn  disk: small; make room"
    assert wrong("disk", "full\nok    disk: fine").line == "WRONG disk: full\\nok    disk: fine"


def test_what_an_error_advises_stands_apart() -> None:
    """Behind its first semicolon; the system's errors have none."""
    finding = of_error("store", StoreDenied("no such bucket; make it"), "look there")
    assert (finding.text, finding.advice, finding.code) == ("no such bucket", "make it", 1)
    finding = of_error("disk", PermissionError(13, "Permission denied", "/x"), "look there")
    assert (finding.text, finding.advice) == ("/x: Permission denied", "look there")
    assert of_error("configuration", ConfigurationError("bad")).code == 2


def test_the_worst_finding_gives_the_exit_code() -> None:
    """A warning is no failure, and nothing is none."""
    unusable = Finding("configuration", "bad", Grade.WRONG, unusable=True)
    assert [exit_code(some) for some in ([], [warning("a", "b")], [wrong("a", "b")], [wrong("a", "b"), unusable])] == [
        0,
        0,
        1,
        2,
    ]
    assert wrong("a", "b", "c").document() == {"subject": "a", "text": "b; c", "advice": "c", "grade": "wrong", "code": 1}

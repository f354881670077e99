"""Hints of findings: each once."""

from edge.checks.finding import Finding, warning, wrong
from edge.checks.hints import hints


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

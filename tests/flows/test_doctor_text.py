"""The table of `gatecast doctor`."""

from dataclasses import replace

from edge.checks.finding import Finding, warning, wrong
from flows.doctor.text import row, steps


def test_the_state_is_a_word_and_colour_only_repeats_it() -> None:
    """Columns stand below each other, and nothing that a server says makes a line of its own."""
    assert row(Finding("disk", "fine")) == "ok       disk            fine"
    assert row(warning("last training", "a\nb")) == "warning  last training   a\\nb"
    assert row(wrong("disk", "full"), coloured=True) == "\x1b[31mWRONG  \x1b[0m  disk            full"


def test_what_is_wrong_comes_first_and_the_same_step_once() -> None:
    """The step is the advice, else what stands behind the fault, else all that is known."""
    findings = [
        Finding("store", "fine"),
        warning("prefect", "no a", "start it"),
        warning("prefect", "no b", "start it"),
        wrong("write", "refused; make the bucket"),
        wrong("bundle", "none"),
    ]
    assert steps(findings) == [
        "",
        "what to do next:",
        "  1. write: make the bucket",
        "  2. bundle: none",
        "  3. prefect: start it",
        "",
        "2 wrong, 2 warnings",
    ]
    assert steps(findings[:1]) == ["", "all is well"]
    assert steps(findings[1:2])[-1] == "0 wrong, 1 warning"


def test_the_same_step_is_told_once_with_all_that_it_is_for() -> None:
    """Not a line for each of the checks that one cause has failed."""
    findings = [wrong("bundle", "none", "a, or b"), warning("champion", "none", "b"), wrong("channel", "none", "a, or b")]
    assert steps(findings)[2:3] == ["  1. bundle, channel, champion: a, or b"]


def test_a_terminal_gets_whole_words_below_their_column() -> None:
    """A pipe gets one line for each; colours take no column."""
    finding = wrong("broker", "the broker at 127.0.0.1:1883 cannot be reached: Connection refused", "check [mqtt] url")
    lines = [
        "WRONG    broker          the broker at 127.0.0.1:1883 cannot be reached:",
        "                         Connection refused",
    ]
    assert row(finding, width=76).splitlines() == lines
    assert row(finding, coloured=True, width=76).splitlines() == [f"\x1b[31mWRONG  \x1b[0m{lines[0][7:]}", *lines[1:]]
    assert steps([replace(finding, advice="check [mqtt] url, and the firewall")], 40)[2] == (
        "  1. broker: check [mqtt] url, and the\n     firewall"
    )

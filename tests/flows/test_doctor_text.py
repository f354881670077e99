"""The table of `gatecast doctor`."""

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

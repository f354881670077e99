"""The table of `gatecast doctor`, and what to do next. The state is a word; colour only repeats it."""

from collections.abc import Sequence

from edge.checks.finding import Finding, Grade
from edge.quoting import one_line

STATES = {Grade.OK: "ok", Grade.WARNING: "warning", Grade.WRONG: "WRONG"}
COLOURS = {Grade.OK: "32", Grade.WARNING: "33", Grade.WRONG: "31"}
WIDTH, SUBJECT = max(map(len, STATES.values())), 14


def row(finding: Finding, *, coloured: bool = False) -> str:
    """The row of a finding.

    Args:
        finding: finding.
        coloured: whether a terminal shows the state in colour as well.
    """
    state = f"{STATES[finding.grade]:<{WIDTH}}"
    if coloured:
        state = f"\x1b[{COLOURS[finding.grade]}m{state}\x1b[0m"
    return f"{state}  {one_line(finding.subject):<{SUBJECT}}  {one_line(finding.text)}"


def steps(findings: Sequence[Finding]) -> list[str]:
    """What to do next: a line for each finding that is not ok, what is wrong first; then how many there are."""
    troubled = sorted(
        (finding for finding in findings if finding.grade is not Grade.OK), key=lambda f: f.grade is Grade.WARNING
    )
    if not troubled:
        return ["", "all is well"]
    told = dict.fromkeys(f"{one_line(finding.subject)}: {one_line(_step(finding))}" for finding in troubled)
    lines = ["", "what to do next:", *(f"{number:>3}. {step}" for number, step in enumerate(told, 1))]
    wrong = sum(finding.grade is Grade.WRONG for finding in troubled)
    return [*lines, "", f"{wrong} wrong, {len(troubled) - wrong} warnings"]


def _step(finding: Finding) -> str:
    return finding.advice or finding.text.partition("; ")[2] or finding.text

"""The table of `gatecast doctor`, and what to do next. The state is a word; colour only repeats it."""

from collections.abc import Sequence

from edge.checks.finding import Finding, Grade
from edge.checks.hints import hints
from edge.checks.wrapping import wrapped
from edge.quoting import counted, one_line

STATES = {Grade.OK: "ok", Grade.WARNING: "warning", Grade.WRONG: "WRONG"}
COLOURS = {Grade.OK: "32", Grade.WARNING: "33", Grade.WRONG: "31"}
WIDTH, SUBJECT = max(map(len, STATES.values())), 14


def row(finding: Finding, *, coloured: bool = False, width: int | None = None) -> str:
    """The row of a finding.

    Args:
        finding: finding.
        coloured: whether a terminal shows the state in colour as well.
        width: columns of the terminal; None: the row is one line.
    """
    state = f"{STATES[finding.grade]:<{WIDTH}}"
    told = wrapped(f"{state}  {one_line(finding.subject):<{SUBJECT}}  ", one_line(finding.text), width)
    return f"\x1b[{COLOURS[finding.grade]}m{state}\x1b[0m{told[len(state) :]}" if coloured else told


def steps(findings: Sequence[Finding], width: int | None = None) -> list[str]:
    """What to do next, each hint once with what it is for, what is wrong first; then how many findings are not ok.

    Args:
        findings: findings.
        width: columns of the terminal; None: a hint is one line.
    """
    told = hints(findings)
    if not told:
        return ["", "all is well"]
    lines = ["", "what to do next:"]
    lines += [wrapped(f"{number:>3}. ", f"{what}: {hint}", width) for number, (what, hint) in enumerate(told, 1)]
    wrong, warned = (sum(finding.grade is grade for finding in findings) for grade in (Grade.WRONG, Grade.WARNING))
    return [*lines, "", f"{wrong} wrong, {counted(warned, 'warning')}"]

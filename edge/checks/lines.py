"""How findings are told: each hint once with what it is for, and lines that a terminal does not break within a word."""

import os
import textwrap
from collections.abc import Sequence
from typing import TextIO

from edge.checks.finding import Finding, Grade
from edge.quoting import one_line

LEAST_WIDTH = 40  # columns; a narrower terminal breaks lines by itself


def columns(stream: TextIO) -> int | None:
    """Columns of the terminal that a stream goes to; None where it goes to a file or a pipe, or nobody knows.

    Args:
        stream: stream such as `sys.stdout`.
    """
    if not stream.isatty():
        return None
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except OSError:
        return None


def wrapped(line: str, width: int | None, indent: int = 0) -> str:
    """A line in as many as a terminal needs; words, such as paths and commands, stay whole.

    Args:
        line: line, printable.
        width: columns of the terminal; None: the line stays as it is.
        indent: number of blanks at the start of all lines but the first; fewer where the terminal is narrow.
    """
    if width is None or width < LEAST_WIDTH or len(line) <= width:
        return line
    further = " " * min(indent, width // 3)
    return textwrap.fill(line, width, subsequent_indent=further, break_long_words=False, break_on_hyphens=False)


def hints(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    """Each hint once: the subjects that it is for, and the hint; what is wrong comes first.

    The hint of a finding is its advice, else what stands behind the fault, else all that is known. One whose words end those
    of another is told with that one.

    Args:
        findings: findings; those that are ok have no hint.
    """
    troubled = sorted((each for each in findings if each.grade is not Grade.OK), key=lambda each: each.grade is Grade.WARNING)
    subjects: dict[str, list[str]] = {}
    for finding in troubled:
        hint = one_line(finding.advice or finding.text.partition("; ")[2] or finding.text)
        same = next((known for known in subjects if known.endswith(hint)), hint)
        if one_line(finding.subject) not in subjects.setdefault(same, []):
            subjects[same].append(one_line(finding.subject))
    for hint in list(subjects):  # a shorter one that came first
        longer = next((other for other in subjects if other != hint and other.endswith(hint)), None)
        if longer is not None:
            subjects[longer] = list(dict.fromkeys([*subjects.pop(hint), *subjects[longer]]))
    return [(", ".join(names), hint) for hint, names in subjects.items()]

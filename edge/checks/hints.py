"""What to do next: each hint once, with all that it is for."""

from collections.abc import Sequence

from edge.checks.finding import Finding, Grade
from edge.quoting import one_line


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

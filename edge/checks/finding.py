"""What a check has shown: a subject, a grade, what there is, and what to do next."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from edge.checks.wrapping import wrapped
from edge.errors import ConfigurationError, GatecastError
from edge.quoting import one_line, without_secrets

LONGEST_TEXT = 600  # characters of what a server says


class Grade(Enum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warn"
    WRONG = "WRONG"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Args:
        subject: subject of the check.
        text: result.
        grade: grade of the result.
        advice: next step of the user; empty where nothing is to do, or where the text says it.
        unusable: whether the configuration itself is wrong.
    """

    subject: str
    text: str
    grade: Grade = Grade.OK
    advice: str = ""
    unusable: bool = False

    @property
    def code(self) -> int:
        """The exit code that it asks for: 0 fine, 1 failed, 2 wrong configuration."""
        if self.grade is not Grade.WRONG:
            return 0
        return ConfigurationError.code if self.unusable else GatecastError.code

    @property
    def whole(self) -> str:
        """Result and advice in one line."""
        return f"{self.text}; {self.advice}" if self.advice else self.text

    @property
    def line(self) -> str:
        """The line of a list, with its grade as a word."""
        return self.shown(None)

    def shown(self, width: int | None) -> str:
        """The line of a list, broken for a terminal.

        Args:
            width: columns of a line; None: it stays whole.
        """
        return wrapped(f"{self.grade.value:5} {one_line(self.subject)}: ", one_line(self.whole), width)

    def document(self) -> dict[str, str | int]:
        """The same as JSON types."""
        grade = self.grade.name.lower()
        return {"subject": self.subject, "text": self.whole, "advice": self.advice, "grade": grade, "code": self.code}


def warning(subject: str, text: str, advice: str = "") -> Finding:
    """A finding that stops nothing."""
    return Finding(subject, text, Grade.WARNING, advice)


def wrong(subject: str, text: str, advice: str = "") -> Finding:
    """A finding that stops something."""
    return Finding(subject, text, Grade.WRONG, advice)


def of_error(subject: str, error: Exception, advice: str = "") -> Finding:
    """The finding for an error that a check met.

    Messages of this project end with what to do, behind a semicolon; those of the system do not.

    Args:
        subject: subject of the check.
        error: error.
        advice: next step where the error does not say it.
    """
    text = without_secrets(one_line(str(getattr(error, "strerror", None) or error) or type(error).__name__))[:LONGEST_TEXT]
    if isinstance(error, OSError) and isinstance(error.filename, str):
        text = f"{error.filename}: {text}"
    fault, _, told = text.partition("; ")
    return Finding(subject, fault, Grade.WRONG, told or advice, isinstance(error, ConfigurationError))


def exit_code(findings: Iterable[Finding]) -> int:
    """The largest code of the findings: 0 fine, 1 failed, 2 wrong configuration."""
    return max((finding.code for finding in findings), default=0)

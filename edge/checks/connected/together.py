"""Checks that run at once, each with an end: one that fails or hangs stops no other, and none is waited for for ever."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from edge.checks.finding import Finding, of_error, wrong
from edge.errors import GatecastError
from edge.threads import Thread

STEP = 0.2  # seconds after which Ctrl-C is answered
GOODBYE = 1.0  # seconds that checks have to take back what they wrote, when Ctrl-C ends them


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Args:
        subject: subject of its findings.
        work: function that gives them; where it gives one after the other, those before its end count.
        seconds: longest time that it may take.
        advice: step for the user where it takes longer.
    """

    subject: str
    work: Callable[[], Iterable[Finding]]
    seconds: float
    advice: str


class _Running:
    """A check in a thread of its own."""

    def __init__(self, check: Check) -> None:
        self._check, self._findings = check, list[Finding]()
        self._end = time.monotonic() + check.seconds
        self.thread = Thread(f"check-{check.subject}", self._work, self._died)
        self.thread.start()

    def findings(self) -> list[Finding]:
        """What it gives; one line where its time is over."""
        while not self.thread.join(STEP):
            if time.monotonic() > self._end:
                silence = wrong(self._check.subject, f"no answer within {self._check.seconds:g} s", self._check.advice)
                return [*self._findings, silence]
        return self._findings

    def _work(self) -> None:
        try:
            for finding in self._check.work():
                self._findings.append(finding)
        except (GatecastError, OSError) as error:
            self._findings.append(of_error(self._check.subject, error, self._check.advice))

    def _died(self, line: str) -> None:
        self._findings.append(wrong(self._check.subject, f"this check has failed ({line})", "please report it"))


def together(checks: Sequence[Check]) -> Iterator[Finding]:
    """The findings of all checks, in their order, each as soon as those before it are there.

    Ctrl-C ends the waiting; a check that is under way has a moment to take back what it wrote.
    """
    running = [_Running(check) for check in checks]
    try:
        for check in running:
            yield from check.findings()
    except (KeyboardInterrupt, GeneratorExit):
        limit = time.monotonic() + GOODBYE
        with suppress(KeyboardInterrupt):
            for check in running:
                check.thread.join(max(0.0, limit - time.monotonic()))
        raise

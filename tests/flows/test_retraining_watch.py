"""What `gatecast serve` tells of its runs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

pytest.importorskip("prefect")

from flows.retraining.deployment import Run
from flows.retraining.watch import Watch, about

pytestmark = pytest.mark.training
NOW = datetime(2026, 11, 26, 12, 0, 30, tzinfo=UTC)


class Books:
    """A deployment whose runs are a list."""

    def __init__(self, *runs: Run) -> None:
        self.runs = {run.identity: run for run in runs}

    def newest(self, before: datetime) -> list[Run]:
        """As `Deployment.newest`."""
        return sorted((run for run in self.runs.values() if run.due <= before), key=lambda run: run.due, reverse=True)

    def upcoming(self, after: datetime) -> Run | None:
        """As `Deployment.upcoming`."""
        return min((run for run in self.runs.values() if run.due > after), key=lambda run: run.due, default=None)

    def end(self, run: Run, state: str, message: str) -> None:
        """As `Deployment.end`."""
        self.runs[run.identity] = replace(run, state=state, message=message)

    def set(self, identity: str, state: str, message: str = "", seconds: float = 0.0) -> None:
        """What the server does."""
        self.runs[identity] = replace(self.runs[identity], state=state, message=message, seconds=seconds)


def run(identity: str, minutes: int, state: str = "SCHEDULED") -> Run:
    """A run that is due so many minutes after noon."""
    return Run(identity, state, "", NOW.replace(second=0) + timedelta(minutes=minutes), 0.0)


def test_of_several_missed_runs_the_newest_makes_up_for_all() -> None:
    """A trainer that was down for three nights trains once, not three times."""
    said: list[str] = []
    books = Books(run("a", -300), run("b", -200), run("c", -100), run("d", 60))
    Watch(books, said.append, lambda: NOW).look()
    assert [books.runs[name].state for name in "abcd"] == ["CANCELLED", "CANCELLED", "SCHEDULED", "SCHEDULED"]
    assert said == ["2 missed runs are left out: the newest makes up for them"]


def test_what_becomes_of_a_run_is_told_once() -> None:
    """Begin, end with its reason, and when the next one is due; what was over before is not news."""
    said: list[str] = []
    books = Books(run("old", -60, "COMPLETED"), run("a", 0), run("b", 60))
    watch = Watch(books, said.append, lambda: NOW)
    watch.look()
    assert said == []
    books.set("a", "PENDING")
    watch.look()
    books.set("a", "RUNNING")
    watch.look()
    books.set("a", "FAILED", "Flow run encountered an exception: HistoryError: too short\nmore")
    watch.look()
    watch.look()
    assert said == [
        "run of 2026-11-26 12:00 UTC begins",
        "run of 2026-11-26 12:00 UTC failed: HistoryError: too short",
        "next run 2026-11-26 13:00 UTC, in 1h",
    ]


def test_runs_of_a_process_that_was_killed_are_over() -> None:
    """Nobody else would say so in the server's books."""
    said: list[str] = []
    books = Books(run("a", -1, "RUNNING"), run("b", -2, "COMPLETED"))
    watch = Watch(books, said.append, lambda: NOW)
    watch.clean_up()
    assert [books.runs[name].state for name in "ab"] == ["CRASHED", "COMPLETED"]


@pytest.mark.parametrize(("seconds", "text"), [(0, "0s"), (59, "59s"), (119, "2min"), (3600, "1h"), (90_060, "25h 1min")])
def test_a_wait_is_told_in_words(seconds: int, text: str) -> None:
    """Seconds only where it is soon."""
    assert about(seconds) == text

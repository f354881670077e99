"""What `gatecast serve` tells of its runs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

pytest.importorskip("prefect")

from edge.errors import GatecastError
from flows.retraining.started import AGAIN
from flows.serving.deployment import NEWEST, Run
from flows.serving.watch import Manner, Watch, about

pytestmark = pytest.mark.training
NOW = datetime(2026, 11, 26, 12, 0, 30, tzinfo=UTC)


MANNER = Manner("retrain", 3600.0)


class Books:
    """A deployment whose runs are a list."""

    def __init__(self, *runs: Run) -> None:
        self.runs = {run.identity: run for run in runs}
        self.gone = False

    def newest(self, before: datetime) -> list[Run]:
        """As `Deployment.newest`."""
        return sorted((run for run in self.runs.values() if run.due <= before), key=lambda run: run.due, reverse=True)[:NEWEST]

    def waiting(self, before: datetime) -> list[Run]:
        """As `Deployment.waiting`."""
        due = [run for run in self.runs.values() if run.due <= before and run.state == "SCHEDULED"]
        return sorted(due, key=lambda run: run.due, reverse=True)[:NEWEST]

    def upcoming(self, after: datetime) -> Run | None:
        """As `Deployment.upcoming`."""
        return min((run for run in self.runs.values() if run.due > after), key=lambda run: run.due, default=None)

    def check(self) -> None:
        """As `Deployment.check`."""
        if self.gone:
            raise GatecastError("it is gone")

    def end(self, run: Run, state: str, message: str) -> None:
        """As `Deployment.end`."""
        self.runs[run.identity] = replace(run, state=state, message=message)

    def again(self, run: Run) -> None:
        """As `Deployment.again`."""
        new = replace(run, identity=f"again {run.identity}", state="SCHEDULED", message="", due=NOW, tags=(AGAIN,))
        self.runs.setdefault(new.identity, new)

    def set(self, identity: str, state: str, message: str = "", name: str = "") -> None:
        """What the server does."""
        name = name or state.capitalize()
        self.runs[identity] = replace(self.runs[identity], state=state, message=message, name=name, since=NOW)


def run(identity: str, minutes: int, state: str = "SCHEDULED", cause: str = "schedule", tags: tuple[str, ...] = ()) -> Run:
    """A run that is due so many minutes after noon."""
    due = NOW.replace(second=0) + timedelta(minutes=minutes)
    return Run(identity, state, "", due, due, 0.0, tags=tags, parameters={"cause": cause})


def test_of_several_missed_runs_the_newest_makes_up_for_all() -> None:
    """A trainer that was down for three nights trains once, not three times."""
    said: list[str] = []
    books = Books(run("a", -300), run("b", -200), run("c", -100), run("d", 60))
    Watch(books, MANNER, said.append, now=lambda: NOW).look()
    assert [books.runs[name].state for name in "abcd"] == ["CANCELLED", "CANCELLED", "SCHEDULED", "SCHEDULED"]
    assert said == ["retrain: 2 waiting runs are left out: one makes up for them"]


def test_more_missed_runs_than_the_server_gives_at_once_do_not_pile_up_either() -> None:
    """A look every five minutes misses 864 of them in three days, and those that were left would run one after the other."""
    said: list[str] = []
    books = Books(*(run(str(minutes), -minutes) for minutes in range(2 * NEWEST + 50)))
    watch = Watch(books, MANNER, said.append, now=lambda: NOW)
    watch.clean_up(lambda _: False)
    assert [run.identity for run in books.runs.values() if run.state == "SCHEDULED"] == ["0"]
    assert said == [f"retrain: {2 * NEWEST + 49} waiting runs are left out: one makes up for them"]


def test_what_becomes_of_a_run_is_told_once() -> None:
    """Begin, end with its reason, and when the next one is due; what was over before is not news."""
    said: list[str] = []
    books = Books(run("old", -60, "COMPLETED"), run("a", 0, cause="drift"), run("b", 60))
    watch = Watch(books, MANNER, said.append, now=lambda: NOW)
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
        "retrain: run of 2026-11-26 12:00 UTC (drift) begins",
        "retrain: run of 2026-11-26 12:00 UTC (drift) failed: HistoryError: too short",
        "retrain: next run 2026-11-26 13:00 UTC, in 1h",
    ]


def test_a_run_that_waits_or_has_nothing_to_do_says_so() -> None:
    """It waits for the place that a deployment has, and ends early in a state of its own name."""
    said: list[str] = []
    books = Books(run("a", 0, cause="manual"))
    watch = Watch(books, MANNER, said.append, now=lambda: NOW)
    books.set("a", "SCHEDULED", name="AwaitingConcurrencySlot")
    watch.look()
    watch.look()
    books.set("a", "COMPLETED", "no reading is new", name="NothingNew")
    watch.look()
    assert said == [
        "retrain: run of 2026-11-26 12:00 UTC (manual) waits until another run is over",
        "retrain: run of 2026-11-26 12:00 UTC (manual) ended early: no reading is new",
    ]


def test_a_quiet_flow_tells_failures_and_what_it_has_to_say() -> None:
    """One that looks at the fleet every few minutes would fill the log."""
    said: list[str] = []
    books = Books(run("a", -3), run("b", -2), run("c", -1), run("d", 5))
    watch = Watch(books, replace(MANNER, name="monitor", quiet=True), said.append, now=lambda: NOW)
    for name in "abc":
        books.set(name, "COMPLETED")
    watch.look()
    books.set("b", "FAILED", "no store")
    books.set("c", "COMPLETED", "the error has risen", name="Drift")
    books.runs["e"] = run("e", 9)
    watch.look()
    assert said == [
        "monitor: next run 2026-11-26 12:05 UTC, in 4min",
        "monitor: run of 2026-11-26 11:58 UTC (schedule) failed: no store",
    ]


def test_runs_whose_process_died_with_an_earlier_serve_are_over_and_made_up_for_once() -> None:
    """Nobody else would say so in the server's books. A second death is not made up for."""
    said, dead = list[str](), list[Run]()
    books = Books(run("a", -1, "RUNNING"), run("b", -2, "COMPLETED"), run("c", -3, "RUNNING"))
    watch = Watch(books, replace(MANNER, died=dead.append), said.append, now=lambda: NOW)
    watch.clean_up(lambda run: run.identity == "a")
    assert [books.runs[name].state for name in "abc"] == ["CRASHED", "COMPLETED", "RUNNING"]
    watch.look()
    watch.look()
    assert books.runs["again a"].parameters == {"cause": "schedule"}
    books.set("again a", "CRASHED", "exit code -9")
    watch.look()
    assert len(books.runs) == 4
    assert [(run.identity, run.message) for run in dead] == [("a", "gatecast serve was killed"), ("again a", "exit code -9")]
    assert said == [
        "retrain: run of 2026-11-26 11:57 UTC (schedule) begins",
        "retrain: run of 2026-11-26 11:59 UTC (schedule) crashed: gatecast serve was killed",
        "retrain: its process died; it is run again, once",
        "retrain: run of 2026-11-26 12:00 UTC (schedule) crashed: exit code -9",
        "retrain: its second try died too, so it is not tried again: is there enough memory?",
    ]


def test_a_run_of_which_nothing_is_heard_is_over() -> None:
    """Its machine is gone; the place that it holds would be taken for ever."""
    books = Books(run("a", -69, "RUNNING"), run("b", -71, "RUNNING"), run("c", -99, "PENDING"))
    Watch(books, MANNER, lambda _: None, now=lambda: NOW).look()
    assert [books.runs[name].state for name in "abc"] == ["RUNNING", "CRASHED", "CRASHED"]
    assert books.runs["b"].message == "nothing was heard of it for 1h 12min"


def test_a_run_whose_process_is_here_ends_by_its_own_limit() -> None:
    """A clock that jumps, a machine that slept or a longer timeout is no reason for a second run beside it."""
    books = Books(run("a", -500, "RUNNING"), run("b", -500, "RUNNING"))
    Watch(books, MANNER, lambda _: None, lambda run: run.identity == "a", lambda: NOW).look()
    assert [books.runs[name].state for name in "ab"] == ["RUNNING", "CRASHED"]


def test_a_deployment_that_is_gone_ends_the_watch() -> None:
    """As after a reset of the server's database: waiting for runs that nobody makes would look like a quiet night."""
    books = Books(run("old", -60, "COMPLETED"))
    watch = Watch(books, MANNER, pytest.fail, now=lambda: NOW)
    watch.look()
    books.gone = True
    with pytest.raises(GatecastError, match="gone"):
        watch.look()


@pytest.mark.parametrize(("seconds", "text"), [(0, "0s"), (59, "59s"), (119, "2min"), (3600, "1h"), (90_060, "25h 1min")])
def test_a_wait_is_told_in_words(seconds: int, text: str) -> None:
    """Seconds only where it is soon."""
    assert about(seconds) == text

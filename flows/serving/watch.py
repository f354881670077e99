"""What becomes of the runs of a flow, told in lines; a run that was missed is left out where a newer one is due."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flows.retraining.started import AGAIN
from flows.serving.deployment import OVER, Run, Runs, missed

UNDER_WAY = ("PENDING", "RUNNING", "CANCELLING")
LATE = timedelta(minutes=10)  # that a run is given beyond its longest time, until it is taken for dead


def nothing(_run: Run) -> None:
    """What is done about the death of a run that leaves no row."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How the runs of a flow are told and judged.

    Args:
        name: name of the flow, which each line begins with.
        seconds: longest time of a run.
        quiet: whether only runs are told that failed or have something to say.
        died: function that gets each run whose process died.
    """

    name: str
    seconds: float
    quiet: bool = False
    died: Callable[[Run], None] = nothing


class Watch:
    """Says what becomes of the runs, lets one run make up for all that were missed, and one for one whose process died.

    Args:
        deployment: deployment whose runs are watched.
        manner: name of the flow, and how its runs are told.
        say: function that gets each line.
        alive: function that says whether the process of a run is on this machine and is there.
        now: function that returns the time, UTC.
    """

    def __init__(
        self,
        deployment: Runs,
        manner: Manner,
        say: Callable[[str], None],
        alive: Callable[[Run], bool] = lambda _: False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._deployment = deployment
        self._manner = manner
        self._out = say
        self._alive = alive
        self._now = now
        self._told: dict[str, str] = {run.identity: run.state for run in deployment.newest(now()) if run.state in OVER}
        self._next: datetime | None = None

    def clean_up(self, died: Callable[[Run], bool]) -> None:
        """Tell the server that the runs are over whose process died with an earlier `gatecast serve`, or that were missed.

        Args:
            died: function that says whether the process of a run is gone.
        """
        for run in self._deployment.newest(self._now()):
            if run.state in UNDER_WAY and died(run):
                self._deployment.end(run, "CRASHED", "gatecast serve was killed")
        self._leave_out(self._deployment.waiting(self._now()))

    def look(self) -> None:
        """Say what is new.

        Raises:
            GatecastError: the deployment is gone.
        """
        now = self._now()
        runs = self._deployment.newest(now)
        left_out = self._leave_out(runs)
        for run in reversed(runs):
            self._end_silent(run, now)
            self._tell(run)
        if any(run.state in ("SCHEDULED", *UNDER_WAY) for run in runs if run.identity not in left_out):
            return  # the next run is announced when this one is over
        upcoming = self._deployment.upcoming(now)
        if upcoming is None:
            self._deployment.check()
        if upcoming is not None and upcoming.due != self._next:
            tell, self._next = not self._manner.quiet or self._next is None, upcoming.due
            wait = max(round((upcoming.due - now).total_seconds()), 0)
            if tell:
                self._say(f"next run {upcoming.due:%Y-%m-%d %H:%M} UTC, in {about(wait)}")

    def _leave_out(self, runs: list[Run]) -> set[str]:
        """Cancel what was missed, however many runs there are: the server gives only so many at once."""
        left_out = set[str]()
        while missing := [run for run in missed(runs) if run.identity not in left_out]:
            for run in missing:
                self._deployment.end(run, "CANCELLED", "another run makes up for it")
                self._told[run.identity] = "CANCELLED"
                left_out.add(run.identity)
            runs = self._deployment.waiting(self._now())
        if left_out:
            self._say(f"{len(left_out)} waiting runs are left out: one makes up for them")
        return left_out

    def _say(self, text: str) -> None:
        self._out(f"{self._manner.name}: {text}")

    def _end_silent(self, run: Run, now: datetime) -> None:
        """End a run in the books that is under way for longer than any run may be: its machine is gone.

        One whose process is here ends by its own limit. That knows a new `[schedule] timeout`, and no clock that was set or
        time for which the machine slept moves it.
        """
        silent = (now - run.since).total_seconds()
        if run.state in UNDER_WAY and silent > self._manner.seconds + LATE.total_seconds() and not self._alive(run):
            self._deployment.end(run, "CRASHED", f"nothing was heard of it for {about(round(silent))}")

    def _tell(self, run: Run) -> None:
        before = self._told.get(run.identity)
        state = "RUNNING" if run.state in UNDER_WAY else run.state
        if state == before or (state == "SCHEDULED" and run.name != "AwaitingConcurrencySlot"):
            return
        self._told[run.identity] = state
        subject = f"run of {run.due:%Y-%m-%d %H:%M} UTC ({run.cause})"
        if state in ("SCHEDULED", "RUNNING"):
            if not self._manner.quiet:
                self._say(f"{subject} {'waits until another run is over' if state == 'SCHEDULED' else 'begins'}")
            return
        self._next = None if not self._manner.quiet else self._next  # the next run is announced again
        reason = run.message.partition("\n")[0].removeprefix("Flow run encountered an exception: ")
        if state != "COMPLETED":
            self._say(f"{subject} {state.lower()}: {reason or 'no reason is known'}")
            self._make_up(run)
        elif run.name != "Completed":
            self._say(f"{subject} ended early: {reason}")
        elif not self._manner.quiet:
            self._say(f"{subject} done in {about(round(run.seconds))}")

    def _make_up(self, run: Run) -> None:
        """Start a run in place of one whose process died, once: a second death has a cause that stays."""
        if run.state != "CRASHED":
            return
        self._manner.died(run)
        if AGAIN in run.tags:
            self._say("its second try died too, so it is not tried again: is there enough memory?")
            return
        self._deployment.again(run)
        self._say("its process died; it is run again, once")


def about(seconds: int) -> str:
    """A length of time in words: `42s`, `3h 20min`."""
    if seconds < 60:
        return f"{seconds}s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return " ".join([f"{hours}h"] * bool(hours) + [f"{minutes}min"] * bool(minutes))

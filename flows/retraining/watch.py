"""What becomes of the runs of a schedule, told in lines; a run that was missed is left out where a newer one is due."""

from collections.abc import Callable
from datetime import UTC, datetime

from flows.retraining.deployment import OVER, Run, Runs, missed

UNDER_WAY = ("PENDING", "RUNNING", "CANCELLING")


class Watch:
    """Says what becomes of the runs, and lets one run make up for all that were missed.

    Args:
        deployment: deployment whose runs are watched.
        say: function that gets each line.
        now: function that returns the time, UTC.
    """

    def __init__(
        self, deployment: Runs, say: Callable[[str], None], now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._deployment = deployment
        self._say = say
        self._now = now
        self._told: dict[str, str] = {run.identity: run.state for run in deployment.newest(now()) if run.state in OVER}
        self._next: datetime | None = None

    def clean_up(self) -> None:
        """Tell the server that the runs whose process was killed are over."""
        for run in self._deployment.newest(self._now()):
            if run.state in UNDER_WAY:
                self._deployment.end(run, "CRASHED", "gatecast serve was killed")

    def look(self) -> None:
        """Say what is new."""
        now = self._now()
        runs = self._deployment.newest(now)
        left_out = list(missed(runs))
        for run in left_out:
            self._deployment.end(run, "CANCELLED", "a newer run was due")
            self._told[run.identity] = "CANCELLED"
        if left_out:
            self._say(f"{len(left_out)} missed runs are left out: the newest makes up for them")
        for run in reversed(runs):
            self._tell(run)
        if any(run.state in ("SCHEDULED", *UNDER_WAY) for run in runs if run not in left_out):
            return  # the next run is announced when this one is over
        upcoming = self._deployment.upcoming(now)
        if upcoming is not None and upcoming.due != self._next:
            self._next = upcoming.due
            wait = max(round((upcoming.due - now).total_seconds()), 0)
            self._say(f"next run {upcoming.due:%Y-%m-%d %H:%M} UTC, in {about(wait)}")

    def _tell(self, run: Run) -> None:
        before = self._told.get(run.identity)
        state = "RUNNING" if run.state in UNDER_WAY else run.state
        if state == before or run.state == "SCHEDULED":
            return
        self._told[run.identity] = state
        what = f"run of {run.due:%Y-%m-%d %H:%M} UTC"
        if state == "RUNNING":
            self._say(f"{what} begins")
            return
        self._next = None  # the next run is announced again
        if state == "COMPLETED":
            self._say(f"{what} done in {about(round(run.seconds))}")
        else:
            reason = run.message.partition("\n")[0].removeprefix("Flow run encountered an exception: ")
            self._say(f"{what} {state.lower()}: {reason or 'no reason is known'}")


def about(seconds: int) -> str:
    """A length of time in words: `42s`, `3h 20min`."""
    if seconds < 60:
        return f"{seconds}s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return " ".join([f"{hours}h"] * bool(hours) + [f"{minutes}min"] * bool(minutes))

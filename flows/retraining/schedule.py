"""The retraining flow on a schedule."""

import asyncio
import contextvars
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from httpx import HTTPError
from prefect.runner import Runner
from prefect.schedules import Cron, Schedule
from prefect.settings import PREFECT_API_URL
from prefect.types.entrypoint import EntrypointType

from edge.config import Config, read_config
from edge.cron import check_cron
from edge.errors import ConfigurationError, GatecastError
from edge.locking import alone
from flows.retraining.deployment import OVER, Deployment, Run, Runs, missed
from flows.retraining.fleet import fleet_name
from flows.retraining.flow import SERVED, retrain
from flows.retraining.server import reachable_server

LOOKS_EVERY = 3.0  # seconds
LAST_WORDS = 1.0  # seconds that the server has to take them
HOME = Path(".gatecast", "prefect")  # beside the configuration
UNDER_WAY = ("PENDING", "RUNNING", "CANCELLING")


def serve(config_path: Path) -> None:
    """Retrain by the cron of the configuration until SIGTERM, one run at a time.

    Without PREFECT_API_URL a Prefect server of our own runs beside it, whose data stays beside the configuration.

    Raises:
        ConfigurationError: the cron is not one, or this fleet is served already.
        GatecastError: Prefect's server does not answer.
    """
    config = read_config(config_path)
    schedule = cron(config, config_path)
    own = not PREFECT_API_URL.value()
    with (
        home(config_path) if own else nullcontext() as folder,
        reachable_server(folder, config.schedule.port, schedules=True, say=say),
    ):
        name = fleet_name(config_path, config)
        runner = Runner(name=name, pause_on_shutdown=False, limit=1)
        os.environ[SERVED] = str(os.getpid())
        identity: Any = runner.add_flow(
            retrain,
            name=name,
            schedule=schedule,
            parameters={"config_path": str(config_path.resolve())},
            description="Retrain on the store's history and release what beats the baselines and the champion.",
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        say(f"{name}: retrains by cron {config.schedule.cron!r} (UTC); Prefect: {PREFECT_API_URL.value().removesuffix('/api')}")
        watch = Watch(Deployment(identity), say)
        if own:
            watch.clean_up()
        watch.look()
        _go_on(runner, watch, lambda: _leave(Deployment(identity, LAST_WORDS), own=own))


def cron(config: Config, config_path: Path) -> Schedule:
    """The schedule of a configuration.

    Raises:
        ConfigurationError: it is none.
    """
    text = config.schedule.cron
    try:
        check_cron(text)
        return Cron(text)
    except (ConfigurationError, ValueError) as error:
        raise ConfigurationError(f"{config_path}: [schedule] cron: {error}") from error


@contextmanager
def home(config_path: Path) -> Iterator[Path]:
    """The folder of our own server, for one `gatecast serve` at a time: what PREFECT_HOME names, or beside the configuration.

    Raises:
        ConfigurationError: it cannot be written, or is in use.
    """
    folder = Path(os.environ.get("PREFECT_HOME") or config_path.resolve().parent / HOME)
    with alone(
        folder / "serve.lock",
        in_use=lambda owner: (
            f"another gatecast serve (process {owner}) keeps its data in {folder}; stop it, or set PREFECT_HOME"
        ),
        unusable=lambda reason: (
            f"cannot write {folder}: {reason}; name a folder for the data of Prefect's server in PREFECT_HOME"
        ),
    ):
        yield folder


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
        """End in the server's books the runs whose process was killed."""
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
            return  # what comes next is told when it is over
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
        self._next = None  # said again, as it is long ago
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


def say(text: str) -> None:
    """One line on standard error."""
    sys.stderr.write(f"gatecast serve: {text}\n")
    sys.stderr.flush()


def _go_on(runner: Runner, watch: Watch, leave: Callable[[], None]) -> None:
    """Start what is due until SIGTERM; the thread of the runner is the one that starts processes, so it has to last."""
    stopped, failures = threading.Event(), []

    def run() -> None:
        try:
            asyncio.run(runner.start())
        except BaseException as error:  # noqa: BLE001 - told in the main thread
            failures.append(error)
        stopped.set()

    def stop(_number: int, _frame: object) -> None:
        leave()
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    # A new thread would not know Prefect's settings, and would start a temporary server without a scheduler.
    threading.Thread(target=contextvars.copy_context().run, args=(run,), name="runner", daemon=True).start()
    while not stopped.wait(LOOKS_EVERY):
        with suppress(HTTPError):  # the runner has the patience, and gives up in the end
            watch.look()
    raise _cause(failures)


def _cause(failures: list[BaseException]) -> Exception:
    error: BaseException = failures[0] if failures else RuntimeError("it ended by itself")
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, HTTPError | GatecastError):
        return error
    return GatecastError(f"Prefect's runner has failed: {str(error).partition(chr(10))[0] or type(error).__name__}")


def _leave(deployment: Deployment, *, own: bool) -> None:
    """Let the server know, as far as it listens, that what runs is being ended and nothing is started any more."""
    with suppress(Exception):
        if not own:
            deployment.pause()
        for run in deployment.newest(datetime.now(UTC)):
            if run.state in UNDER_WAY:
                deployment.end(run, "CANCELLED", "gatecast serve was stopped")

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

from edge.config.reading import read_config
from edge.config.sections import Config
from edge.cron import check_cron
from edge.errors import ConfigurationError, GatecastError
from edge.locking import alone
from flows.retraining.deployment import Deployment
from flows.retraining.fleet import fleet_name
from flows.retraining.flow import SERVED, retrain
from flows.retraining.server import reachable_server
from flows.retraining.watch import UNDER_WAY, Watch

LOOKS_EVERY = 3.0  # seconds
LAST_WORDS = 1.0  # seconds that Prefect's server has to answer while `serve` ends
HOME = Path(".gatecast", "prefect")  # beside the configuration


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
        unusable=lambda error: ConfigurationError(
            f"cannot write {folder}: {error.strerror}; name a folder for the data of Prefect's server in PREFECT_HOME"
        ),
    ):
        yield folder


def say(text: str) -> None:
    """One line on standard error."""
    sys.stderr.write(f"gatecast serve: {text}\n")
    sys.stderr.flush()


def _go_on(runner: Runner, watch: Watch, leave: Callable[[], None]) -> None:
    """Start the runs that are due, until SIGTERM. The thread of the runner lasts: the runs that it has started end with it."""
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
        with suppress(HTTPError):  # the runner tries again itself, and gives up in the end
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
    """Tell the server, if it answers, that running runs are cancelled, and a server of others that no further run may start."""
    with suppress(Exception):
        if not own:
            deployment.pause()
        for run in deployment.newest(datetime.now(UTC)):
            if run.state in UNDER_WAY:
                deployment.end(run, "CANCELLED", "gatecast serve was stopped")

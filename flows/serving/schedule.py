"""`gatecast serve`: the flows of the table run by their times, on drift, and when somebody starts them in Prefect."""

import asyncio
import contextvars
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from httpx import HTTPError
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.runner import Runner
from prefect.schedules import Cron, Schedule
from prefect.settings import PREFECT_API_URL
from prefect.types.entrypoint import EntrypointType

from edge.cron import check_cron
from edge.errors import ConfigurationError, GatecastError
from edge.locking import alone
from edge.quoting import first_line, one_line, without_accounts
from flows.options import trainer_config
from flows.processes.stopping import children
from flows.retraining.fleet import fleet_name
from flows.retraining.server import reachable_server
from flows.retraining.started import SERVED
from flows.serving.dead import alive, died, ours
from flows.serving.deaths import write_death
from flows.serving.deployment import INACTIVE, Deployment, standing, understood
from flows.serving.served import Served, served
from flows.serving.watch import UNDER_WAY, Manner, Watch, nothing

LOOKS_EVERY = 3.0  # seconds
LAST_WORDS = 1.0  # seconds that Prefect's server has to answer while `serve` ends
HOME = Path(".gatecast", "prefect")  # beside the configuration


def serve(config_path: Path) -> None:
    """Run every flow of the table by its times until SIGTERM, one run of each at a time.

    Without PREFECT_API_URL a Prefect server of our own runs beside it, whose data stays beside the configuration.

    Raises:
        ConfigurationError: a cron is not one, or this fleet is served already.
        GatecastError: Prefect's server does not answer.
    """
    config = trainer_config(config_path)
    flows = [(flow, schedule(flow, config_path)) for flow in served(config)]
    own = not PREFECT_API_URL.value()
    with (
        home(config_path) if own else nullcontext() as folder,
        reachable_server(folder, config.schedule.port, schedules=True, say=say),
    ):
        name = fleet_name(config_path, config)
        runner = Runner(name=name, pause_on_shutdown=False, limit=None)
        os.environ[SERVED] = str(os.getpid())
        say(f"{name}; Prefect: {PREFECT_API_URL.value().removesuffix('/api')}")
        identities: list[UUID] = []
        watches: list[Watch] = []
        for flow, times in flows:
            with understood():
                identities.append(add(runner, flow, times, name, config_path))
            told = partial(write_death, config_path=config_path, fleet=name, say=say) if flow.trains else nothing
            manner = Manner(flow.name, flow.seconds, flow.quiet, told)
            watches.append(Watch(Deployment(identities[-1]), manner, say, alive))
            watches[-1].clean_up(lambda run: own or died(run))
        _look(watches)
        _go_on(runner, watches, lambda: _leave([Deployment(identity, LAST_WORDS) for identity in identities]))


def schedule(flow: Served, config_path: Path) -> Schedule:
    """The times of a flow, as Prefect keeps them: its slug lets a later `gatecast serve` find the schedule again.

    Raises:
        ConfigurationError: the cron is none.
    """
    parameters = flow.parameters(config_path, "schedule")
    try:
        check_cron(flow.cron)
        return Cron(flow.cron, timezone="UTC", active=flow.active, slug=flow.name, parameters=parameters)
    except (ConfigurationError, ValueError) as error:
        raise ConfigurationError(f"{config_path}: [{flow.section}] cron: {error}") from error


def add(runner: Runner, flow: Served, times: Schedule, name: str, config_path: Path) -> UUID:
    """Make the deployment, or bring it up to date; what somebody has switched off on Prefect's pages stays off.

    Args:
        runner: runner that is to start its runs.
        flow: flow of the deployment.
        times: times of its runs.
        name: name of the fleet.
        config_path: path of `gatecast.toml`.
    """
    stands = standing(flow.name, name, active=flow.active)
    identity: Any = runner.add_flow(
        flow.flow,
        name=name,
        schedule=replace(times, active=stands.active),
        paused=stands.paused,
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE),
        parameters=flow.parameters(config_path, "manual"),
        description=flow.description,
        tags=["gatecast"] if flow.active else ["gatecast", INACTIVE],
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    if stands.by_user:
        what = "the deployment is" if stands.paused else "its schedule is"
        say(f"{flow.name}: {what} switched off in Prefect and stays so; switch it on there, deployment {flow.name}/{name}")
    elif flow.active:
        say(f"{flow.name}: by cron {flow.cron!r} (UTC)")
    else:
        say(f"{flow.name}: not by its cron, which [{flow.section}] active = false switches off; runs can be started in Prefect")
    return UUID(str(identity))


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
    """One line on standard error, without the account in PREFECT_API_URL; messages of runs may be of anybody."""
    sys.stderr.write(f"gatecast serve: {one_line(without_accounts(text))}\n")
    sys.stderr.flush()


def _look(watches: list[Watch]) -> None:
    for watch in watches:
        watch.look()


def _go_on(runner: Runner, watches: list[Watch], leave: Callable[[], None]) -> None:
    """Start the runs that are due, until SIGTERM. The thread of the runner lasts: the runs that it has started end with it."""
    stopped, failures = threading.Event(), []

    def run() -> None:
        try:
            # Prefect prints traces of calls on it; the lines of the runs and ours go to standard error.
            with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
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
    answered = True
    while not stopped.wait(LOOKS_EVERY):
        try:
            _look(watches)
        except HTTPError as error:  # the runner tries again itself, and gives up in the end
            if answered:
                say(f"Prefect's server does not answer and is asked again: {first_line(error)}")
            answered = False
        else:
            answered = True
    raise _cause(failures)


def _cause(failures: list[BaseException]) -> Exception:
    error: BaseException = failures[0] if failures else RuntimeError("it ended by itself")
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, HTTPError | GatecastError):
        return error
    return GatecastError(f"Prefect's runner has failed: {first_line(error)}")


def _leave(deployments: list[Deployment]) -> None:
    """Tell the server, if it answers, that our running runs are cancelled."""
    started = children(os.getpid())
    with suppress(Exception):
        for deployment in deployments:
            for run in deployment.newest(datetime.now(UTC)):
                if run.state in UNDER_WAY and ours(run, started):
                    deployment.end(run, "CANCELLED", "gatecast serve was stopped")

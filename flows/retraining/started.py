"""A run that a deployment has started: what it knows of itself, and what it leaves in the server's books."""

import atexit
import fcntl
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext
from prefect.states import Failed

from flows.processes.stopping import is_there
from pipeline.processes.tied import tie

FOLDER = "gatecast-run-"  # of temporary files of a run, with its process id behind it
SERVED = "GATECAST_SERVED"  # in the environment of a run that `gatecast serve` has started: its process id
LAST = 30.0  # seconds for what is to be written before a process that hangs is ended
AGAIN = "again"  # tag of a run that makes up for one whose process died


@dataclass(frozen=True, slots=True)
class Started:
    """A run of a deployment.

    Args:
        identity: identity of the run at the server.
        due: time at which it was to start, UTC; the time for which it waited for another run does not change it.
        again: whether it makes up for a run whose process died.
    """

    identity: UUID
    due: datetime
    again: bool

    def fail(self, line: str, last: Callable[[], None] = lambda: None) -> None:
        """End this process at once, and let the run be failed with this line.

        Args:
            line: reason of the failure.
            last: function that is called before; it may hang, and has `LAST` seconds.
        """
        with suppress(Exception), get_client(httpx_settings={"timeout": 60.0}, sync_client=True) as client:
            client.set_flow_run_state(self.identity, Failed(message=line), force=True)
        thread = threading.Thread(target=last, name="last", daemon=True)
        thread.start()
        thread.join(LAST)
        os._exit(0)  # another code would be taken for a crash, and make up a run


def run_again(flow: Any, flow_run: FlowRun, state: Any) -> None:  # noqa: ANN401, ARG001 - as Prefect calls it
    """Start a run in place of one whose process died, once: a second death has a cause that stays.

    Prefect calls it wherever the dead process was started: in `gatecast serve`, and in the worker of a pool.
    """
    if flow_run.deployment_id is not None and AGAIN not in flow_run.tags:
        start_again(flow_run.deployment_id, flow_run.id, flow_run.parameters)


def start_again(deployment: UUID | str, dead: UUID | str, parameters: dict[str, Any]) -> None:
    """Start a run with the same parameters; a second call for the same run changes nothing.

    Args:
        deployment: identity of the deployment.
        dead: identity of the run whose process died.
        parameters: parameters of the flow.
    """
    document = {"parameters": parameters, "tags": [AGAIN], "idempotency_key": f"{AGAIN}-{dead}"}
    with get_client(sync_client=True) as client:
        client.request("POST", f"/deployments/{deployment}/create_flow_run", json=document)  # type: ignore[arg-type]


def begin() -> Started | None:
    """What has started this run, or None where a command runs its flow itself. Where `gatecast serve` has, it ends with it.

    The books of the server get host and process id: a later `gatecast serve` can tell whether the process is gone.
    """
    server = os.environ.get(SERVED)
    context = FlowRunContext.get()
    if server:
        tie(int(server))
    run = None if context is None else context.flow_run
    if run is None or run.deployment_id is None:
        return None
    own_temporary_folder(Path(tempfile.gettempdir()))
    if server:
        with get_client(sync_client=True) as client:
            client.update_flow_run(run.id, infrastructure_pid=f"{socket.gethostname()}:{os.getpid()}")
    due = run.expected_start_time or run.start_time or datetime.now(UTC)
    return Started(run.id, due.astimezone(UTC), AGAIN in (run.tags or []))


def own_temporary_folder(where: Path) -> Path:
    """Let temporary files of this process, and of those that it starts, lie in a folder of its own; returns that folder.

    It is deleted at the end. A process that was killed cannot do that, so each one deletes those of dead ones: a history that
    is prepared for a training is large. Numbers of processes are those of a machine or container, and the folder may be shared:
    so it is locked as well, which the system ends with the process.

    Args:
        where: folder for temporary files.
    """
    for folder in where.glob(f"{FOLDER}*"):
        process = folder.name.removeprefix(FOLDER).partition("-")[0]
        if not process.isdecimal() or is_there(int(process)):
            continue  # a folder of somebody else, or of a run that goes on
        if (lock := _locked(folder)) is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)
    own = tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}-", dir=where)
    _locked(Path(own))  # for as long as this process lives
    os.environ["TMPDIR"] = tempfile.tempdir = own
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    return Path(own)


def _locked(folder: Path) -> int | None:
    """Open file of a folder that is ours alone while it is open; None where it is another process's, or cannot be locked."""
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock

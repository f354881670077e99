"""Whether the process of a run is gone, or still there, whatever the books of the server say of the run."""

import socket
from pathlib import Path

from flows.processes.stopping import is_there
from flows.retraining.started import SERVED
from flows.serving.deployment import Run

PROCESSES = Path("/proc")


def died(run: Run, host: str | None = None, processes: Path = PROCESSES) -> bool:
    """Whether a run that is under way in the books was on this machine, and its process is gone.

    Args:
        run: run that is under way in the books.
        host: name of this machine; None: what it says.
        processes: folder of the processes of this machine.
    """
    return _there(run, host, processes) is False


def alive(run: Run, host: str | None = None, processes: Path = PROCESSES) -> bool:
    """Whether the process of a run is one of this machine, and is there; arguments as of `died`."""
    return _there(run, host, processes) is True


def ours(run: Run, started: list[int], host: str | None = None) -> bool:
    """Whether a run that is under way in the books is one of this `gatecast serve`, and not of another one of the same fleet.

    A run that has not written its process yet counts as ours: it would hold its place in the books for hours.

    Args:
        run: run that is under way in the books.
        started: ids of the processes that this one has started.
        host: name of this machine; None: what it says.
    """
    process = _process(run, host)
    return not run.process or (process is not None and process in started)


def _there(run: Run, host: str | None, processes: Path) -> bool | None:
    """Whether the process is there; None where this machine cannot know."""
    process = _process(run, host)
    if process is None:
        return None
    if not processes.is_dir():
        return is_there(process)
    try:
        # Numbers of processes come again, in containers soon. Prefect's are called by many names, but ours have a mark.
        return f"{SERVED}=".encode() in (processes / str(process) / "environ").read_bytes()
    except PermissionError:  # another account's
        return None
    except OSError:
        return False


def _process(run: Run, host: str | None) -> int | None:
    where, _, process = run.process.rpartition(":")
    return int(process) if process.isdecimal() and where == (host or socket.gethostname()) else None

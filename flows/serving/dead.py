"""Whether the process of a run is gone, although the books of the server say that the run goes on."""

import socket
from pathlib import Path

from flows.serving.deployment import Run


def died(run: Run, host: str | None = None, processes: Path = Path("/proc")) -> bool:
    """Whether a run that is under way in the books was on this machine, and its process is gone.

    Args:
        run: run that is under way in the books.
        host: name of this machine; None: what it says.
        processes: folder of the processes of this machine.
    """
    where, _, process = run.process.rpartition(":")
    if not process.isdecimal() or where != (host or socket.gethostname()):
        return False
    try:
        return b"prefect" not in (processes / process / "cmdline").read_bytes()
    except OSError:
        return True

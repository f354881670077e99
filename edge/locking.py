"""A folder that belongs to one process at a time; the system lets go of it however the process ends."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.errors import ConfigurationError

AGENT_LOCK = "agent.lock"


@contextmanager
def alone(file: Path, *, in_use: Callable[[str], str], unusable: Callable[[str], str]) -> Iterator[None]:
    """Keep every other process that asks for the same file away.

    Args:
        file: lock file; it and its folder are made where they are missing, and it holds the number of our process.
        in_use: function that makes the message for a file that another process holds, from the number of that process.
        unusable: function that makes the message for a file that cannot be written, from the reason.

    Raises:
        ConfigurationError: with one of these messages.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = file.open("a+", encoding="ascii", errors="replace")
    except OSError as error:
        raise ConfigurationError(unusable(str(error.strerror or error))) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise ConfigurationError(in_use(lock.read(20).strip() or "unknown")) from error
        except OSError as error:
            raise ConfigurationError(unusable(str(error.strerror or error))) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep every other agent off a state folder: two would number their series apart and mix them.

    Args:
        folder: `[agent] state`.

    Raises:
        ConfigurationError: another agent is at work there, or the folder cannot be written.
    """
    with alone(
        folder / AGENT_LOCK,
        in_use=lambda owner: (
            f"{folder} is in use by another agent (process {owner}); stop that one, or choose another folder in [agent] state"
        ),
        unusable=lambda reason: f"cannot keep the agent's state in {folder}: {reason}; choose another folder in [agent] state",
    ):
        yield

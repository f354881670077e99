"""A folder that belongs to one process at a time; the system lets go of it however the process ends."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from edge.damage import no_state
from edge.errors import ConfigurationError, GatecastError

AGENT_LOCK = "agent.lock"


@contextmanager
def alone(file: Path, *, in_use: Callable[[str], str], unusable: Callable[[OSError], GatecastError]) -> Iterator[None]:
    """Keep every other process that asks for the same file away.

    Args:
        file: lock file; it and its folder are made where they are missing, and it holds the number of our process.
        in_use: function that makes the message for a file that another process holds, from the number of that process.
        unusable: function that makes the error for a file that cannot be written.

    Raises:
        ConfigurationError: another process holds the file.
        GatecastError: it cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = file.open("a+b", buffering=0)
    except OSError as error:
        raise unusable(error) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigurationError(in_use(_owner(file))) from error
        except OSError as error:
            raise unusable(error) from error
        with suppress(OSError):  # a disk without room costs the number, not the lock
            lock.truncate(0)
            lock.write(str(os.getpid()).encode())
        yield


@contextmanager
def alone_in(folder: Path, lock: Callable[[int, int], None] = fcntl.flock) -> Iterator[None]:
    """Keep every other agent off a state folder: two would number their series apart and mix them.

    The folder itself is held, so that nobody gets in where the lock file is removed. On a file system that cannot do this, such
    as NFS, the lock file alone keeps the others off.

    Args:
        folder: `[agent] state`.
        lock: function that locks the folder; arguments as of `flock`.

    Raises:
        ConfigurationError: another agent is at work there, or the folder cannot be written.
        DiskFull: there is no room in it.
    """

    def in_use(owner: str) -> str:
        return (
            f"{folder} is in use by another agent (process {owner}); stop that one, or choose another folder in [agent] state"
        )

    file = folder / AGENT_LOCK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise no_state(folder, error) from error
    try:
        with suppress(OSError):  # the file system has no locks for folders
            try:
                lock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ConfigurationError(in_use(_owner(file))) from error
        with alone(file, in_use=in_use, unusable=lambda error: no_state(folder, error)):
            yield
    finally:
        os.close(held)


def _owner(file: Path) -> str:
    """The number of the process that holds a lock file, as it wrote it there."""
    try:
        return file.read_bytes()[:20].decode(errors="replace").strip() or "unknown"
    except OSError:
        return "unknown"

"""A state folder belongs to one agent: two would number their series apart and mix them."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.errors import ConfigurationError

NAME = "agent.lock"


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep every other agent off a folder; the system lets go of it however the process ends.

    Args:
        folder: made where it is missing.

    Raises:
        ConfigurationError: another agent is at work there, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / NAME).open("a+", encoding="ascii", errors="replace")
    except OSError as error:
        raise _unusable(folder, error) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            owner = file.read(20).strip() or "unknown"
            raise ConfigurationError(
                f"{folder} is in use by another agent (process {owner}); "
                "stop that one, or choose another folder in [agent] state"
            ) from error
        except OSError as error:
            raise _unusable(folder, error) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _unusable(folder: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"cannot keep the agent's state in {folder}: {error.strerror or error}; choose another folder in [agent] state"
    )

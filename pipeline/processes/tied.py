"""A child process that ends with its parent, also where the parent is killed and cannot end anything itself.

As a program it becomes the command it is given, `python -I -S tied.py PARENT COMMAND …`: safe to start from any thread.
"""

import ctypes
import os
import signal
import sys

SET_PARENT_DEATH_SIGNAL = 1  # of prctl(2)


def tie(parent: int) -> None:
    """Be killed when the parent ends, or end at once where the parent is gone already; only Linux offers the former.

    Args:
        parent: process id; the signal also comes when the thread ends that started this process.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def tied(command: list[str]) -> list[str]:
    """The command as one whose process is tied to this one."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]


if __name__ == "__main__":
    tie(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - a command of our own

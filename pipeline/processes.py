"""A process of its own for what imports TensorFlow: its lines are followed while it works, its log is kept."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

Followed = TypeVar("Followed")


def run_process(
    command: list[str], threads: int, log: Path, follow: Callable[[Iterable[str]], Followed]
) -> tuple[Followed, int]:
    """Run a command to its end; it is killed where following it fails.

    Args:
        command: a program of this environment.
        threads: of one operation of TensorFlow.
        log: file for its standard error.
        follow: reads the lines of its standard output as they come.

    Returns:
        What `follow` made of the lines, and the exit code.
    """
    environment = os.environ | {
        "OMP_NUM_THREADS": str(threads),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": str(threads),
    }
    with (
        log.open("wb") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=environment, text=True) as process,
    ):
        try:
            followed = follow(process.stdout or ())
        except BaseException:
            process.kill()
            raise
        return followed, process.wait()


def last_words(log: Path) -> str:
    """The last line of a log, or that there is none."""
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else "it left no message"

"""A process of its own for what imports TensorFlow: its lines are followed while it works, its log is kept, it ends with us.

What it has to say are JSON lines; an error that it raises on purpose is one with `kind` and `error`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, TypeAlias, TypeVar

import msgspec
import numpy as np

from edge.contract.columns import Float32
from edge.errors import BundleError, GatecastError, HistoryError
from pipeline.processes.tied import tied

Followed = TypeVar("Followed")
Event = TypeVar("Event")
Say: TypeAlias = Callable[..., None]


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
        subprocess.Popen(tied(command), stdout=subprocess.PIPE, stderr=errors, env=environment, text=True) as process,
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


def events(lines: Iterable[str], kind: type[Event]) -> Iterator[Event]:
    """What the lines of a process say, without those of a library that prints."""
    for line in lines:
        try:
            yield msgspec.json.decode(line, type=kind)
        except msgspec.MsgspecError:
            continue


def error_of(kind: str, text: str) -> GatecastError:
    """The error that a process gave up with, by the name of its class."""
    return (BundleError if kind == BundleError.__name__ else HistoryError)(text)


def obey(work: Callable[[Path, Say], None], folder: Path, output: IO[str]) -> int:
    """The process itself: do the work that lies in a folder, and say how it goes.

    Args:
        work: gets the folder, and what says a line of any keys.
        folder: of the exchange.
        output: for the lines.

    Returns:
        The exit code.
    """

    def say(**event: str | float | None) -> None:
        print(json.dumps(event), file=output, flush=True)

    try:
        work(folder, say)
    except GatecastError as error:
        say(kind=type(error).__name__, error=str(error))
        return 1
    return 0


def grid_file(values: Float32, path: Path) -> str:
    """Where the worker finds a grid, which it maps and does not read as a whole: its own file, or else a new one."""
    if isinstance(values, np.memmap) and values.filename is not None:
        whole = np.load(values.filename, mmap_mode="r", allow_pickle=False)
        if whole.shape == values.shape:
            return str(values.filename)
    np.save(path, values)
    return str(path)

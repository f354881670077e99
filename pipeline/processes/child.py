"""Code that imports TensorFlow runs in a child process: its lines are followed, its log is kept, and it ends with us.

It speaks in JSON lines. An error that it raises on purpose crosses the border as one line (`Raised`) and is raised here
again: of the same class, with the same text and the same facts.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeAlias, TypeVar, cast

import msgspec
import numpy as np

from edge.contract.columns import Float64
from edge.errors import GatecastError
from pipeline.processes.tied import tied

if TYPE_CHECKING:
    from types import ModuleType

Followed = TypeVar("Followed")
Event = TypeVar("Event")
Say: TypeAlias = Callable[..., None]

UNUSED = ("matplotlib", "pandas")  # packages that Keras imports where they are there, and that no training needs


def run_process(
    command: list[str], threads: int, log: Path, follow: Callable[[Iterable[str]], Followed]
) -> tuple[Followed, int]:
    """Run a command to its end; it is killed where following it fails.

    Args:
        command: a program of this environment.
        threads: number of threads of one operation of TensorFlow.
        log: file for its standard error.
        follow: function that reads the lines of its standard output as they come.

    Returns:
        What `follow` made of the lines, and the exit code.
    """
    environment = surroundings(threads)
    with (
        log.open("wb") as errors,
        subprocess.Popen(tied(command), stdout=subprocess.PIPE, stderr=errors, env=environment, errors="replace") as process,
    ):
        try:
            followed = follow(process.stdout or ())
        except BaseException:
            process.kill()
            raise
        return followed, process.wait()


def surroundings(threads: int) -> dict[str, str]:
    """Environment of a process that uses TensorFlow.

    Args:
        threads: number of threads of one operation of TensorFlow.
    """
    return os.environ | {
        "OMP_NUM_THREADS": str(threads),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": str(threads),
    }


def last_words(log: Path) -> str:
    """The last line of a log, or that there is none."""
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else "it left no message"


def events(lines: Iterable[str], kind: type[Event]) -> Iterator[Event]:
    """Events in the lines of a process; lines that a library prints are skipped."""
    for line in lines:
        try:
            yield msgspec.json.decode(line, type=kind)
        except msgspec.MsgspecError:
            continue


class Raised(msgspec.Struct):
    """The line of an error that a process gave up with.

    Args:
        kind: name of its class; empty in lines that tell of no error.
        error: text of the error.
        facts: attributes that its class keeps beside the text, as MessagePack in hexadecimal digits.
    """

    kind: str = ""
    error: str = ""
    facts: str = ""

    @classmethod
    def of(cls, error: GatecastError) -> "Raised":
        """The line of this error."""
        return cls(type(error).__name__, str(error), msgspec.msgpack.encode(vars(error)).hex())

    def again(self) -> GatecastError:
        """The error; a plain `GatecastError` where this process does not know its class."""
        kind = error_classes().get(self.kind, GatecastError)
        return kind.restored(self.error, msgspec.msgpack.decode(bytes.fromhex(self.facts)) if self.facts else {})


def error_classes(root: type[GatecastError] = GatecastError) -> dict[str, type[GatecastError]]:
    """All classes of the tree of errors (`edge/errors.py`) by their names.

    Args:
        root: class that the tree begins with.
    """
    classes = {root.__name__: root}
    for kind in root.__subclasses__():
        classes |= error_classes(kind)
    return classes


def keep_out(packages: Iterable[str] = UNUSED) -> None:
    """Let imports of these packages fail in this process, so that it starts sooner and is smaller.

    Args:
        packages: names of packages that whoever imports them can do without.
    """
    for name in packages:
        sys.modules[name] = cast("ModuleType", None)


def obey(work: Callable[[Path, Say], None], folder: Path, output: IO[str]) -> int:
    """The process itself: do the work that lies in a folder, and say how it goes.

    Args:
        work: function that does it; it gets the folder, and a function that says a line of any keys.
        folder: folder of the exchange.
        output: stream for the lines.

    Returns:
        The exit code: 0, or that of the error.
    """

    def say(**event: str | float | None) -> None:
        print(json.dumps(event), file=output, flush=True)

    try:
        work(folder, say)
    except GatecastError as error:
        say(**msgspec.structs.asdict(Raised.of(error)))
        return error.code
    return 0


def grid_file(values: Float64, path: Path) -> str:
    """Path of the file that the worker maps the grid from: the file of the grid itself, or else a new one."""
    if isinstance(values, np.memmap) and values.filename is not None:
        whole = np.load(values.filename, mmap_mode="r", allow_pickle=False)
        if whole.shape == values.shape:
            return str(values.filename)
    np.save(path, values)
    return str(path)

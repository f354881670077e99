"""Processes that start warm: one has imported what takes long, and forks a process of its own for every job.

A job still has a process to itself, with a random state and memory of its own, and dies alone. What it saves is the import:
TensorFlow takes longer to import than a small network to train. The process that imports has begun nothing with
TensorFlow when it forks, so no thread and no lock of TensorFlow's is copied.

As a program: `python -m pipeline.processes.nursery MODULE`. The module has a `preload()`, and a `main(folder, output)` that
returns an exit code.
"""

import gc
import importlib
import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from pipeline.processes.child import keep_out, surroundings
from pipeline.processes.tied import tie, tied

Followed = TypeVar("Followed")

IDLE = 900.0  # seconds without a job after which the process ends and gives its memory back


class _Job(msgspec.Struct):
    """One job: the folder of its exchange, and the file for its standard error."""

    folder: str
    log: str


class _Fate(msgspec.Struct):
    """What became of a job: its process was forked, or ended with this exit code, negative for a signal."""

    forked: int | None = None
    ended: int | None = None


class Nursery:
    """Warm processes for the jobs of one module; may be used from several threads, each job then has its own.

    Args:
        module: name of the module, see above.
        threads: number of threads of one operation of TensorFlow.
    """

    def __init__(self, module: str, threads: int = 1) -> None:
        self._module, self._threads = module, threads
        self._idle: list[_Warm] = []
        self._lock = threading.Lock()

    def warm_up(self) -> None:
        """Start a process that imports, unless one waits; nobody waits for it."""
        self._give_back(self._take())

    def run(self, folder: Path, log: Path, follow: Callable[[Iterable[str]], Followed]) -> tuple[Followed, int] | None:
        """Run a job to its end; its process is killed where following it fails.

        Args:
            folder: folder of the exchange.
            log: file for its standard error.
            follow: function that reads the lines of its standard output as they come.

        Returns:
            What `follow` made of the lines, and the exit code; None where the warm process had ended before the job began.
        """
        warm = self._take()
        try:
            lines = warm.lines(_Job(str(folder), str(log)))
            followed = follow(lines)
            for _ in lines:
                pass  # whoever follows need not read to the end
        except BaseException:
            warm.end()
            raise
        if warm.code is None:
            warm.end()
            return None
        if warm.alive:
            self._give_back(warm)
        return followed, warm.code

    def close(self) -> None:
        """End the processes that wait."""
        with self._lock:
            waiting, self._idle = self._idle, []
        for warm in waiting:
            warm.end()

    def _take(self) -> "_Warm":
        with self._lock:
            while self._idle:
                warm = self._idle.pop()
                if warm.process.poll() is None:
                    return warm
                warm.end()
        return _Warm(self._module, self._threads)

    def _give_back(self, warm: "_Warm") -> None:
        with self._lock:
            self._idle.append(warm)


class _Warm:
    """The process that imports and forks, as the one that wants jobs done sees it."""

    def __init__(self, module: str, threads: int) -> None:
        self.process = subprocess.Popen(
            tied([sys.executable, "-m", "pipeline.processes.nursery", module]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=surroundings(threads),
            errors="replace",
        )
        self.code: int | None = None  # of the job
        self.alive = True

    def lines(self, job: _Job) -> Iterator[str]:
        """The lines of a job's standard output; afterwards `code` is its exit code, None where it never began."""
        self.code, begun = None, False
        with suppress(BrokenPipeError):
            print(msgspec.json.encode(job).decode(), file=self.process.stdin, flush=True)
        for line in self.process.stdout or ():
            fate = _fate(line)
            if fate is None:
                yield line
            elif fate.ended is None:
                begun = True
            else:
                self.code = fate.ended
                return
        self.alive = False
        code = self.process.wait()
        self.code = code or 1 if begun else None

    def end(self) -> None:
        """Kill it; a job that it has forked dies with it."""
        self.process.kill()
        for stream in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                if stream is not None:
                    stream.close()
        self.process.wait()


def _fate(line: str) -> _Fate | None:
    if not line.startswith(('{"forked":', '{"ended":')):
        return None
    try:
        return msgspec.json.decode(line, type=_Fate)
    except msgspec.MsgspecError:
        return None


def serve(module: str) -> None:
    """Import what the module needs, then fork a process for every job that standard input brings; the last one ends it."""
    keep_out()
    worker = importlib.import_module(module)
    worker.preload()
    gc.collect()
    gc.freeze()  # no collection touches, and so copies, the memory that is shared with the jobs
    for line in _asked():
        job = msgspec.json.decode(line, type=_Job)
        me = os.getpid()
        pid = os.fork()
        if pid == 0:
            os._exit(_do(worker.main, job, me))
        _say(forked=pid)
        _, status = os.waitpid(pid, 0)
        _say(ended=os.waitstatus_to_exitcode(status))


def _do(main: Callable[[Path, object], int], job: _Job, parent: int) -> int:
    """The job, in its own process."""
    tie(parent)
    with Path(job.log).open("wb") as log:
        os.dup2(log.fileno(), sys.stderr.fileno())
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    code = 1
    try:
        code = main(Path(job.folder), sys.stdout)
    except Exception:  # noqa: BLE001 - what Python would do where a process ends
        sys.excepthook(*sys.exc_info())
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def _asked() -> Iterator[bytes]:
    """Lines of standard input as they come, unbuffered: a fork must not take lines along that are meant for the next job."""
    rest = b""
    while True:
        ready, _, _ = select.select([0], [], [], IDLE)
        read = os.read(0, 65_536) if ready else b""
        if not read:
            return
        *lines, rest = (rest + read).split(b"\n")
        yield from lines


def _say(**fate: int) -> None:
    # A job that was killed may have left half a line.
    sys.stdout.write(f"\n{json.dumps(fate, separators=(',', ':'))}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve(sys.argv[1])

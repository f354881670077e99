"""Work that can be ended at any moment: Ctrl-C and SIGTERM end it at once, with every process it has started.

The work has a process of its own, because code that trains, waits for a server or sits in a library cannot be trusted to
look up when a signal comes, and Prefect has last words of its own. The process that is left here only waits, so it can
always act.
"""

import ctypes
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from pipeline.processes.tied import tie

BECOME_SUBREAPER = 36  # of prctl(2): processes whose parent has ended become children of this one
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
NAMES = {signal.SIGINT: "Ctrl-C"}
ENDS_WITHIN = 10.0  # seconds; for a process that the kernel does not let go of
SHOW_CURSOR = "\x1b[?25h\r\x1b[K"  # a bar that was cut off has hidden it


def stoppable(program: str, work: Callable[[], int], *, grace: float = 0.0) -> int:
    """Run the work in a process of its own, with a temporary folder that is gone afterwards.

    Args:
        program: named in the one line that says it was stopped.
        work: function that returns an exit code.
        grace: seconds that the work has to end by itself after SIGTERM; 0: it is killed.

    Returns:
        What the work returned; 128 and the signal's number where it was stopped; 1 where it was killed by somebody else.
    """
    watched = {number for number in STOPS if signal.getsignal(number) is not signal.SIG_IGN}
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, watched | {signal.SIGCHLD})
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(BECOME_SUBREAPER, 1, 0, 0, 0)
    folder = tempfile.mkdtemp(prefix="gatecast-")
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        os.setsid()  # the terminal's Ctrl-C is for the process that waits
        tie(parent)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        _do(work, folder)
    try:
        return _wait(program, child, watched, grace)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _do(work: Callable[[], int], folder: str) -> NoReturn:
    """Do the work in the child process, and end it without the exit handlers of libraries."""
    code = 1
    try:
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        code = work()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - what Python would do where a process ends
        traceback.print_exc()
    finally:
        with suppress(OSError, ValueError):
            sys.stderr.flush()
        try:
            sys.stdout.flush()
        except (OSError, ValueError):
            code = code or 1
        os._exit(code)


def _wait(program: str, child: int, watched: set[signal.Signals], grace: float) -> int:
    while True:
        number = signal.sigwait(watched | {signal.SIGCHLD})
        if number != signal.SIGCHLD:
            if grace:
                os.kill(child, signal.SIGTERM)
                _ended(child, time.monotonic() + grace)
            _end_all(child)
            if sys.stderr.isatty():
                sys.stderr.write(SHOW_CURSOR)
            how = NAMES.get(signal.Signals(number), signal.Signals(number).name)
            print(f"{program}: stopped by {how}", file=sys.stderr, flush=True)  # noqa: T201 - the one line
            return 128 + number
        status = _ended(child, time.monotonic())
        if status is not None:
            code = os.waitstatus_to_exitcode(status)
            if code >= 0:
                return code
            _end_all(child)
            hint = "; is there enough memory?" if -code == signal.SIGKILL else ""
            print(f"{program}: the work was ended by {signal.Signals(-code).name}{hint}", file=sys.stderr)  # noqa: T201
            return 1


def _ended(child: int, until: float) -> int | None:
    """The status of the child if it ends before a moment of the monotonic clock; other children that have ended are reaped."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        if pid == child:
            return status
        if pid:
            continue
        left = until - time.monotonic()
        if left <= 0:
            return None
        signal.sigtimedwait({signal.SIGCHLD}, left)


def _end_all(child: int) -> None:
    """Kill every process that is left of the work; this process adopts the children of one that has died."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    until = time.monotonic() + ENDS_WITHIN
    while time.monotonic() < until:
        for pid in children(os.getpid()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            signal.sigtimedwait({signal.SIGCHLD}, 0.05)


def is_there(process: int) -> bool:
    """Whether there is a process of this number; one that may not be asked is there."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def children(parent: int) -> list[int]:
    """The processes that a process has started or adopted; none where there is no /proc."""
    pids = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            # The name stands in brackets and may hold anything.
            if int(stat.read_text(errors="replace").rpartition(")")[2].split()[1]) == parent:
                pids.append(int(stat.parent.name))
    return pids

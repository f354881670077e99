"""A command in a session of its own, as a terminal starts it, that a test stops."""

import os
import signal
import subprocess
import sys
from collections import deque
from pathlib import Path

from tests.support.processes import carrying

ROOT = Path(__file__).parents[2]


class Command:
    """A Python program in a session of its own, as a terminal starts it, whose processes and temporary files can be counted.

    Args:
        arguments: arguments of Python.
        folder: folder for its temporary files.
        environment: variables added to ours.
    """

    def __init__(self, arguments: list[str], folder: Path, **environment: str) -> None:
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self._mark = os.urandom(8).hex()
        added = {"MARK": self._mark, "TMPDIR": str(self.temporary), "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            env={**os.environ, **added, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def wait_for(self, words: str, *, output: bool = False) -> None:
        """Wait for a line on standard error, or on standard output."""
        stream = self.process.stdout if output else self.process.stderr
        said = deque[str](maxlen=20)
        for line in stream or ():
            said.append(line)
            if words in line:
                return
        raise AssertionError(f"the command ended without saying {words!r}: {self.process.wait()}; it said {''.join(said)}")

    def end(self, number: signal.Signals, *, group: bool = False) -> tuple[int, str]:
        """Send a signal to it or to its process group; returns exit code and what it still said on standard error."""
        (os.killpg if group else os.kill)(self.process.pid, number)
        _, said = self.process.communicate()
        return self.process.returncode, said

    def processes(self) -> list[str]:
        """The command lines of what is running of it."""
        return carrying(self._mark)

    def left(self) -> list[str]:
        """What is there of it: processes and temporary files."""
        return [*self.processes(), *map(str, self.temporary.iterdir())]

"""A tied process ends with the one that started it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.processes.tied import tied
from tests.support.processes import carrying
from tests.support.servers import wait_until

PARENT = """
import subprocess, sys
from pipeline.processes.tied import tied
child = subprocess.Popen(tied([sys.executable, "-c", "import signal, sys; print('there', flush=True); signal.pause()"]))
child.wait()
"""


def test_a_tied_command_is_the_command() -> None:
    """Its arguments, output and exit code are its own, and there is no process in between."""
    command = [sys.executable, "-c", "import os, sys; print(sys.argv[1:], os.getppid()); sys.exit(3)", "one two", "-c"]
    done = subprocess.run(tied(command), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (3, f"{['one two', '-c']} {os.getpid()}")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent has ended")
def test_a_tied_process_ends_when_its_parent_is_killed() -> None:
    """`kill -9` leaves nobody who could end it."""
    mark = os.urandom(8).hex()
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "MARK": mark},
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "there\n"
        assert len(carrying(mark)) == 2
        parent.send_signal(signal.SIGKILL)
    wait_until(lambda: not carrying(mark), what="the end of the child")


@pytest.mark.skipif(sys.platform != "linux", reason="as above")
def test_a_process_whose_parent_is_gone_already_does_not_begin() -> None:
    """The parent may die between starting it and being tied to it."""
    command = [*tied([sys.executable, "-c", "print('begun')"])]
    command[4] = "1" if os.getpid() != 1 else "2"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")

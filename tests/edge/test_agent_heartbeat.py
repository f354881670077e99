"""The loop's sign of life, on the page and for systemd."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from edge.agent.heartbeat import Heartbeat, notifier
from tests.support.servers import HANGS_AFTER


def test_a_loop_that_stands_still_is_a_problem_until_it_turns_again() -> None:
    """Said only after the configured silence."""
    now = [0.0]
    heart = Heartbeat(120.0, lambda: now[0], lambda _: None)
    now[0] = 120.0
    assert heart.problem is None
    now[0] = 121.0
    assert heart.problem == ("the agent has stood still for 121 s: nothing is taken, forecast or committed; restart it")
    heart.beat()
    assert heart.problem is None


def test_the_supervisor_hears_once_a_second() -> None:
    """However fast the loop turns."""
    now = [0.0]
    told: list[str] = []
    heart = Heartbeat(120.0, lambda: now[0], told.append)
    heart.begin()
    for tenth in range(25):
        now[0] = tenth / 10
        heart.beat()
    assert told == ["READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"]


def test_the_end_is_put_off_by_each_sign_of_life_and_called_off_at_the_end() -> None:
    """By more than the silence that the health page calls a problem; at most once a second."""
    now = [0.0]
    ends: list[float] = []
    heart = Heartbeat(120.0, lambda: now[0], lambda _: None, ends.append)
    assert ends == []  # reading a full spool may take longer
    heart.begin()
    for tenth in range(15):
        now[0] = tenth / 10
        heart.beat()
    heart.end()
    assert ends == [300.0, 300.0, 0.0]


STANDS_STILL = """
import ctypes
import time

from edge.agent.heartbeat import Heartbeat, end_within

heart = Heartbeat(0.2, time.monotonic, lambda _: None, end_within)
heart.begin()
ctypes.PyDLL(None).sleep(1000)  # with the lock of the interpreter, so that no Python runs
"""


def test_a_process_that_stands_still_inside_a_library_ends_itself() -> None:
    """With exit code 1, and its stack on standard error."""
    done = subprocess.run(
        [sys.executable, "-c", STANDS_STILL], capture_output=True, text=True, check=False, timeout=HANGS_AFTER
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert 'File "<string>", line 9' in done.stderr


@pytest.mark.parametrize("abstract", [False, True])
def test_the_socket_of_the_supervisor_may_be_a_file_or_abstract(abstract: bool, tmp_path: Path) -> None:
    """Both forms that sd_notify(3) knows; one that is gone is no trouble."""
    place = f"@gatecast-{tmp_path.name}-{id(tmp_path)}" if abstract else str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(f"\0{place[1:]}" if abstract else place)
        supervisor.settimeout(HANGS_AFTER)
        notify = notifier({"NOTIFY_SOCKET": place})
        notify("READY=1")
        assert supervisor.recv(100) == b"READY=1"
    notify("WATCHDOG=1")
    notifier({})("WATCHDOG=1")

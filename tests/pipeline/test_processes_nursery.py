"""A warm process imports once, forks a process for each job, and survives what a job dies of."""

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline.processes.nursery import Nursery
from tests.support.servers import wait_until

MODULE = """
import os, sys, time

LOADED = []

def preload():
    if os.environ.get("NURSERY_TEST_REFUSES"):
        raise ImportError("no TensorFlow here")
    LOADED.append(os.getpid())

def main(folder, output):
    print(f"job {os.getpid()} of {LOADED[0]} in {folder.name}", file=output, flush=True)
    order = (folder / "order").read_text()
    if order == "hang":
        time.sleep(3600)
    if order == "raise":
        raise ValueError("a fault of ours")
    if order == "crash":
        print('{"half a li', end="", file=output, flush=True)
        os.kill(os.getpid(), 11)
    return int(order)
"""


@pytest.fixture
def nursery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nursery]:
    """A nursery of a module that does as a file in the folder says."""
    (tmp_path / "ordered.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    made = Nursery("ordered")
    yield made
    made.close()


def job(nursery: Nursery, folder: Path, order: str) -> tuple[list[str], int] | None:
    """The lines of a job that is ordered to end so, and its exit code."""
    folder.mkdir(exist_ok=True)
    (folder / "order").write_text(order, encoding="utf-8")
    return nursery.run(folder, folder / "log", lambda lines: [line.strip() for line in lines if line.strip()])


def test_each_job_has_a_process_and_all_share_the_import(nursery: Nursery, tmp_path: Path) -> None:
    """Two jobs, two processes, both forked from the one that imported; exit codes come through."""
    first, second = job(nursery, tmp_path / "a", "0"), job(nursery, tmp_path / "b", "3")
    assert first is not None
    assert second is not None
    assert (first[1], second[1]) == (0, 3)
    assert first[0][0].endswith("in a")
    words = first[0][0].split(), second[0][0].split()
    assert words[0][1] != words[1][1]
    assert words[0][3] == words[1][3]


def test_a_crash_costs_one_job_only(nursery: Nursery, tmp_path: Path) -> None:
    """A job that dies of a signal in the middle of a line has that signal's code; the next one begins warm."""
    before, crashed, after = (job(nursery, tmp_path / order, order) for order in ("0", "crash", "1"))
    assert before is not None
    assert crashed is not None
    assert after is not None
    assert (crashed[1], after[1]) == (-signal.SIGSEGV, 1)
    assert before[0][0].split()[3] == after[0][0].split()[3]


def test_an_error_of_a_job_is_in_its_log(nursery: Nursery, tmp_path: Path) -> None:
    """What Python would print where a process ends is the last line of the job's own log."""
    done = job(nursery, tmp_path / "a", "raise")
    assert done is not None
    assert done[1] == 1
    assert (tmp_path / "a" / "log").read_text().strip().endswith("ValueError: a fault of ours")


def test_a_job_that_nobody_follows_any_more_is_killed(nursery: Nursery, tmp_path: Path) -> None:
    """Where following fails, job and warm process are killed; the next job has a new one."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "order").write_text("hang", encoding="utf-8")
    pids: list[int] = []

    def follow(lines: Iterable[str]) -> None:
        pids.append(next(int(line.split()[1]) for line in lines if line.startswith("job")))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nursery.run(tmp_path / "a", tmp_path / "a" / "log", follow)
    wait_until(lambda: not running(pids[0]), what="the end of the job", pause=0.05)
    done = job(nursery, tmp_path / "b", "0")
    assert done is not None
    assert done[1] == 0


def test_a_warm_process_that_was_killed_meanwhile_is_replaced(nursery: Nursery, tmp_path: Path) -> None:
    """Idle processes may be killed by whoever needs their memory; nothing is lost by it."""
    first = job(nursery, tmp_path / "a", "0")
    assert first is not None
    warm = int(first[0][0].split()[3])
    os.kill(warm, signal.SIGKILL)
    wait_until(lambda: not running(warm), what="its end", pause=0.05)
    second = job(nursery, tmp_path / "b", "0")
    assert second is not None
    assert second[1] == 0


def test_where_nothing_can_be_imported_no_job_begins(nursery: Nursery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None says so, and whoever asked starts a process that tells the reason."""
    monkeypatch.setenv("NURSERY_TEST_REFUSES", "1")
    assert job(nursery, tmp_path / "a", "0") is None


def running(pid: int) -> bool:
    """Whether a process is there and is no zombie."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    return False

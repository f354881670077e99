"""Which runs of the books have lost their process, and which have it still."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

pytest.importorskip("prefect")

from flows.serving.dead import alive, died, ours
from flows.serving.deployment import Run

pytestmark = pytest.mark.training
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def run(process: str) -> Run:
    """A run that is under way, with its host and process."""
    return Run("a", "RUNNING", "", NOW, NOW, 0.0, process=process)


@pytest.mark.parametrize(
    ("process", "gone", "there"),
    [
        ("mill:7", False, True),  # a run of a gatecast serve
        ("mill:8", True, False),  # the number belongs to another program now
        ("mill:9", True, False),  # nothing has that number
        ("barn:7", False, False),  # another machine's: nobody knows
        ("", False, False),
        ("mill", False, False),
    ],
)
def test_a_process_of_this_machine_is_gone_or_not(process: str, gone: bool, there: bool, tmp_path: Path) -> None:
    """Numbers of processes come again, in containers soon, so its environment is looked at."""
    for number, environment in {7: b"A=b\0GATECAST_SERVED=6\0", 8: b"A=b\0"}.items():
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "environ").write_bytes(environment)
    assert (died(run(process), "mill", tmp_path), alive(run(process), "mill", tmp_path)) == (gone, there)


def test_without_a_folder_of_processes_they_are_asked(tmp_path: Path) -> None:
    """Only Linux has one."""
    mine = run(f"mill:{os.getpid()}")
    assert (died(mine, "mill", tmp_path / "none"), alive(mine, "mill", tmp_path / "none")) == (False, True)
    assert died(run(f"mill:{2**22 + 1}"), "mill", tmp_path / "none")


@pytest.mark.parametrize(("process", "mine"), [("mill:7", True), ("mill:8", False), ("barn:7", False), ("", True)])
def test_a_run_of_another_serve_is_left_alone(process: str, mine: bool) -> None:
    """Two may serve a fleet, on one machine or on two; one that is stopped tells only of its own runs."""
    assert ours(run(process), [7], "mill") is mine

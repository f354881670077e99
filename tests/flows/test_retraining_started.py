"""What a run leaves in the server's books about its process, and on the disk."""

import fcntl
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

pytest.importorskip("prefect")

from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.retraining.started import FOLDER, Started, begin, own_temporary_folder

pytestmark = pytest.mark.training


def test_a_flow_that_a_command_runs_was_started_by_no_deployment() -> None:
    """Somebody waits for its result."""
    assert os.environ.get("GATECAST_SERVED") is None
    assert begin() is None


def test_what_a_run_that_was_killed_has_left_is_deleted_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trainer that serves for months would keep the history of every run that died."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    dead, alive = tmp_path / f"{FOLDER}{process.pid}-x", tmp_path / f"{FOLDER}{os.getppid()}-x"
    container = tmp_path / f"{FOLDER}{process.pid}-container"  # the number is one of another container there
    others = [tmp_path / "gatecast-x", tmp_path / f"{FOLDER}x", container]
    for folder in (dead, alive, *others):
        (folder / "history").mkdir(parents=True)
    held = os.open(container, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    own = own_temporary_folder(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([alive, *others, own])
    os.close(held)
    mine = os.open(own, os.O_RDONLY)
    with pytest.raises(BlockingIOError):
        fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(mine)
    assert Path(tempfile.mkdtemp()).parent == own
    assert os.environ["TMPDIR"] == str(own)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process to end")
def test_a_process_that_hangs_is_ended_after_its_last_words(tmp_path: Path) -> None:
    """As if it had ended well: another code would be a crash, and a second run of what hangs."""
    started = Started(uuid4(), datetime(2026, 11, 26, tzinfo=UTC), again=False)

    def write() -> None:
        (tmp_path / "row").write_text("written")

    child = os.fork()
    if child == 0:
        with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
            started.fail("too long", write)
    _, status = os.waitpid(child, 0)
    assert (os.waitstatus_to_exitcode(status), (tmp_path / "row").read_text()) == (0, "written")

"""Nobody shares a state folder, however the one before ended."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge.cli import run
from edge.errors import ConfigurationError
from edge.locking import AGENT_LOCK, alone_in
from edge.spool.spool import Spool
from tests.support.agent_process import baseline_bundle, configure, release

HOLDER = """
import sys
from pathlib import Path
from edge.locking import alone_in
with alone_in(Path(sys.argv[1])):
    print(flush=True)
    input()
"""


def test_a_folder_is_free_again_when_its_owner_ends(tmp_path: Path) -> None:
    """Also after `kill -9`, with the lock file left behind; the refusal names folder and owner."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "state")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        words = rf"{tmp_path}/state is in use by another agent \(process {holder.pid}\)"
        with pytest.raises(ConfigurationError, match=words), alone_in(tmp_path / "state"):
            pass
        holder.kill()
    for _ in range(2):
        with alone_in(tmp_path / "state"):
            assert (tmp_path / "state" / AGENT_LOCK).read_text() == str(os.getpid())


def test_a_lock_file_that_is_removed_lets_nobody_in(tmp_path: Path) -> None:
    """Nor one that was put in its place: the folder itself is held. The refusal makes no file."""
    with alone_in(tmp_path):
        (tmp_path / AGENT_LOCK).unlink()
        with pytest.raises(ConfigurationError, match=r"in use by another agent \(process unknown\)"), alone_in(tmp_path):
            pass
        assert not (tmp_path / AGENT_LOCK).exists()
        (tmp_path / AGENT_LOCK).write_text("12")
        with pytest.raises(ConfigurationError, match=r"in use by another agent \(process 12\)"), alone_in(tmp_path):
            pass
    with alone_in(tmp_path):
        assert (tmp_path / AGENT_LOCK).read_text() == str(os.getpid())


def test_where_folders_have_no_locks_the_file_keeps_others_off(tmp_path: Path) -> None:
    """NFS wants a file that is open for writing."""

    def no_lock(descriptor: int, operation: int) -> None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    with (
        alone_in(tmp_path, no_lock),
        pytest.raises(ConfigurationError, match=rf"\(process {os.getpid()}\)"),
        alone_in(tmp_path, no_lock),
    ):
        pass


def test_a_second_agent_is_one_line_and_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It touches nothing; looking at the configuration, or into the spool, is still possible."""
    channel = release(tmp_path / "registry", baseline_bundle())
    config = str(configure(tmp_path, "mqtt://127.0.0.1:1", f"sqlite:///{tmp_path}/store.db", channel))
    with alone_in(tmp_path / "state"):
        spool = Spool(tmp_path / "state" / "spool.db", "sqlite")
        assert run(["run", "--config", config]) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"gatecast-agent: {tmp_path}/state is in use by another agent (process {os.getpid()});")
        assert error.count("\n") == 1
        assert not (tmp_path / "store.db").exists()
        assert run(["check", "--config", config]) == 0
        spool.close()


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    """A file stands in its way."""
    (tmp_path / "state").write_text("")
    with pytest.raises(ConfigurationError, match=r"choose another folder in \[agent\] state"), alone_in(tmp_path / "state"):
        pass

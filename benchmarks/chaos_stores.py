"""The stores and the disk of the chaos benchmark: how each of them fails, and how it comes back."""

import errno
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol, Self

from edge.errors import GatecastError
from tests.support.servers import Influx

HALF_WRITTEN = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=300)
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE reading SET value = -1")
print(flush=True)
sys.stdin.read()
"""


class StoreProcess(Protocol):
    """A store whose process can die."""

    url: str
    dead: bool

    def rows(self) -> int:
        """How many readings it holds."""

    def kill(self) -> None:
        """`kill -9`."""

    def revive(self) -> None:
        """Let it work again."""


class InfluxProcess:
    """influxd, behind nginx for the paths of newer versions; both die.

    Args:
        server: server that runs.
    """

    def __init__(self, server: Influx) -> None:
        self._server, self.dead = server, False
        server.create("chaos")
        self.url = server.store_url("chaos")

    def rows(self) -> int:
        """As `StoreProcess.rows`."""
        found = self._server.query("chaos", "SELECT count(value) FROM reading")
        return int(found[0]["count"]) if found else 0

    def kill(self) -> None:
        """As `StoreProcess.kill`."""
        self._server.kill()
        self.dead = True

    def revive(self) -> None:
        """As `StoreProcess.revive`."""
        self._server.start()
        self.dead = False


class SqliteFile:
    """A file, and another program that holds it and dies in the middle of a transaction.

    Args:
        path: path of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path, self.dead, self.url = path, False, f"sqlite:///{path}"
        self._holder: subprocess.Popen[bytes] | None = None

    def rows(self) -> int:
        """As `StoreProcess.rows`."""
        with closing(sqlite3.connect(self._path, timeout=300)) as connection:
            try:
                return int(connection.execute("SELECT count(*) FROM reading").fetchone()[0])
            except sqlite3.OperationalError:  # no table yet
                return 0

    def kill(self) -> None:
        """Take the file away from the agent."""
        command = [sys.executable, "-c", HALF_WRITTEN, str(self._path)]
        self._holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self._holder.stdout is None or not self._holder.stdout.readline():
            raise GatecastError("the program that was to hold the store's file ended")
        self.dead = True

    def revive(self) -> None:
        """`kill -9` of the program that has it."""
        if self._holder is not None:
            self._holder.kill()
            self._holder.communicate()
        self._holder, self.dead = None, False


class SmallDisk:
    """A disk in memory for the agent's state, which another program fills now and then.

    Args:
        folder: folder that becomes the disk; made here.
        size: MB that it holds.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self._folder, self._size, self.full = folder, size, False

    def __enter__(self) -> Self:
        self._folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={self._size}m,mode=700", "tmpfs", str(self._folder)]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode != 0:
            raise GatecastError("a disk that can be filled needs the right to mount one: run as root, or with --disk-fills 0")
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "--lazy", str(self._folder)], check=True)

    def fill(self) -> None:
        """Write until nothing more fits."""
        with (self._folder / "ballast").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(65_536))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
        self.full = True

    def clear(self) -> None:
        """Give the room back."""
        (self._folder / "ballast").unlink()
        self.full = False


@contextmanager
def a_store(kind: str, folder: Path) -> Iterator[StoreProcess]:
    """An empty store."""
    if kind == "influxdb":
        with Influx(folder / "influx") as server:
            yield InfluxProcess(server)
        return
    store = SqliteFile(folder / "store.db")
    try:
        yield store
    finally:
        store.revive()

"""An SQLite file that others fill: opened to read only. Home Assistant's and Gatecast's own tables are known."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from edge.errors import ConfigurationError, StoreBusy, StoreDenied, StoreError
from edge.messages.ingest import Ingest
from edge.sources.databases import open_database
from edge.sources.rows import ROWS, Row
from edge.sources.settings import HistorySource
from edge.sources.source import Source
from edge.stores.address import Address

PATIENCE = 10.0  # seconds that a lock of another program is waited for


def open_settings(settings: HistorySource, ingests: Sequence[Ingest]) -> Source:
    """The file that a section names.

    Raises:
        ConfigurationError: the URL names no file, or more than a file.
        StoreBusy: the file is locked.
        StoreDenied: the file cannot be used.
    """
    return open_database(SqliteFile(path_of(settings), settings), settings, ingests)


def path_of(settings: HistorySource) -> Path:
    """The path in a URL such as `sqlite:///relative/path`.

    Raises:
        ConfigurationError: there is none.
    """
    address = Address.parse(settings.url)
    beside = address.host or address.account is not None or address.port is not None or address.options is not None
    if beside or address.path in ("", "/"):
        example = f"{settings.scheme}:///relative/path or {settings.scheme}:////absolute/path"
        raise ConfigurationError(f"{settings.label} names no path; write {example}, with a ? in a name as %3F")
    return Path(address.path[1:])


class SqliteFile:
    """A file that cannot be written through.

    Args:
        path: the file.
        settings: section of the configuration, for messages.
        page: number of rows in memory at once.
        patience: time to wait for a lock of another program, seconds.
    """

    def __init__(self, path: Path, settings: HistorySource, *, page: int = ROWS, patience: float = PATIENCE) -> None:
        self._path, self._settings, self._page, self._patience = path, settings, page, patience

    def pages(self, query: str) -> Iterator[Sequence[Row]]:
        """As `Database.pages`."""
        try:
            with closing(self._connect()) as connection:
                cursor = connection.execute(query)
                while rows := cursor.fetchmany(self._page):
                    yield rows
        except (OSError, sqlite3.Error) as error:
            raise self._meaning(error) from error

    def tables(self) -> list[str]:
        """As `Database.tables`."""
        query = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name"
        return [str(row[0]) for rows in self.pages(query) for row in rows]

    def columns(self, table: str) -> list[str]:
        """As `Database.columns`."""
        return [str(row[1]) for rows in self.pages(f"PRAGMA table_info({table})") for row in rows]

    def close(self) -> None:
        """As `Database.close`; no connection is kept."""

    def _connect(self) -> sqlite3.Connection:
        if not self._path.is_file():
            problem = "is a folder" if self._path.is_dir() else "does not exist"
            raise StoreDenied(f"{self._settings.label}: the file {self._path} {problem}; check url")
        address = f"file:{quote(str(self._path))}?mode=ro"
        connection = sqlite3.connect(address, uri=True, timeout=self._patience, check_same_thread=False)
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        return connection

    def _meaning(self, error: Exception) -> StoreError:
        label, code = self._settings.label, getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return StoreBusy(f"{label} is locked by another program ({error}); try again when that is done, or read a copy")
        if code == sqlite3.SQLITE_READONLY:
            return StoreDenied(f"{label}: the query wants to write ({error}); history is only read, write one SELECT")
        if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
            advice = "let this account read the file and write its folder (SQLite needs that for -shm), or read a copy"
            return StoreDenied(f"{label} cannot be opened ({error}): {advice}")
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            return StoreDenied(f"{label} is no SQLite file, or a damaged one ({error}); check url")
        if self._settings.query is None:
            return StoreDenied(f"{label} cannot be read: {error}")
        advice = "query is one SELECT that gives the columns series, time and value"
        return StoreDenied(f"{label}: the query does not work ({error}); {advice}")

"""PostgreSQL and whatever else SQLAlchemy knows, for reading only."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import event, exc
from sqlalchemy.pool import NullPool

from edge.errors import ConfigurationError, StoreBusy, StoreDenied, StoreError
from edge.messages.ingest import Ingest
from edge.sources.databases import open_database
from edge.sources.rows import ROWS, Row
from edge.sources.settings import HistorySource
from edge.sources.source import Source

PATIENCE = 10  # seconds for a connection
# Drivers where the URL names none; the last word is the package to install.
DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
REFUSED = ("password", "authentication", "does not exist", "access denied", "unknown database", "permission", "pg_hba")


def open_server(settings: HistorySource, ingests: Sequence[Ingest]) -> Source:
    """The database that a section names.

    Raises:
        ConfigurationError: the URL is none of SQLAlchemy's, or the driver is not installed.
        StoreBusy: the database does not answer now.
        StoreDenied: it refuses the account, or its tables are not known.
    """
    return open_database(Server(settings), settings, ingests)


class Server:
    """A database that is asked through SQLAlchemy, each time on a new connection; nothing is contacted yet.

    Args:
        settings: section of the configuration.
        page: number of rows in memory at once.

    Raises:
        ConfigurationError: the URL is none of SQLAlchemy's, or the driver is not installed.
    """

    def __init__(self, settings: HistorySource, *, page: int = ROWS) -> None:
        self._settings, self._page = settings, page
        try:
            self._engine = sqlalchemy.create_engine(_url(settings), poolclass=NullPool, connect_args=_arguments(settings))
        except ModuleNotFoundError as error:
            raise ConfigurationError(f"{settings.label} needs the package {error.name}: {_advice(error.name)}") from error
        except (exc.ArgumentError, exc.NoSuchModuleError, ValueError) as error:
            raise ConfigurationError(f"{settings.label} is no database that SQLAlchemy knows: {error}") from error
        if self._engine.dialect.name in ("mysql", "mariadb"):
            event.listen(self._engine, "connect", _only_read)

    def pages(self, query: str) -> Iterator[Sequence[Row]]:
        """As `Database.pages`."""
        try:
            with self._engine.connect() as connection:
                options = {"stream_results": True, "max_row_buffer": self._page, "no_parameters": True}
                result = connection.execution_options(**options).exec_driver_sql(query)
                while rows := result.fetchmany(self._page):
                    yield rows
        except exc.SQLAlchemyError as error:
            raise self._meaning(error) from error

    def tables(self) -> list[str]:
        """As `Database.tables`."""
        try:
            inspector = sqlalchemy.inspect(self._engine)
            return sorted([*inspector.get_table_names(), *inspector.get_view_names()])
        except exc.SQLAlchemyError as error:
            raise self._meaning(error) from error

    def columns(self, table: str) -> list[str]:
        """As `Database.columns`."""
        try:
            return [column["name"] for column in sqlalchemy.inspect(self._engine).get_columns(table)]
        except exc.NoSuchTableError:
            return []
        except exc.SQLAlchemyError as error:
            raise self._meaning(error) from error

    def close(self) -> None:
        """As `Database.close`."""
        self._engine.dispose()

    def _meaning(self, error: exc.SQLAlchemyError) -> StoreError:
        label, origin = self._settings.label, getattr(error, "orig", None) or error
        words = " ".join(str(origin).strip().partition("\n")[0].split())[:200]
        if isinstance(error, exc.OperationalError) and not any(word in words.lower() for word in REFUSED):
            return StoreBusy(f"{label} does not answer ({words}); is the database running there? check url")
        if isinstance(error, exc.OperationalError):
            return StoreDenied(f"{label} refuses the account ({words}); check url, password_file and the rights of the user")
        if "read-only" in words or "read only" in words:
            return StoreDenied(f"{label}: the query wants to write ({words}); history is only read, write one SELECT")
        advice = "query is one SELECT that gives the columns series, time and value, of tables that this user may read"
        return StoreDenied(f"{label}: the query does not work ({words}); {advice}")


def _url(settings: HistorySource) -> sqlalchemy.URL:
    url = sqlalchemy.make_url(settings.url)
    if settings.password_file is not None:
        try:
            url = url.set(password=Path(settings.password_file).read_text(encoding="utf-8").strip())
        except OSError as error:
            raise ConfigurationError(f"{settings.label}: cannot read {settings.password_file}: {error.strerror}") from error
    return url.set(drivername=DRIVERS.get(url.drivername, url.drivername))


def _arguments(settings: HistorySource) -> dict[str, Any]:
    """Arguments of the driver: PostgreSQL itself refuses to write then."""
    if settings.scheme in ("postgres", "postgresql"):
        return {"options": "-c default_transaction_read_only=on", "connect_timeout": PATIENCE}
    return {"connect_timeout": PATIENCE} if settings.scheme in DRIVERS else {}


def _only_read(connection: Any, _record: Any) -> None:  # noqa: ANN401 - the driver's own types
    """MySQL and MariaDB refuse to write then."""
    cursor = connection.cursor()
    cursor.execute("SET SESSION TRANSACTION READ ONLY")
    cursor.close()


def _advice(package: str | None) -> str:
    if package == "psycopg":
        return "in a clone of the repository: pip install '.[postgres]'"
    return f"install {package}, or name another driver as in mysql+mysqldb://"

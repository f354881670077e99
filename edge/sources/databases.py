"""Which of the known schemas a database has, where no query says what its rows mean."""

from collections.abc import Sequence

import msgspec

from edge.contract.schema import READING, SERIES, TIME, VALUE
from edge.errors import StoreDenied
from edge.messages.ingest import Ingest
from edge.quoting import quoted
from edge.sources.home_assistant import HomeAssistant
from edge.sources.query import QuerySource
from edge.sources.rows import Database
from edge.sources.settings import HistorySource
from edge.sources.source import Source

SHOWN = 8  # tables that a message names
OWN = (
    f"SELECT series.name AS series, {READING.name}.{TIME} AS time, {READING.name}.{VALUE.name} AS value "
    f"FROM {READING.name} JOIN series ON series.id = {READING.name}.{SERIES}"
)


def open_database(database: Database, settings: HistorySource, ingests: Sequence[Ingest]) -> Source:
    """A database by its query, or else by its tables: those of Home Assistant, or those of Gatecast's own SQLite store.

    Args:
        database: database to read.
        settings: section of the configuration.
        ingests: rules that name the live series.

    Raises:
        StoreBusy: the database does not answer now.
        StoreDenied: it refuses the account, or its tables are of neither kind.
    """
    if settings.query is not None:
        return QuerySource(database, settings, settings.query)
    tables = database.tables()
    if {"states", "statistics_meta"} <= set(tables):
        return HomeAssistant(database, settings, ingests)
    if {READING.name, "series"} <= set(tables):
        return QuerySource(database, msgspec.structs.replace(settings, time_unit="ns"), OWN)
    more = f" and {len(tables) - SHOWN} more" if len(tables) > SHOWN else ""
    raise StoreDenied(
        f"{settings.label} has the tables {', '.join(map(quoted, tables[:SHOWN])) or 'none'}{more}, which are not those of "
        "Home Assistant; write a query that gives the columns series, time and value"
    )

"""The questions to an SQLite file, along its primary keys: a question costs what it answers, not what the file holds."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from edge.contract.schema import LEAD, SERIES, TIME, Measurement
from edge.stores.asking.answer import COUNT, Answer, of_rows
from edge.stores.retention import table_of
from edge.stores.sqlite import LAST, SqliteStore


def fields_of(store: SqliteStore, measurement: Measurement) -> list[str]:
    """As `asking.fields_of`."""
    with _opened(store, measurement) as (_, known):
        return [name for name in known if name not in (SERIES, TIME, *[LEAD] * measurement.by_lead)]


def newest(store: SqliteStore, measurement: Measurement, fields: Sequence[str], since: int, near: int | None) -> Answer:
    """As `asking.newest`."""
    with _opened(store, measurement) as (connection, known):
        if connection is None or fields[0] not in known or (near is not None and LEAD not in known):
            return of_rows([], fields)
        table = table_of(measurement.name)
        # Backwards along the key: the first row has the field, as a rule.
        has_field = f"own.series = series.id AND own.time >= ? AND own.{fields[0]} IS NOT NULL"
        has_field += "" if near is None else f" AND own.{LEAD} <= {near}"
        last = f"SELECT own.time FROM {table} AS own WHERE {has_field} ORDER BY own.time DESC LIMIT 1"
        query = (
            f"SELECT name, row.time, {_cells(fields, known)} FROM series CROSS JOIN {table} AS row "
            f"ON row.series = series.id AND row.time = ({last})"
        )
        return of_rows(connection.execute(query, (since,)).fetchall(), fields)


def means(
    store: SqliteStore, measurement: Measurement, fields: Sequence[str], owners: Sequence[str], span: tuple[int, int]
) -> Answer:
    """As `asking.means`."""
    wanted = [*fields, COUNT]
    with _opened(store, measurement) as (connection, known):
        if connection is None or not set(fields[:2]) <= set(known):
            return of_rows([], wanted)
        averages = ", ".join(f"avg({name})" if name in known else "NULL" for name in fields)
        source = f"series CROSS JOIN {table_of(measurement.name)} AS row ON row.series = series.id AND time >= ? AND time < ?"
        # A text is larger than every number.
        conditions = [f"row.{name} BETWEEN 0 AND 9e999" for name in fields[:2]]
        conditions += [f"name IN ({', '.join('?' * len(owners))})"] if owners else []
        where = " AND ".join(conditions)
        query = f"SELECT name, 0, {averages}, count(*) FROM {source} WHERE {where} GROUP BY series.id"
        return of_rows(connection.execute(query, (span[0], min(span[1], LAST), *owners)).fetchall(), wanted)


def chosen(
    store: SqliteStore, measurement: Measurement, fields: Sequence[str], owners: Sequence[str], span: tuple[int, int]
) -> Answer:
    """As `asking.chosen`."""
    wanted = [*fields, *measurement.labels, *[LEAD] * measurement.by_lead]
    with _opened(store, measurement) as (connection, known):
        if connection is None:
            return of_rows([], wanted)
        where = f"WHERE name IN ({', '.join('?' * len(owners))})" if owners else ""
        source = f"series CROSS JOIN {table_of(measurement.name)} AS row ON row.series = series.id AND time >= ? AND time < ?"
        query = f"SELECT name, time, {_cells(wanted, known)} FROM {source} {where} ORDER BY time"
        rows = connection.execute(query, (span[0], min(span[1], LAST), *owners)).fetchall()
        return of_rows(rows, wanted)


def averages(
    store: SqliteStore, measurement: Measurement, fields: Sequence[str], owners: Sequence[str], span: tuple[int, int], step: int
) -> Answer:
    """As `asking.averages`."""
    with _opened(store, measurement) as (connection, known):
        if connection is None or not owners:
            return of_rows([], fields)
        means_of = ", ".join(f"avg({name})" if name in known else "NULL" for name in fields)
        source = f"series CROSS JOIN {table_of(measurement.name)} AS row ON row.series = series.id AND time >= ? AND time < ?"
        where = f"name IN ({', '.join('?' * len(owners))})"
        query = (
            f"SELECT name, time / {step} * {step} AS moment, {means_of} FROM {source} WHERE {where} "
            "GROUP BY series.id, moment ORDER BY moment"
        )
        return of_rows(connection.execute(query, (span[0], min(span[1], LAST), *owners)).fetchall(), fields)


def _cells(fields: Sequence[str], known: Sequence[str]) -> str:
    return ", ".join(f"row.{name}" if name in known else "NULL" for name in fields)


@contextmanager
def _opened(store: SqliteStore, measurement: Measurement) -> Iterator[tuple[sqlite3.Connection | None, list[str]]]:
    """A connection and the columns of the table; None and none where there is no such file or table.

    Raises:
        StoreBusy: the file is locked.
        StoreDenied: it is no file of ours, or cannot be read.
    """
    if not store.path.exists():
        yield None, []
        return
    try:
        with closing(store.connect()) as connection:
            known = [row[1] for row in connection.execute(f"PRAGMA table_info({table_of(measurement.name)})")]
            yield (connection if known else None), known
    except (OSError, sqlite3.Error) as error:
        raise store.meaning(error) from error

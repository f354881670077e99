"""The questions to an InfluxDB, in InfluxQL, by the connection that the trainer reads with."""

from collections.abc import Sequence

from edge.contract.schema import LEAD, TIME, Measurement
from edge.stores.asking.answer import COUNT, Answer, of_rows
from edge.stores.influx import InfluxStore
from edge.stores.influx_answers import Rows, no_influxdb
from edge.stores.store import leads

ESCAPE = str.maketrans({"\\": "\\\\", "'": "\\'"})  # in a text of InfluxQL


def fields_of(store: InfluxStore, measurement: Measurement) -> list[str]:
    """As `asking.fields_of`."""
    tables = store.query(f'SHOW FIELD KEYS FROM "{measurement.name}"')
    return [str(row[0]) for table in tables for row in table.values if row]


def newest(store: InfluxStore, measurement: Measurement, fields: Sequence[str], since: int, near: int | None) -> Answer:
    """As `asking.newest`."""
    first, *others = fields
    wanted = ", ".join([f'last("{first}") AS "{first}"', *(f'"{name}"' for name in others)])
    where = f"time >= {since}" + ("" if near is None else f' AND "{LEAD}" <= {near}')
    return _answered(store, measurement, f"SELECT {wanted}", where, fields)


def means(
    store: InfluxStore, measurement: Measurement, fields: Sequence[str], owners: Sequence[str], span: tuple[int, int]
) -> Answer:
    """As `asking.means`."""
    wanted = ", ".join([*(f'mean("{name}") AS "{name}"' for name in fields), f'count("{fields[0]}") AS "{COUNT}"'])
    where = " AND ".join([_where(store, measurement, owners, span), *(f'"{name}" >= 0' for name in fields[:2])])
    answer = _answered(store, measurement, f"SELECT {wanted}", where, [*fields, COUNT])
    return Answer(answer.owners, answer.time * 0, answer.cells)


def chosen(
    store: InfluxStore, measurement: Measurement, fields: Sequence[str], owners: Sequence[str], span: tuple[int, int]
) -> Answer:
    """As `asking.chosen`."""
    tags = [*measurement.labels, *[LEAD] * measurement.by_lead]
    columns = [*fields, *tags]
    wanted = ", ".join([*(f'"{name}"' for name in fields), *(f'"{tag}"::tag' for tag in tags)])
    answer = _in_order(_answered(store, measurement, f"SELECT {wanted}", _where(store, measurement, owners, span), columns))
    if measurement.by_lead:
        return Answer(answer.owners, answer.time, {**answer.cells, LEAD: leads(answer.cells[LEAD]).tolist()})
    return answer


def averages(
    store: InfluxStore, measurement: Measurement, fields: Sequence[str], owners: Sequence[str], span: tuple[int, int], step: int
) -> Answer:
    """As `asking.averages`."""
    if not owners:
        return of_rows([], fields)
    wanted = ", ".join(f'mean("{name}") AS "{name}"' for name in fields)
    where, steps = _where(store, measurement, owners, span), f", time({step}ns) fill(none)"
    return _in_order(_answered(store, measurement, f"SELECT {wanted}", where, fields, steps))


def _where(store: InfluxStore, measurement: Measurement, owners: Sequence[str], span: tuple[int, int]) -> str:
    """The condition for the rows of some owners, or of all where none is named."""
    where = f"time >= {span[0]} AND time < {span[1]}"
    if not owners:
        return where
    names = (store.name_of(name).translate(ESCAPE) for name in owners)
    return f"{where} AND (" + " OR ".join(f"\"{measurement.owner}\" = '{name}'" for name in names) + ")"


def _in_order(answer: Answer) -> Answer:
    """The same rows in order of time; the server gives them owner by owner."""
    order = answer.time.argsort(kind="stable").tolist()
    cells: dict[str, Sequence[object]] = {name: [column[row] for row in order] for name, column in answer.cells.items()}
    return Answer([answer.owners[row] for row in order], answer.time[order], cells)


def _answered(
    store: InfluxStore, measurement: Measurement, select: str, where: str, fields: Sequence[str], steps: str = ""
) -> Answer:
    """The rows of a question, owner by owner; rows without an owner are those of another program."""
    owner = measurement.owner
    tables = store.query(f'{select} FROM "{measurement.name}" WHERE {where} GROUP BY "{owner}"{steps}')
    rows = [[table.tags[owner], *row] for table in tables if table.tags.get(owner) for row in _cells(store, table, fields)]
    return of_rows(rows, fields)


def _cells(store: InfluxStore, table: Rows, fields: Sequence[str]) -> list[list[object]]:
    """Time and fields of each row; None for a column that the answer lacks.

    Raises:
        StoreDenied: a row has other columns than its table, or no time in whole nanoseconds.
    """
    index = {name: column for column, name in enumerate(table.columns)}
    wanted = [index.get(name) for name in (TIME, *fields)]
    clock = index.get(TIME)
    for row in table.values:
        moment = row[clock] if clock is not None and len(row) == len(table.columns) else None
        if not isinstance(moment, int) or abs(moment) >= 1 << 63:
            raise no_influxdb(store.url, "expected rows with a time in whole nanoseconds from /query")
    return [[None if column is None else row[column] for column in wanted] for row in table.values]

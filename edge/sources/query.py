"""A database by one SELECT of the user's that gives series, time and value."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from edge.contract.columns import Readings, SeriesTable
from edge.contract.times import NANOSECONDS, SECOND
from edge.errors import StoreDenied
from edge.quoting import quoted
from edge.sources.notes import Notes
from edge.sources.rows import NO_TIME, Database, Row, RowReader, time_unit
from edge.sources.settings import HistorySource

MARGIN = timedelta(days=2)  # beyond any zone; what is too much is left out here


class QuerySource:
    """The rows of a query as readings.

    Args:
        database: database that answers it.
        settings: section of the configuration.
        query: a SELECT with the columns `series`, `time` and `value`.
    """

    def __init__(self, database: Database, settings: HistorySource, query: str) -> None:
        self.settings, self.notes = settings, Notes()
        self._database, self._query = database, query.strip().rstrip(";")
        self._reader = RowReader(settings, self.notes)

    def span(self) -> tuple[int, int] | None:
        """As `Source.span`."""
        for _ in self._database.pages(f"SELECT series, time, value FROM ({self._query}) AS history WHERE 1 = 0"):
            pass  # a column that is missing is named at once
        ends = self._ends()
        if ends[1] is None:
            return None
        unit = time_unit(self.settings, ends[1])
        first, last = (int(time) for time in RowReader(self.settings, Notes()).times(ends, unit))
        strange = [cell for cell, time in zip(ends, (first, last), strict=True) if time == NO_TIME]
        if strange:
            raise StoreDenied(
                f"{self.settings.label}: the column time holds {quoted(str(strange[0]))}, which is no time; give ISO 8601, a "
                "timestamp or a Unix number, or name time_unit; or leave such rows out with a WHERE in query"
            )
        return first, last

    def readings(self, start: int, stop: int, series: SeriesTable) -> Iterator[Readings]:
        """As `Source.readings`."""
        newest = self._ends()[1]
        if newest is None:
            return
        unit = time_unit(self.settings, newest)
        self._reader.begin()
        query = f"SELECT series, time, value FROM ({self._query}) AS history{_within(newest, unit, start, stop)} ORDER BY time"
        for rows in self._database.pages(query):
            page = self._reader.readings(rows, unit, series)
            yield page.take((page.time >= start) & (page.time < stop))

    def close(self) -> None:
        """As `Source.close`."""
        self._database.close()

    def _ends(self) -> Row:
        """The first and the last time as the database gives them."""
        answer: Sequence[Row] = next(iter(self._database.pages(f"SELECT min(time), max(time) FROM ({self._query}) AS history")))
        return answer[0]


def _within(newest: object, unit: str, start: int, stop: int) -> str:
    """The condition for a span of time, in the way in which the column has its times; a little wider where that is simpler.

    Args:
        newest: a time of the column.
        unit: unit of times that are numbers.
        start: first moment, ns UTC.
        stop: moment after the last one, ns UTC.
    """
    if isinstance(newest, int | float | Decimal) and unit in NANOSECONDS:
        scale = NANOSECONDS[unit]
        return f" WHERE time >= {start // scale} AND time < {-(-stop // scale)}"
    if isinstance(newest, str) and not (newest[:4].isdigit() and newest[4:5] == "-"):
        return ""  # a spelling whose order is not known
    first, last = (_day(moment) + margin for moment, margin in ((start, -MARGIN), (stop, MARGIN)))
    return f" WHERE time >= '{first}' AND time < '{last}'"


def _day(moment: int) -> date:
    """The day of a moment in UTC, within those that every database knows."""
    seconds = min(max(moment // SECOND, 0), 4_102_444_800)
    return datetime.fromtimestamp(seconds, UTC).date()

"""A SELECT of the user's, asked for a span of time only."""

from collections.abc import Iterator, Sequence

import pytest

from edge.contract.times import SECOND
from edge.sources.query import QuerySource
from edge.sources.rows import Row
from edge.sources.settings import HistorySource
from tests.support.sources import START, read


class Asked:
    """A database that has one reading and remembers what it was asked."""

    def __init__(self, time: object) -> None:
        self.queries: list[str] = []
        self._time = time

    def pages(self, query: str) -> Iterator[Sequence[Row]]:
        """As `Database.pages`."""
        self.queries.append(query)
        yield [(self._time, self._time)] if "min(time)" in query else [("a", self._time, 1.0)]

    def tables(self) -> list[str]:
        """As `Database.tables`."""
        return []

    def columns(self, table: str) -> list[str]:
        """As `Database.columns`."""
        raise AssertionError(table)

    def close(self) -> None:
        """As `Database.close`."""


@pytest.mark.parametrize(
    ("time", "condition"),
    [
        (START, f"WHERE time >= {START} AND time < {START + 2}"),
        (START * 1000, f"WHERE time >= {START * 1000} AND time < {START * 1000 + 1001}"),
        ("2026-01-01 00:00:00", "WHERE time >= '2025-12-30' AND time < '2026-01-03'"),
        ("20260101T000000", "AS history ORDER"),
    ],
)
def test_only_a_span_of_time_is_asked_for(time: object, condition: str) -> None:
    """In the way in which the column has its times; of texts some days more, as their zone is not known to the database."""
    database = Asked(time)
    source = QuerySource(database, HistorySource("sqlite:///a", query="SELECT 1;"), "SELECT 1;")
    assert read(source, START * SECOND, (START + 1) * SECOND + 1) == {"a": [(0, 1.0)]}
    assert condition in database.queries[-1]
    assert "FROM (SELECT 1) AS history" in database.queries[-1]

"""Cells of a database as times and numbers (kinds: a number is taken for a time; a local time without zone)."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from edge.contract.times import SECOND
from edge.sources.notes import Notes
from edge.sources.rows import NO_TIME, RowReader, time_unit
from edge.sources.settings import HistorySource
from tests.support.sources import START

BERLIN = HistorySource("postgresql://db/a", query="SELECT 1", timezone="Europe/Berlin")


@pytest.mark.parametrize(
    ("cells", "seconds"),
    [
        ([datetime.fromtimestamp(START, UTC), datetime.fromtimestamp(START, timezone(timedelta(hours=5)))], [0, 0]),
        ([datetime.fromtimestamp(START + 0.25, UTC).replace(tzinfo=None)], [-3599.75]),
        ([date(2026, 1, 1), None], [-3600, None]),
        (["2026-01-01T01:00:00", "2026-01-01 02:00:00"], [0, 3600]),
        (["2026-01-01T01:00:00.5", "2026-01-01T00:00:00Z"], [0.5, 0]),
        ([Decimal(f"{START}.5"), START + 1, START + 1.5], [0.5, 1, 1.5]),
        (["soon", "2026-13-01T00:00:00"], [None, None]),
    ],
)
def test_times_of_every_type(cells: list[object], seconds: list[float | None]) -> None:
    """Local ones are those of Berlin; what is none is left out."""
    expected = [NO_TIME if second is None else START * SECOND + round(second * SECOND) for second in seconds]
    assert RowReader(BERLIN, Notes()).times(cells, time_unit(BERLIN, START)).tolist() == expected


def test_the_unit_of_a_column_is_that_of_its_newest_time() -> None:
    """Or the configured one."""
    assert [time_unit(BERLIN, newest) for newest in (START, START * 1000, Decimal(START), "2026-01-01")] == [
        "s",
        "ms",
        "s",
        "auto",
    ]
    assert time_unit(HistorySource("sqlite:///a", time_unit="us"), START) == "us"

"""What the tests of sources of history have in common."""

from edge.contract.columns import Readings, SeriesTable
from edge.contract.times import SECOND
from edge.sources.source import Source

START = 1_767_225_600  # 2026-01-01, Unix seconds
ALL = (0, 1 << 62)


def read(source: Source, start: int = ALL[0], stop: int = ALL[1]) -> dict[str, list[tuple[float, float]]]:
    """Readings of a source by series: seconds after START, and value; in order of time."""
    series = SeriesTable()
    readings = Readings.concatenate(list(source.readings(start, stop, series)))
    assert (readings.time[1:] >= readings.time[:-1]).all()
    rows: dict[str, list[tuple[float, float]]] = {}
    for owner, time, value in zip(readings.series.tolist(), readings.time.tolist(), readings.value.tolist(), strict=True):
        rows.setdefault(series.names[owner], []).append(((time - START * SECOND) / SECOND, value))
    return rows

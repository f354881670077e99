"""Unit and kind of series as rows for the store, so that whoever looks at it knows what the numbers are."""

import numpy as np

from edge.contract.columns import Int32, Points, Readings, SeriesTable
from edge.contract.meaning import Meaning
from edge.contract.schema import COUNTER, HOLD, KIND, MEANING, UNIT
from edge.contract.times import DAY, SECOND

NEVER = np.iinfo(np.int64).min


class Descriptions:
    """Says once a day what is known of a series, beside the first reading of the day.

    A row stands at the beginning of its day, so a repetition changes nothing, and a store that forgets old rows has new ones.

    Args:
        series: table that has the meanings.
    """

    def __init__(self, series: SeriesTable) -> None:
        self._series = series
        self._day = np.full(0, NEVER)  # newest day that was described, of every series

    def rows(self, readings: Readings) -> list[Points]:
        """The rows that belong beside these readings; none of series of which nothing is known."""
        if len(self._day) < len(self._series):
            self._day = np.append(self._day, np.full(len(self._series) - len(self._day), NEVER))
        day = readings.time // DAY
        new = day > self._day[readings.series]
        if not new.any():
            return []
        np.maximum.at(self._day, readings.series[new], day[new])
        told: dict[Meaning, list[int]] = {}
        for index in np.unique(readings.series[new]).tolist():
            meaning = self._series.meanings[index]
            if meaning is not None:
                told.setdefault(meaning, []).append(index)
        return [self._points(np.asarray(rows, np.int32), meaning) for meaning, rows in told.items()]

    def _points(self, series: Int32, meaning: Meaning) -> Points:
        counter = np.full(len(series), int(meaning.kind == "counter"))
        hold = np.full(len(series), meaning.hold / SECOND)
        return Points(
            MEANING,
            series,
            self._day[series] * DAY,
            {UNIT.name: meaning.unit, KIND.name: meaning.kind, COUNTER.name: counter, HOLD.name: hold},
        )

"""Unit and kind of series as rows for the store, so that whoever looks at it knows what the numbers are."""

import numpy as np

from edge.contract.columns import Points, Readings, SeriesTable
from edge.contract.meaning import GAUGE, Meaning
from edge.contract.schema import KIND, MEANING, UNIT
from edge.contract.times import DAY

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
            if meaning is not None and meaning != GAUGE:
                told.setdefault(meaning, []).append(index)
        return [
            Points(
                MEANING, np.asarray(rows, np.int32), self._day[rows] * DAY, {UNIT.name: meaning.unit, KIND.name: meaning.kind}
            )
            for meaning, rows in told.items()
        ]

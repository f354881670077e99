"""The newest readings as they came in, by which a repetition is known from a new reading. No I/O."""

import numpy as np

from edge.contract.columns import Bool, Float64, Int32, Int64, Readings

REMEMBERED = 65_536  # more readings than any broker keeps in flight
REMEMBERED_BATCHES = 64


class Recent:
    """The last 65,536 readings of a fleet, in order of arrival.

    Args:
        batches: the readings in parts, the oldest first.
    """

    def __init__(self, batches: list[Readings] | None = None) -> None:
        self._batches = [] if batches is None else batches
        self.has_all = batches is None  # whether none was forgotten since windows were empty
        self.added = 0  # readings that were added to these, the forgotten ones included

    @property
    def readings(self) -> Readings:
        """All that is remembered, in order of arrival."""
        return Readings.concatenate(self._batches)

    def add(self, readings: Readings) -> None:
        """Remember these too, and forget the oldest beyond the limit."""
        self._batches.append(readings)
        self.added += len(readings)
        if len(self._batches) > REMEMBERED_BATCHES or sum(map(len, self._batches)) > REMEMBERED + REMEMBERED // 4:
            self.has_all = self.has_all and sum(map(len, self._batches)) <= REMEMBERED
            self._batches = [self.readings.take(slice(-REMEMBERED, None))]

    def since(self, first: Int64, interval: int) -> "Recent":
        """What is remembered of an interval and those after it.

        Args:
            first: number of that interval, of each series by its index.
            interval: length of an interval, ns.
        """
        return Recent([part.take(part.time // interval >= first[part.series]) for part in self._batches])

    def keep(self, series: Int32) -> None:
        """Keep the readings of some series alone, each under its place among these."""
        self._batches = [self.readings.among(series)]

    def of(self, series: Int32) -> Readings:
        """All that is remembered of these series, in order of arrival."""
        return Readings.concatenate([part.take(np.isin(part.series, series)) for part in self._batches])

    def replaced(self, rows: Readings, known: Bool, first: Bool) -> Float64:
        """The value that each row replaces, float64 `[n]`; NaN where its series and time are new.

        Args:
            rows: readings sorted by series, in order of arrival within a series.
            known: rows whose time may be remembered, bool `[n]`.
            first: first row of each series, bool `[n]`.
        """
        rising = (rows.time[1:] > rows.time[:-1]) | first[1:]
        if rising.all() and not known.any():
            return np.full(len(rows), np.nan)
        owners, earliest = rows.series[known], rows.time.min()
        parts = [part.take(np.isin(part.series, owners) & (part.time >= earliest)) for part in self._batches]
        return replaced(Readings.concatenate(parts), rows)


def replaced(remembered: Readings, rows: Readings) -> Float64:
    """The value that each row replaces, of what is remembered or of a row before it, float64 `[n]`; NaN where none.

    Args:
        remembered: readings that came in before, in order of arrival.
        rows: further readings in order of arrival.
    """
    if not len(rows):
        return rows.value
    both = Readings.concatenate([remembered, rows])
    order: Int64 = np.lexsort((both.time, both.series))
    ordered = both.take(order)
    again = np.append(False, (ordered.series[1:] == ordered.series[:-1]) & (ordered.time[1:] == ordered.time[:-1]))
    values = np.full(len(both), np.nan)
    values[order[again]] = ordered.value[np.flatnonzero(again) - 1]
    return values[len(remembered) :]

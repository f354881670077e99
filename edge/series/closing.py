"""What closes: windows of series whose intervals have ended, by readings or by the clock. No I/O."""

from dataclasses import dataclass

import numpy as np

from edge.contract.columns import Bool, Float64, Int32, Int64


@dataclass(frozen=True, slots=True)
class Closed:
    """One row per moment at which intervals of a series closed; rows of one series come in order of time.

    Args:
        series: index of the series, int32 `[n]`.
        origin: end of the newest closed interval, ns UTC, int64 `[n]`.
        windows: float64 `[n, window]`, newest last, NaN for missing.
        advanced: number of intervals that closed at that moment, int64 `[n]`; their values are the last ones of the window.
    """

    series: Int32
    origin: Int64
    windows: Float64
    advanced: Int64

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.series)


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of a batch of readings.

    Args:
        closed: the windows that closed, in order of time per series.
        fresh: False for rows that repeat a known series, time and value, bool `[n]`.
        late: number of readings of closed intervals that repaired the window.
        too_late: number of readings of intervals that no later window can hold; they changed nothing.
    """

    closed: Closed
    fresh: Bool
    late: int
    too_late: int


def join(parts: list[Closed]) -> Closed:
    """Rows of all parts, in their order."""
    filled = [part for part in parts if len(part)] or parts[:1]
    if len(filled) == 1:
        return filled[0]
    return Closed(*(np.concatenate([getattr(part, name) for part in filled]) for name in Closed.__slots__))

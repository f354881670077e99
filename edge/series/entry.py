"""One batch as the spool's journal keeps it."""

import math
from dataclasses import dataclass

import msgspec
import numpy as np

from edge.contract.columns import Float64, Readings

NO_FORECASTS: Float64 = np.zeros((0, 0, 0))


@dataclass(frozen=True, slots=True)
class Entry:
    """One batch, enough to go through state and scoring again.

    Args:
        readings: readings in order of arrival.
        now: time of the clock after the readings, ns UTC, or None where the clock closed nothing.
        forecasts: result of `Scoring.at_leads`, `[closed, leads, quantiles + 1]`.
    """

    readings: Readings
    now: int | None
    forecasts: Float64

    def encode(self) -> bytes:
        """Bytes for the journal."""
        columns = (self.readings.series, self.readings.time, self.readings.value, self.forecasts)
        return msgspec.msgpack.encode((self.now, self.forecasts.shape, [column.tobytes() for column in columns]))

    @classmethod
    def decode(cls, data: bytes) -> "Entry":
        """What `encode` wrote."""
        now, shape, columns = msgspec.msgpack.decode(data, type=tuple[int | None, tuple[int, int, int], list[bytes]])
        series, time, value = (np.frombuffer(c, t) for c, t in zip(columns, (np.int32, np.int64, np.float64), strict=False))
        return cls(Readings(series, time, value), now, floats(columns[3], math.prod(shape)).reshape(shape))


def floats(data: bytes, count: int) -> Float64:
    """So many numbers, float64 `[count]`; an agent of an earlier version wrote them as float32."""
    written = np.float32 if len(data) == 4 * count else np.float64
    return np.frombuffer(data, written).astype(np.float64, copy=False)

"""One batch as the spool's journal keeps it."""

from dataclasses import dataclass

import msgspec
import numpy as np

from edge.contract.columns import Float32, Readings

NO_FORECASTS: Float32 = np.zeros((0, 0, 0), np.float32)


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
    forecasts: Float32

    def encode(self) -> bytes:
        """Bytes for the journal."""
        columns = (self.readings.series, self.readings.time, self.readings.value, self.forecasts)
        return msgspec.msgpack.encode((self.now, self.forecasts.shape, [column.tobytes() for column in columns]))

    @classmethod
    def decode(cls, data: bytes) -> "Entry":
        """What `encode` wrote."""
        now, shape, columns = msgspec.msgpack.decode(data, type=tuple[int | None, tuple[int, int, int], list[bytes]])
        series, time, value = (np.frombuffer(c, t) for c, t in zip(columns, (np.int32, np.int64, np.float64), strict=False))
        return cls(Readings(series, time, value), now, np.frombuffer(columns[3], np.float32).reshape(shape))

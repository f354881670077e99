"""What the spool keeps of the series: each batch in its journal, and the parts of a snapshot."""

import math
from dataclasses import dataclass

import msgspec
import numpy as np

from edge.contract.columns import Float64, Int64, Readings
from edge.contract.contract import Contract
from edge.contract.meaning import Kind

NO_FORECASTS: Float64 = np.zeros((0, 0, 0))
DUMPED, PART = 1024, 1 << 20  # series, and bytes, in one part of a dump: a snapshot needs several times as much memory


class Head(msgspec.Struct, array_like=True):
    """The first part of a dumped state; `told` has index, kind and hold of the series that are no plain gauges."""

    contract: Contract
    lateness: int
    series: int
    told: list[tuple[int, Kind, int]] = []


def dumped(size: int) -> int:
    """Number of series in a part of a dump, by the bytes of a series."""
    return max(1, min(DUMPED, PART // size))


@dataclass(frozen=True, slots=True)
class Entry:
    """One batch, enough to go through state and scoring again.

    Args:
        readings: readings in order of arrival.
        now: time of the clock after the readings, ns UTC, or None where the clock closed nothing.
        forecasts: result of `Scoring.at_leads`, `[closed, leads, quantiles + 1]`.
        waits: whether the readings do not count yet: they are stored, and wait for history. They count in later entries.
    """

    readings: Readings
    now: int | None
    forecasts: Float64
    waits: bool = False

    def encode(self) -> bytes:
        """Bytes for the journal."""
        columns = (self.readings.series, self.readings.time, self.readings.value, self.forecasts)
        # One more column, which has nothing: an agent of an earlier version reads past it, and lets the readings count at once.
        more = [b""] if self.waits else []
        return msgspec.msgpack.encode((self.now, self.forecasts.shape, [*(column.tobytes() for column in columns), *more]))

    @classmethod
    def decode(cls, data: bytes) -> "Entry":
        """What `encode` wrote."""
        now, shape, columns = msgspec.msgpack.decode(data, type=tuple[int | None, tuple[int, int, int], list[bytes]])
        series, time, value = (np.frombuffer(c, t) for c, t in zip(columns, (np.int32, np.int64, np.float64), strict=False))
        forecasts = floats(columns[3], math.prod(shape)).reshape(shape)
        return cls(Readings(series, time, value), now, forecasts, waits=len(columns) > 4)

    @classmethod
    def waiting(cls, readings: Readings) -> "Entry":
        """An entry of readings that do not count yet."""
        return cls(readings, None, NO_FORECASTS, waits=True)


def floats(data: bytes, count: int) -> Float64:
    """So many numbers, float64 `[count]`; an agent of an earlier version wrote them as float32."""
    written = np.float32 if len(data) == 4 * count else np.float64
    return np.frombuffer(data, written).astype(np.float64, copy=False)


def integers(data: bytes, count: int) -> Int64:
    """So many whole numbers, int64 `[count]`, of the width in which they were written."""
    return np.frombuffer(data, f"i{len(data) // count}").astype(np.int64, copy=False)

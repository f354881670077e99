"""What both sides agree on: the time grid, the shape of a forecast, and the columns data travels in.

Readings, forecasts and scores travel in columns, never one by one. A series is an index into a
`SeriesTable`, a time is an int64 of nanoseconds since 1970 in UTC, and absence is NaN.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, TypeAlias, cast, get_args

import numpy as np
import numpy.typing as npt

from edge.errors import ConfigurationError

Float32: TypeAlias = npt.NDArray[np.float32]
Float64: TypeAlias = npt.NDArray[np.float64]
Int32: TypeAlias = npt.NDArray[np.int32]
Int64: TypeAlias = npt.NDArray[np.int64]
Bool: TypeAlias = npt.NDArray[np.bool_]

Aggregation: TypeAlias = Literal["mean", "last", "sum", "min", "max"]

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
LONGEST = 36_525 * DAY  # a hundred years: anything beyond is a slip, and would leave int64 before long
MOST_QUANTILES = 99  # of a forecast; each is a column in the store
SHORTEST_INTERVAL = 1_000_000  # ns
UNITS = {
    "ns": 1, "us": 1_000, "ms": 1_000_000, "s": SECOND, "min": 60 * SECOND, "h": 3600 * SECOND, "d": DAY,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Contract:
    """What a forecast is made from and what it says; it reaches the device inside the bundle.

    Args:
        interval: length of a grid interval in nanoseconds; intervals are half-open `[k·interval, (k+1)·interval)`,
            aligned to the Unix epoch in UTC and labelled by their start.
        window: closed intervals a forecast looks back on.
        horizon: intervals a forecast looks ahead; lead h = 1…horizon is `[origin + (h-1)·interval, origin + h·interval)`.
        quantiles: levels in ascending order, an odd number of them with 0.5 in the middle.
        aggregation: how the readings of one interval become one value.
        max_missing: share of the window that may be NaN before the baseline forecasts instead of the model.

    Raises:
        ConfigurationError: a value out of range.
    """

    interval: int
    window: int
    horizon: int
    quantiles: tuple[float, ...] = (0.1, 0.5, 0.9)
    aggregation: Aggregation = "mean"
    max_missing: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what no forecast can be made of."""
        if self.interval < 1 or self.window < 1 or self.horizon < 1:
            message = (
                "interval, window and horizon must be at least 1, "
                f"got interval={self.interval} ns, window={self.window}, horizon={self.horizon}"
            )
            raise ConfigurationError(message)
        levels = self.quantiles
        if (
            list(levels) != sorted(set(levels))
            or not all(0 < level < 1 for level in levels)
            or len(levels) % 2 == 0
            or levels[len(levels) // 2] != 0.5
        ):
            message = f"quantiles must ascend within 0…1 with 0.5 in the middle, such as [0.1, 0.5, 0.9]; got {list(levels)}"
            raise ConfigurationError(message)
        if self.aggregation not in get_args(Aggregation):
            message = f"aggregation must be one of {', '.join(get_args(Aggregation))}; got {self.aggregation!r}"
            raise ConfigurationError(message)
        if not 0 <= self.max_missing <= 1:
            message = f"max_missing is a share between 0 and 1; got {self.max_missing}"
            raise ConfigurationError(message)

    @property
    def median(self) -> int:
        """Position of the 0.5 quantile."""
        return len(self.quantiles) // 2

    @property
    def words(self) -> str:
        """Interval, window and horizon for people: `interval 15min, looks back 7d, ahead 1d`."""
        back, ahead = (format_duration(count * self.interval) for count in (self.window, self.horizon))
        return f"interval {format_duration(self.interval)}, looks back {back}, ahead {ahead}"

    def season(self, days: int = 1) -> int | None:
        """Intervals in that many days, or None where they are not a whole number of at least two."""
        steps, rest = divmod(days * DAY, self.interval)
        return None if rest or steps < 2 else steps


def quantile_name(level: float) -> str:
    """Field name of a quantile: 0.1 is `q10`, 0.025 is `q2_5`."""
    return "q" + f"{level * 100:.6g}".replace(".", "_")


def parse_duration(text: str, *, shortest: int = 1) -> int:
    """Nanoseconds of `15min`, `1h`, `30s`, `7d`, `500ms`.

    Raises:
        ConfigurationError: not a whole number and a unit, below `shortest` ns, or above a hundred years.
    """
    match = re.fullmatch(r"\s*(\d{1,19})\s*([a-z]+)\s*", text)
    if not match or match[2] not in UNITS or not shortest <= int(match[1]) * UNITS[match[2]] <= LONGEST:
        message = f"{text!r} is no duration; write a whole number and one of {', '.join(UNITS)}, such as 15min"
        raise ConfigurationError(message)
    return int(match[1]) * UNITS[match[2]]


def format_duration(nanoseconds: int) -> str:
    """The shortest text `parse_duration` reads back as the same length of time."""
    for unit, size in reversed(UNITS.items()):
        if nanoseconds % size == 0:
            return f"{nanoseconds // size}{unit}"
    raise AssertionError


def iso(time: int) -> str:
    """A moment as people write it, in UTC, to the second."""
    return f"{datetime.fromtimestamp(time // SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}"


class SeriesTable:
    """Names and tags of the series, each resolved once; all columns hold the index given here.

    An index never changes and is never reused, so it may be kept as long as the table lives.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names: list[str] = []
        self.tags: list[dict[str, str]] = []
        self._index: dict[str, int] = {}
        for name in names:
            self.add(name)

    def __len__(self) -> int:
        """Number of series."""
        return len(self.names)

    def get(self, name: str) -> int | None:
        """Index of a series, or None where it is not known."""
        return self._index.get(name)

    def add(self, name: str, tags: dict[str, str] | None = None) -> int:
        """Index of a series, which is added where it is not known; tags count at the first call only, and are kept as given."""
        index = self._index.get(name)
        if index is None:
            index = self._index[name] = len(self.names)
            self.names.append(name)
            self.tags.append({} if tags is None else tags)
        return index


@dataclass(frozen=True, slots=True)
class Readings:
    """Measured values in order of arrival.

    Args:
        series: index of the series, int32 `[n]`.
        time: moment of the measurement, ns UTC, int64 `[n]`.
        value: in the sensor's own unit, float64 `[n]`.
    """

    series: Int32
    time: Int64
    value: Float64

    def __len__(self) -> int:
        """Number of readings."""
        return len(self.time)

    @classmethod
    def of(cls, series: Sequence[int], time: Sequence[int], value: Sequence[float]) -> "Readings":
        """Columns made of any sequences."""
        return cls(np.asarray(series, np.int32), np.asarray(time, np.int64), np.asarray(value, np.float64))

    @classmethod
    def empty(cls) -> "Readings":
        """No reading at all."""
        return cls.of([], [], [])

    @classmethod
    def concatenate(cls, parts: Sequence["Readings"]) -> "Readings":
        """All parts, one after the other."""
        if not parts:
            return cls.empty()
        return cls(
            np.concatenate([part.series for part in parts]),
            np.concatenate([part.time for part in parts]),
            np.concatenate([part.value for part in parts]),
        )

    def take(self, rows: Int64 | Bool | slice) -> "Readings":
        """The chosen rows, in the order given."""
        return Readings(self.series[rows], self.time[rows], self.value[rows])


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Forecasts made by one forecaster.

    Args:
        series: index of the series, int32 `[n]`.
        origin: end of the last closed interval, ns UTC, int64 `[n]`.
        values: in the sensor's own unit, float32 `[n, horizon, quantiles]`.
        model: version of the bundle, or name of the baseline, that made them.
    """

    series: Int32
    origin: Int64
    values: Float32
    model: str

    def __len__(self) -> int:
        """Number of forecasts."""
        return len(self.origin)


@dataclass(frozen=True, slots=True)
class Scores:
    """How good earlier forecasts were, one row per forecast and lead whose interval has closed.

    Args:
        series: int32 `[n]`.
        target: start of the forecast interval, ns UTC, int64 `[n]`.
        lead: 1…horizon, int32 `[n]`.
        error: forecast median minus fact, float64 `[n]`.
        absolute_error: its absolute value, float64 `[n]`.
        pinball: mean quantile loss over the levels, float64 `[n]`.
        covered: 1.0 where the fact lies within the outermost quantiles, else 0.0; NaN without an interval.
        baseline_absolute_error: of the seasonal-naive forecast from the same origin, float64 `[n]`.
    """

    series: Int32
    target: Int64
    lead: Int32
    error: Float64
    absolute_error: Float64
    pinball: Float64
    covered: Float64
    baseline_absolute_error: Float64

    def __len__(self) -> int:
        """Number of scores."""
        return len(self.target)


@dataclass(frozen=True, slots=True)
class Points:
    """Rows for or from the store: one measurement, columns of equal length.

    Args:
        measurement: `reading`, `forecast`, `forecast_lead`, `forecast_score` or `agent`.
        series: index into the series table, int32 `[n]`.
        time: ns UTC, int64 `[n]`.
        fields: name to column: a float or int array, or one text for all rows.
        lead: int32 `[n]` for the measurements with a lead tag, else None.
    """

    measurement: str
    series: Int32
    time: Int64
    fields: dict[str, Float64 | Float32 | Int64 | Int32 | str] = field(default_factory=dict)
    lead: Int32 | None = None

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.time)

    @classmethod
    def of_readings(cls, readings: Readings) -> "Points":
        """The rows that readings become in the store, in their order."""
        return cls("reading", readings.series, readings.time, {"value": readings.value})

    def take(self, rows: slice) -> "Points":
        """The chosen rows, in the order given."""
        fields = {name: column if isinstance(column, str) else column[rows] for name, column in self.fields.items()}
        lead = None if self.lead is None else self.lead[rows]
        return Points(self.measurement, self.series[rows], self.time[rows], fields, lead)


def combine(aggregation: Aggregation, value: Float64, starts: Int64) -> Float64:
    """One value per group of consecutive values.

    Args:
        aggregation: how; `last` takes the last of each group, so groups are in order of time.
        value: float64 `[n]`, finite.
        starts: position where each group begins, int64 `[groups]`.
    """
    if aggregation == "last":
        return cast("Float64", value[np.append(starts[1:], len(value)) - 1])
    if aggregation in ("min", "max"):
        return cast("Float64", (np.minimum if aggregation == "min" else np.maximum).reduceat(value, starts))
    total = cast("Float64", np.add.reduceat(value, starts))
    return total / np.diff(np.append(starts, len(value))) if aggregation == "mean" else total


def group_starts(*keys: Int64 | Int32) -> Int64:
    """Positions where any of the sorted key columns changes, int64 `[groups]`."""
    changed = np.zeros(len(keys[0]), bool)
    changed[:1] = True
    for key in keys:
        changed[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(changed)


def aggregate(readings: Readings, interval: int, aggregation: Aggregation) -> tuple[Int32, Int64, Float64]:
    """Readings on the grid: series, interval number and value of every interval that holds a reading.

    Rows come sorted by series and interval. Of several readings of the same series and time the last one counts;
    values that are not finite do not count at all.

    Args:
        readings: in any order.
        interval: ns.
        aggregation: how the readings of one interval become one value.

    Returns:
        series int32 `[cells]`, interval number (time // interval) int64 `[cells]`, value float64 `[cells]`.
    """
    readings = readings.take(np.isfinite(readings.value))
    if not len(readings):
        return readings.series, readings.time, readings.value
    order = np.lexsort((readings.time, readings.series))  # stable: of equal times the last to arrive comes last
    ordered = readings.take(order)
    superseded = (ordered.series[1:] == ordered.series[:-1]) & (ordered.time[1:] == ordered.time[:-1])
    ordered = ordered.take(np.append(~superseded, True))
    number = ordered.time // interval
    starts = group_starts(ordered.series, number)
    return ordered.series[starts], number[starts], combine(aggregation, ordered.value, starts)

"""The columns that data travels in: readings, forecasts, scores, rows for a store, and the table of series."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from edge.contract.meaning import Meaning
from edge.contract.schema import FORECAST_SCORE, READING, VALUE, Measurement
from edge.contract.times import EARLIEST, LATEST

SHRUNK = 1024  # series that are moved at once
Float32: TypeAlias = npt.NDArray[np.float32]
Float64: TypeAlias = npt.NDArray[np.float64]
Int32: TypeAlias = npt.NDArray[np.int32]
Int64: TypeAlias = npt.NDArray[np.int64]
Whole: TypeAlias = npt.NDArray[np.integer[Any]]  # of any width
Bool: TypeAlias = npt.NDArray[np.bool_]


class SeriesTable:
    """Names, tags and meanings of the series, each resolved once; all columns hold the index given here.

    An index never changes and is never reused, so it may be kept as long as the table lives. `keep` is for the end of an agent,
    when nobody has one any more.

    Args:
        names: names of the first series.
        meaning: function that gives the meaning of a series by its name, or None where nobody knows.
    """

    def __init__(self, names: Iterable[str] = (), meaning: Callable[[str], Meaning | None] = lambda _: None) -> None:
        self.names: list[str] = []
        self.tags: list[dict[str, str]] = []
        self.meanings: list[Meaning | None] = []
        self.corrections = 0
        self._meaning = meaning
        self._index: dict[str, int] = {}
        for name in names:
            self.add(name)

    def __len__(self) -> int:
        """Number of series."""
        return len(self.names)

    def get(self, name: str) -> int | None:
        """Index of a series, or None where it is not known."""
        return self._index.get(name)

    def meaning_of(self, name: str) -> Meaning | None:
        """Meaning of a series by its name, whether it is in the table or not; None where nobody knows."""
        index = self._index.get(name)
        return self._meaning(name) if index is None else self.meanings[index]

    def correct(self, index: int, meaning: Meaning | None) -> None:
        """Take what the rule says by which a series gets its readings; `corrections` counts what was known otherwise."""
        if meaning is not None and meaning != self.meanings[index]:
            self.meanings[index] = meaning
            self.corrections += 1

    def add(self, name: str, tags: dict[str, str] | None = None, meaning: Meaning | None = None) -> int:
        """Index of a series, which is added where it is not known; tags and meaning count at the first call only.

        Args:
            name: name of the series.
            tags: its tags, which are kept as given.
            meaning: meaning of its readings; None: what its name says.
        """
        index = self._index.get(name)
        if index is None:
            index = self._index[name] = len(self.names)
            self.names.append(name)
            self.tags.append({} if tags is None else tags)
            self.meanings.append(self._meaning(name))
            self.correct(index, meaning)
        return index

    def keep(self, series: Int32) -> None:
        """Keep some of the series alone, in their order; each gets its place among these as its index.

        Args:
            series: index of each, int32 `[n]`.
        """
        kept = series.tolist()
        self.names, self.tags = [self.names[index] for index in kept], [self.tags[index] for index in kept]
        self.meanings = [self.meanings[index] for index in kept]
        self._index = {name: index for index, name in enumerate(self.names)}


class ChosenSeries(SeriesTable):
    """A table of some series for reading: all others have the first index behind them, and take no memory.

    Args:
        names: names of the series; each has the index of its place, the first one where a name stands twice.
    """

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__()
        self.names = list(names)
        self._index = {name: index for index, name in reversed([*enumerate(self.names)])}

    def add(self, name: str, tags: dict[str, str] | None = None, meaning: Meaning | None = None) -> int:
        """Index of a series; nothing is added."""
        del tags, meaning
        return self._index.get(name, len(self.names))


@dataclass(frozen=True, slots=True)
class Readings:
    """Measured values in order of arrival.

    Args:
        series: index of the series, int32 `[n]`.
        time: moment of the measurement, ns UTC, int64 `[n]`.
        value: measured value in the sensor's own unit, float64 `[n]`.
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

    @property
    def finite(self) -> Bool:
        """Which rows have a finite value, bool `[n]`."""
        finite: Bool = np.isfinite(self.value)
        return finite

    @property
    def dated(self) -> Bool:
        """Which rows have a time that a right clock can give, between the years 2000 and 2100, bool `[n]`."""
        dated: Bool = (self.time >= EARLIEST) & (self.time < LATEST)
        return dated

    def take(self, rows: Int64 | Bool | slice) -> "Readings":
        """The chosen rows, in the order given."""
        return Readings(self.series[rows], self.time[rows], self.value[rows])

    def among(self, series: Int32) -> "Readings":
        """The readings of some series, each under its place among these.

        Args:
            series: index of each, int32 `[n]`.
        """
        places = np.full(1 + max(series.max(initial=-1), self.series.max(initial=-1)), -1, np.int32)
        places[series] = np.arange(len(series))
        indices = places[self.series]
        return Readings(indices, self.time, self.value).take(indices >= 0)


@dataclass(frozen=True, slots=True)
class Facts:
    """What was measured up to the origins of forecasts; a row for each, NaN where it is missing.

    Args:
        newest: newest value that the window knows, float64 `[n]`.
        lowest: lowest value of the intervals that closed at the origin, which is one as a rule, float64 `[n]`.
        highest: highest value of these, float64 `[n]`.
        age: number of intervals from the end of that of `newest` to the origin, 0 as a rule, int64 `[n]`.
    """

    newest: Float64
    lowest: Float64
    highest: Float64
    age: Int64


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Forecasts made by one forecaster.

    Args:
        series: index of the series, int32 `[n]`.
        origin: end of the last closed interval, ns UTC, int64 `[n]`.
        values: quantiles of the forecast in the sensor's own unit, float64 `[n, horizon, quantiles]`.
        model: version of the bundle, or name of the baseline, that made them.
        facts: values that were measured up to the origins; None where nobody asked.
    """

    series: Int32
    origin: Int64
    values: Float64
    model: str
    facts: Facts | None = None

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
        baseline_absolute_error: absolute error of the seasonal-naive forecast from the same origin, float64 `[n]`.
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
class Outcomes:
    """Earlier forecasts beside their facts, one row per forecast and lead; rows of a series come in order of time and lead.

    Args:
        series: int32 `[n]`.
        number: number of the interval, its start divided by its length, int64 `[n]`.
        lead: 1…horizon, int64 `[n]`.
        fact: value of the interval, float64 `[n]`.
        median: float64 `[n]`.
        quantiles: float64 `[n, quantiles]`, NaN where the forecaster gives none.
    """

    series: Int32
    number: Int64
    lead: Int64
    fact: Float64
    median: Float64
    quantiles: Float64

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.series)

    @classmethod
    def nothing(cls, quantiles: int) -> "Outcomes":
        """No row, of so many quantiles."""
        whole, none = np.zeros(0, np.int64), np.zeros(0)
        return cls(whole.astype(np.int32), whole, whole, none, none, np.zeros((0, quantiles)))

    def take(self, rows: Bool | Int64) -> "Outcomes":
        """Some of the rows."""
        whole, rest = (self.series[rows], self.number[rows], self.lead[rows]), (self.fact[rows], self.median[rows])
        return Outcomes(*whole, *rest, self.quantiles[rows])


@dataclass(frozen=True, slots=True)
class Points:
    """Rows for or from the store: one measurement, columns of equal length.

    Args:
        measurement: kind of the rows.
        series: index into the series table, int32 `[n]`.
        time: ns UTC, int64 `[n]`.
        fields: name to column: a float or int array, or one text for all rows.
        lead: int32 `[n]` for the measurements with a lead tag, else None.
        labels: the further tags of the measurement, the same in all rows.
    """

    measurement: Measurement
    series: Int32
    time: Int64
    fields: dict[str, Float64 | Int64 | Int32 | str] = field(default_factory=dict)
    lead: Int32 | None = None
    labels: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.time)

    @classmethod
    def of_readings(cls, readings: Readings) -> "Points":
        """The rows that readings become in the store, in their order."""
        return cls(READING, readings.series, readings.time, {VALUE.name: readings.value})

    @classmethod
    def of_scores(cls, scores: Scores) -> "Points":
        """The rows that scores become in the store, in their order."""
        fields = {field.name: getattr(scores, field.name) for field in FORECAST_SCORE.fields}
        return cls(FORECAST_SCORE, scores.series, scores.target, fields, scores.lead)

    def readings(self) -> Readings:
        """The readings that these rows are; a value that is missing is NaN."""
        return Readings(self.series, self.time, np.asarray(self.fields[VALUE.name], np.float64))

    def take(self, rows: slice) -> "Points":
        """The chosen rows, in the order given."""
        fields = {name: column if isinstance(column, str) else column[rows] for name, column in self.fields.items()}
        lead = None if self.lead is None else self.lead[rows]
        return Points(self.measurement, self.series[rows], self.time[rows], fields, lead, self.labels)


def extend(column: npt.NDArray[Any], series: int, nothing: float) -> None:
    """Give a column room for more series, in place and in small steps: a copy of all columns doubles the agent's memory.

    Args:
        column: array `[series, ...]` that nothing else refers to.
        series: number of series that must fit.
        nothing: value of the new rows.
    """
    known = len(column)
    if series > known:
        column.resize((max(series, known + known // 64), *column.shape[1:]), refcheck=False)
        column[known:] = nothing


def shrink(column: npt.NDArray[Any], kept: Int32) -> None:
    """Keep the rows of some series alone, in place and in small steps: a copy of all columns doubles the agent's memory.

    Args:
        column: array `[series, ...]` that nothing else refers to.
        kept: indices in rising order, int32 `[n]`.
    """
    for start in range(0, len(kept), SHRUNK):
        rows = kept[start : start + SHRUNK]  # none of them stands before its new place
        column[start : start + len(rows)] = column[rows]
    column.resize((len(kept), *column.shape[1:]), refcheck=False)

"""The newest forecast of each series, until it is sent and after: a newer one takes the room of an older one. No I/O."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.contract.columns import Bool, Forecasts, Int32, Int64, SeriesTable
from edge.contract.contract import Contract
from edge.publish.settings import Publish

Float32: TypeAlias = NDArray[np.float32]


FIRST_ROOM = 64  # series


@dataclass(frozen=True, slots=True)
class Shape:
    """What the forecasts of a table have in common.

    Args:
        interval: length of an interval, ns.
        horizon: number of intervals.
        quantiles: levels that are published, in order.
    """

    interval: int
    horizon: int
    quantiles: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Forecasts that are to be sent.

    Args:
        shape: interval, horizon and quantiles of all of them.
        series: index of each series, int32 `[n]`.
        origin: end of the last closed interval, ns UTC, int64 `[n]`.
        values: quantiles in the unit of the series, float32 `[n, horizon, quantiles]`.
        models: name of the forecaster of each.
    """

    shape: Shape
    series: Int32
    origin: Int64
    values: Float32
    models: list[str]


class Newest:
    """The newest forecast of each series that is published; used by the loop and by the thread that sends.

    Args:
        settings: section `[publish]`.
        series: the table of all series.
        replaced: function called with the number of forecasts that were replaced before they were sent.
    """

    def __init__(self, settings: Publish, series: SeriesTable, replaced: Callable[[int], object] = lambda _: None) -> None:
        self._settings, self._series, self._replaced = settings, series, replaced
        self._lock = threading.Lock()
        self._shape: Shape | None = None
        self._levels: list[int] = []
        self._models: list[str] = []
        self._chosen: Bool = np.zeros(0, bool)  # whether a series is published
        self._is_due: Bool = np.zeros(0, bool)
        self._is_there: Bool = np.zeros(0, bool)
        self._seen: Int64 = np.zeros(0, np.int64)  # origin within one call
        self._origin: Int64 = np.zeros(0, np.int64)
        self._model: Int64 = np.zeros(0, np.int64)
        self._values: Float32 = np.zeros((0, 0, 0), np.float32)
        self._known = 0  # series of the table that were looked at
        self._next = 0  # index from which on the next batch is looked for: every series has its turn

    @property
    def shape(self) -> Shape | None:
        """What all forecasts have in common; None before the first one."""
        return self._shape

    def put(self, forecasts: Sequence[Forecasts], contract: Contract) -> bool:
        """Keep forecasts, the newest of each series, and let them wait to be sent.

        Args:
            forecasts: forecasts that were made together.
            contract: contract under which they were made.

        Returns:
            Whether any of them is published.
        """
        if not any(map(len, forecasts)):
            return False
        with self._lock:
            self._fit(contract)
            for made in forecasts:
                self._seen[made.series] = -1
            waiting = int(np.count_nonzero(self._is_due))
            arrived = sum(self._keep(made) for made in forecasts)
            replaced = waiting + arrived - int(np.count_nonzero(self._is_due))
        if replaced:
            self._replaced(replaced)
        return arrived > 0

    def take(self, most: int, ready: Callable[[Int32], Bool]) -> Batch | None:
        """Forecasts that wait, which do so no longer; None where there is none.

        Args:
            most: largest number of them.
            ready: function that says for indices of series which of them may be sent.
        """
        with self._lock:
            due = np.flatnonzero(self._is_due).astype(np.int32)
            if not len(due) or self._shape is None:
                return None
            due = due[ready(due)]
            due = np.roll(due, -int(np.searchsorted(due, self._next)))[:most]
            if not len(due):
                return None
            self._next = int(due[-1]) + 1
            self._is_due[due] = False
            models = [self._models[index] for index in self._model[due].tolist()]
            return Batch(self._shape, due, self._origin[due], self._values[due], models)

    def waiting(self) -> Int32:
        """Indices of the series whose forecasts wait."""
        with self._lock:
            return np.flatnonzero(self._is_due).astype(np.int32)

    def send_again(self) -> None:
        """Let the newest forecast of every series wait to be sent, again or for the first time."""
        with self._lock:
            self._is_due |= self._is_there

    def _keep(self, made: Forecasts) -> int:
        """Keep those of one forecaster; the result is their number."""
        rows = np.flatnonzero(self._chosen[made.series] & (made.origin >= self._seen[made.series]))
        if not len(rows):
            return 0
        rows = rows[np.argsort(made.origin[rows], kind="stable")]
        _, last = np.unique(made.series[rows][::-1], return_index=True)  # of several origins of a series the latest
        rows = rows[::-1][last]
        series = made.series[rows]
        if made.model not in self._models:
            self._models.append(made.model)
        self._seen[series] = self._origin[series] = made.origin[rows]
        self._model[series] = self._models.index(made.model)
        self._values[series] = made.values[rows][:, :, self._levels]
        self._is_due[series] = self._is_there[series] = True
        return len(rows)

    def _fit(self, contract: Contract) -> None:
        """Make room for all series; forecasts of another shape are forgotten."""
        levels = self._settings.levels(len(contract.quantiles))
        shape = Shape(contract.interval, contract.horizon, tuple(contract.quantiles[level] for level in levels))
        if shape != self._shape:
            self._shape, self._levels, self._models, self._known = shape, levels, [], 0
            self._chosen, self._is_due, self._is_there = np.zeros((3, 0), bool)
            self._seen, self._origin, self._model = np.zeros((3, 0), np.int64)
            self._values = np.zeros((0, shape.horizon, len(levels)), np.float32)
        count, room = len(self._series), len(self._chosen)
        if count > room:
            self._grow(max(FIRST_ROOM, count + count // 4) - room)
        if count > self._known:
            self._chosen[self._known : count] = [self._settings.wants(name) for name in self._series.names[self._known : count]]
            self._known = count

    def _grow(self, more: int) -> None:
        """Make room for so many more series."""
        flags, numbers = np.zeros(more, bool), np.zeros(more, np.int64)
        self._chosen = np.concatenate([self._chosen, flags])
        self._is_due, self._is_there = (np.concatenate([before, flags]) for before in (self._is_due, self._is_there))
        self._seen, self._origin = (np.concatenate([before, numbers]) for before in (self._seen, self._origin))
        self._model = np.concatenate([self._model, numbers])
        self._values = np.concatenate([self._values, np.zeros((more, *self._values.shape[1:]), np.float32)])

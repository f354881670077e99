"""What both sides agree on: the time grid and the shape of a forecast. It reaches the device inside the bundle."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self, TypeAlias, get_args

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from edge.contract.ahead.issues import KnownAhead
from edge.contract.ahead.known import Known
from edge.contract.clock import Clock
from edge.contract.coarse import Coarse, all_of, check_coarse, drawn, is_part_of, reach, within
from edge.contract.columns import Bool, Float32, Float64, Int64, Whole
from edge.contract.grid import Aggregation
from edge.contract.times import DAY, format_duration
from edge.errors import ConfigurationError

MOST_QUANTILES = 99  # of a forecast; each is a column in the store
NAME = re.compile(r"q[0-9]+(_[0-9]+)?")  # of a quantile in the store
SHORTEST_INTERVAL = 1_000_000  # ns
MOST_KNOWN = 12  # inputs; each widens what a model is told of every lead

Input: TypeAlias = Clock | Known


@dataclass(frozen=True, slots=True)
class Contract:
    """What a forecast is made from and what it says; it reaches the device inside the bundle.

    Args:
        interval: length of a grid interval in nanoseconds; intervals are half-open `[k·interval, (k+1)·interval)`,
            aligned to the Unix epoch in UTC and labelled by their start.
        window: closed intervals a forecast looks back on.
        horizon: intervals a forecast looks ahead; lead h = 1…horizon is `[origin + (h-1)·interval, origin + h·interval)`.
        quantiles: levels in ascending order, an odd number of them with 0.5 in the middle.
        aggregation: rule by which the readings of one interval become one value.
        max_missing: share of the columns that may be NaN before the baseline forecasts instead of the model.
        coarse: blocks of intervals that a forecast sees besides the window, the longest blocks first.
        inputs: sources of a forecast beside the window: at most one clock, and inputs whose coming values are known.

    Raises:
        ConfigurationError: a value out of range.
    """

    interval: int
    window: int
    horizon: int
    quantiles: tuple[float, ...] = (0.1, 0.5, 0.9)
    aggregation: Aggregation = "mean"
    max_missing: float = 0.5
    coarse: tuple[Coarse, ...] = ()
    inputs: tuple[Input, ...] = ()

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
        names = self.quantile_names
        if len(set(names)) < len(names) or not all(map(NAME.fullmatch, names)):
            message = f"quantiles need names of their own, such as q10 for 0.1 and q2_5 for 0.025; got {list(levels)}"
            raise ConfigurationError(message)
        if self.aggregation not in get_args(Aggregation):
            message = f"aggregation must be one of {', '.join(get_args(Aggregation))}; got {self.aggregation!r}"
            raise ConfigurationError(message)
        if not 0 <= self.max_missing <= 1:
            message = f"max_missing is a share between 0 and 1; got {self.max_missing}"
            raise ConfigurationError(message)
        check_coarse(self.coarse, self.window)
        self._check_inputs()

    def _check_inputs(self) -> None:
        clocks, names = len(self.inputs) - len(self.known), [known.name for known in self.known]
        if clocks > 1:
            raise ConfigurationError(f"a contract has at most one clock; got {clocks}")
        if len(set(names)) < len(names) or len(names) > MOST_KNOWN:
            raise ConfigurationError(f"expected at most {MOST_KNOWN} inputs, each with a name of its own; got {names}")

    @property
    def columns(self) -> int:
        """Number of values of a window: the coarse past first, then the intervals, newest last."""
        return sum(part.count for part in self.coarse) + self.window

    @property
    def reach(self) -> int:
        """Number of intervals before an origin that a window may hold anything of."""
        return reach(self.coarse, self.window)

    @property
    def covered(self) -> int:
        """Number of intervals before an origin of which a window tells the value, if only as part of a span."""
        return max(self.window, *(part.steps * part.count for part in self.coarse), 0)

    def drawn(self, back: Int64) -> tuple[Int64, Int64, Float64]:
        """Columns that the value of an interval is drawn between, and the share of the older one; see `coarse.drawn`."""
        return drawn(self.coarse, self.window, back)

    def sees_all_of(self, other: "Contract") -> bool:
        """Whether windows under this contract have everything that those under the other one hold, on the same grid."""
        return self.shares_grid(other) and other.window <= self.window and is_part_of(other.coarse, self.coarse)

    def covering(self, others: Iterable["Contract"]) -> "Contract":
        """The same contract with so much past that its windows have those of all others."""
        every: list[Contract] = [self, *others]
        window = max(other.window for other in every)
        return replace(self, window=window, coarse=all_of([other.coarse for other in every]))

    def places(self, of: "Contract") -> Int64 | slice:
        """Columns of its windows that are the window under a contract whose past is no longer, newest last."""
        return within(of.coarse, of.window, self.coarse, self.window)

    @property
    def clock(self) -> Clock | None:
        """The clock that forecasts look at, or None."""
        return next((source for source in self.inputs if isinstance(source, Clock)), None)

    @property
    def known(self) -> tuple[Known, ...]:
        """The inputs whose coming values are known."""
        return tuple(source for source in self.inputs if isinstance(source, Known))

    @property
    def plain(self) -> "Contract":
        """The same contract without inputs: windows and scores do not depend on them."""
        return replace(self, inputs=()) if self.inputs else self

    @property
    def untold(self) -> "Contract":
        """The same contract without inputs whose coming values are known; it keeps its clock."""
        return replace(self, inputs=tuple(source for source in self.inputs if not isinstance(source, Known)))

    @property
    def back(self) -> int:
        """Number of intervals before an origin whose values of inputs count: those of a day, or one where it has no such."""
        return self.season() or 1

    @property
    def future(self) -> tuple[str, ...]:
        """Names of what a model is told of every lead, in the order of the columns of its input `future`."""
        return tuple(name for source in self.inputs for name in source.features)

    @property
    def median(self) -> int:
        """Position of the 0.5 quantile."""
        return len(self.quantiles) // 2

    @property
    def quantile_names(self) -> list[str]:
        """Field names of the quantiles, in their order."""
        return [quantile_name(level) for level in self.quantiles]

    def shares_grid(self, other: "Contract") -> bool:
        """Whether the intervals of both have the same values, so that windows under one can be used under the other."""
        return (self.interval, self.aggregation) == (other.interval, other.aggregation)

    @property
    def words(self) -> str:
        """Interval, window and horizon for people: `interval 15min, looks back 7d, ahead 1d`."""
        back, ahead = (format_duration(count * self.interval) for count in (self.covered, self.horizon))
        return f"interval {format_duration(self.interval)}, looks back {back}, ahead {ahead}"

    def season(self, days: int = 1) -> int | None:
        """Intervals in that many days, or None where they are not a whole number of at least two."""
        steps, rest = divmod(days * DAY, self.interval)
        return None if rest or steps < 2 else steps


@dataclass(frozen=True, slots=True)
class Context:
    """What is known beside some windows at the moment of their forecasts.

    Args:
        origin: end of each window, ns UTC, int64 `[n]`.
        ahead: values of inputs for coming intervals, by the name of the input, with the moments at which they were told.
    """

    origin: Int64
    ahead: KnownAhead = field(default_factory=dict, compare=False)

    def __len__(self) -> int:
        """Number of windows."""
        return len(self.origin)

    def take(self, rows: slice | Whole | Bool) -> Self:
        """What is known beside the chosen windows."""
        return replace(self, origin=self.origin[rows])

    def known(self, contract: Contract) -> Mapping[str, Float64]:
        """Values of the inputs of a contract by their names, float64 `[n, back + horizon]`; NaN where nothing was known.

        The first are those of the intervals before the origins, see `Contract.back`. Values that are wrong count as not told.

        Raises:
            ValueError: the values lie on another grid.
        """
        known: dict[str, Float64] = {}
        for source in contract.known:
            name, ahead = source.name, self.ahead.get(source.name)
            if ahead is None:
                known[name] = np.full((len(self), contract.back + contract.horizon), np.nan)
                continue
            if ahead.interval != contract.interval:
                raise ValueError(f"expected values of {name} every {contract.interval} ns; got every {ahead.interval} ns")
            right = ahead.within(*source.believed)
            known[name] = right.at(self.origin, contract.horizon, contract.back, source.hold)
        return known

    def future(self, contract: Contract) -> Float32:
        """What a model is told of every lead, float32 `[n, horizon, features]`.

        Windows of one origin share the work: a fleet closes its intervals together.

        Raises:
            ValueError: the values of an input lie on another grid.
        """
        if not (contract.inputs and len(self)):
            return np.zeros((len(self), contract.horizon, len(contract.future)), np.float32)
        origins, owner = np.unique(self.origin, return_inverse=True)
        values = replace(self, origin=origins).known(contract)
        told = [
            _clocks(source, origins, contract) if isinstance(source, Clock) else source.told(values[source.name], contract.back)
            for source in contract.inputs
        ]
        return (np.concatenate(told, axis=2) if len(told) > 1 else told[0])[owner]


def _clocks(clock: Clock, origins: Int64, contract: Contract) -> Float32:
    """What a clock tells of the middle of each interval that is forecast, float32 `[n, horizon, features]`.

    Args:
        clock: the clock.
        origins: ends of windows in ascending order, ns UTC, int64 `[n]`, one at least.
        contract: interval and horizon.
    """
    interval, horizon = contract.interval, contract.horizon
    first, half = origins[0], interval // 2
    steps = (origins - first) // interval
    span = int(steps[-1]) + horizon
    if span < len(origins) * horizon:
        # Origins lie close together: what is told of an interval is the same whatever its lead.
        told = clock.at(first + half + interval * np.arange(span, dtype=np.int64))
        near: Float32 = sliding_window_view(told, horizon, axis=0)[steps].swapaxes(1, 2)
        return near
    return clock.at(origins[:, None] + half + interval * np.arange(horizon, dtype=np.int64))


def quantile_name(level: float) -> str:
    """Field name of a quantile: 0.1 is `q10`, 0.025 is `q2_5`."""
    return "q" + f"{level * 100:.6g}".replace(".", "_")

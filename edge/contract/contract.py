"""What both sides agree on: the time grid and the shape of a forecast. It reaches the device inside the bundle."""

import re
from dataclasses import dataclass
from typing import get_args

from edge.contract.grid import Aggregation
from edge.contract.times import DAY, format_duration
from edge.errors import ConfigurationError

MOST_QUANTILES = 99  # of a forecast; each is a column in the store
NAME = re.compile(r"q[0-9]+(_[0-9]+)?")  # of a quantile in the store
SHORTEST_INTERVAL = 1_000_000  # ns


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
        back, ahead = (format_duration(count * self.interval) for count in (self.window, self.horizon))
        return f"interval {format_duration(self.interval)}, looks back {back}, ahead {ahead}"

    def season(self, days: int = 1) -> int | None:
        """Intervals in that many days, or None where they are not a whole number of at least two."""
        steps, rest = divmod(days * DAY, self.interval)
        return None if rest or steps < 2 else steps


def quantile_name(level: float) -> str:
    """Field name of a quantile: 0.1 is `q10`, 0.025 is `q2_5`."""
    return "q" + f"{level * 100:.6g}".replace(".", "_")

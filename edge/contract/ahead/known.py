"""What a model is told of an input whose coming values are known. No I/O."""

import math

import msgspec
import numpy as np

from edge.contract.columns import Float32, Float64
from edge.errors import ConfigurationError

FARTHEST = 10.0  # spreads from the centre; a storm or a price beyond is told as so far: that is nearer the truth than nothing
WRONG = 100.0  # spreads from the centre; a value beyond is an error of its source, and counts as if it had not been told


class Known(msgspec.Struct, frozen=True, tag_field="kind", tag="known"):
    """An input of which values of coming intervals are known, such as a weather forecast, a tariff, or a plan.

    Args:
        name: name of the input, as `[[input]]` gives it.
        unit: unit of its values, for people; empty where nobody named it.
        centre: mean of its usual values in training, in its unit.
        spread: standard deviation of these, in its unit.
        hold: longest time for which the newest value counts where no later one is known, ns; 0: what nobody told is missing.

    Raises:
        ConfigurationError: no name, or numbers that no value can be measured by.
    """

    name: str
    unit: str = ""
    centre: float = 0.0
    spread: float = 1.0
    hold: int = 0

    def __post_init__(self) -> None:
        """Refuse what tells nothing."""
        if not self.name:
            raise ConfigurationError("an input needs a name; got an empty one")
        if not (math.isfinite(self.centre) and 0 < self.spread < math.inf):
            raise ConfigurationError(
                f"input {self.name!r} needs a finite centre and a spread above 0; got {self.centre} and {self.spread}"
            )
        if self.hold < 0:
            raise ConfigurationError(f"input {self.name!r} needs a hold of at least 0; got {self.hold} ns")

    @property
    def features(self) -> tuple[str, ...]:
        """Names of what it tells of a lead, in the order of the columns."""
        return (self.name, f"{self.name} is known", f"change of {self.name}", f"change of {self.name} is known")

    @property
    def believed(self) -> tuple[float, float]:
        """Smallest and largest value that is no error of its source, in its unit."""
        return self.centre - WRONG * self.spread, self.centre + WRONG * self.spread

    def told(self, values: Float64, back: int) -> Float32:
        """What a model is told of the leads, float32 `[n, horizon, 4]`: the value, and its change since the day before.

        The value is a distance from the centre, both are in spreads. Behind each of them stands 1, or 0 where it is missing.

        Args:
            values: values in its unit, float64 `[n, back + horizon]`, NaN for missing.
            back: number of intervals of the day before the leads; each lead is compared with the same time of that day.
        """
        ahead = values[:, back:]
        before = values[:, np.arange(ahead.shape[1]) % back]
        columns = []
        for distance in (ahead - self.centre, ahead - before):
            there = np.isfinite(distance)
            columns += [np.clip(np.where(there, distance, 0.0) / self.spread, -FARTHEST, FARTHEST), there]
        return np.stack(columns, axis=-1).astype(np.float32)

"""Which values of a series can be: what lies outside is no measurement, live and in history alike."""

import math
from dataclasses import dataclass

import numpy as np

from edge.contract.columns import Bool, Float64


@dataclass(frozen=True, slots=True)
class Plausible:
    """The values that a series can have, in the unit of its readings.

    Args:
        least: smallest one.
        most: largest one.
        ignored: values that stand for no value, such as the 85 of a sensor that has just been switched on.
    """

    least: float = -math.inf
    most: float = math.inf
    ignored: frozenset[float] = frozenset()

    def holds(self, values: Float64) -> Bool:
        """Whether each value can be, bool `[n]`.

        Args:
            values: finite values, float64 `[n]`.
        """
        return (values >= self.least) & (values <= self.most) & ~np.isin(values, list(self.ignored))

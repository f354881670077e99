"""What the readings of a series are. It comes from the rules of the device, and reaches it inside the bundle as well."""

import math
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from edge.contract.times import format_duration
from edge.errors import ConfigurationError

Kind: TypeAlias = Literal["gauge", "counter"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Values that no interval of a series was beyond, and at which it often was.

    Args:
        lowest: smallest value that there is; None where none is known.
        highest: largest value that there is; None where none is known.
        idle: distance from the lowest value within which a forecast is that value, as the series rests there; 0: none.

    Raises:
        ConfigurationError: the lowest value is not below the highest one, or a number is not finite.
    """

    lowest: float | None = None
    highest: float | None = None
    idle: float = 0.0

    def __post_init__(self) -> None:
        """Refuse bounds that no value lies between."""
        low, high = (0.0 if end is None else end for end in (self.lowest, self.highest))
        ordered = self.lowest is None or self.highest is None or low + self.idle < high
        if not (ordered and self.idle >= 0 and all(map(math.isfinite, (low, high, self.idle)))):
            raise ConfigurationError(
                f"expected finite bounds, the lowest first, and an idle distance between them; got {self.lowest}, "
                f"{self.highest} and {self.idle}"
            )


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the readings of a series are.

    Args:
        kind: `gauge`, whose readings are values; or `counter`, whose readings only grow until the device begins again.
        hold: longest time that a silent series keeps its last reading, ns; 0: an interval without a reading is missing.
        unit: unit of the values, as people write it; empty where nobody gave one.
        usual: smallest and largest value of an interval that was usual in the history; None where nobody learned it. It says
            nothing of what the readings are, so it does not count where two meanings are compared.
        bounds: bounds that were found in the history, as little compared; None where nobody looked, or there are none.

    Raises:
        ConfigurationError: a negative time.
    """

    kind: Kind = "gauge"
    hold: int = 0
    unit: str = ""
    usual: tuple[float, float] | None = field(default=None, compare=False)
    bounds: Bounds | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        """Refuse a time that goes back."""
        if self.hold < 0:
            raise ConfigurationError(f"hold must be at least 0; got {self.hold} ns")

    @property
    def words(self) -> str:
        """Kind and hold for people, without the unit: `counter, held for 6h`."""
        return f"{self.kind}, held for {format_duration(self.hold)}" if self.hold else self.kind

    @property
    def is_plain(self) -> bool:
        """Whether the value of an interval is what its readings say, and nothing else."""
        return self.kind == "gauge" and not self.hold

    def label(self, interval: int) -> str:
        """Name of the values for an axis: `°C`, `kWh per 15min`, or `value` where no unit is known.

        Args:
            interval: length of an interval, ns.
        """
        if self.kind == "counter":
            return f"{self.unit or 'added'} per {format_duration(interval)}"
        return self.unit or "value"

    def agrees(self, other: "Meaning") -> bool:
        """Whether the same readings have the same values; another unit is only another name."""
        return (self.kind, self.hold) == (other.kind, other.hold)


GAUGE = Meaning()

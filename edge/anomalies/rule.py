"""The section `[anomaly]`."""

from fnmatch import fnmatchcase

import msgspec

from edge.contract.times import DAY, parse_duration
from edge.errors import ConfigurationError

LONGEST = 3650  # days: what is rarer is told from too little


class AnomalyRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which values the agent speaks up about because no forecast had expected them.

    Args:
        every: time in which a quiet series may raise one alarm, such as `100d`: shorter, and more is told; `off`: no values are
            looked at.
        series: names of the series, with `*` for any letters and `?` for one, such as `freezer.*`, or a list of such.
    """

    every: str = "off"
    series: str | tuple[str, ...] = "*"

    @property
    def days(self) -> float | None:
        """Days of `every`; None where it is off.

        Raises:
            ConfigurationError: it is no duration.
        """
        return None if self.every == "off" else parse_duration(self.every) / DAY

    def takes(self, series: str) -> bool:
        """Whether a series of this name is one of them."""
        patterns = (self.series,) if isinstance(self.series, str) else self.series
        return any(fnmatchcase(series, pattern) for pattern in patterns)

    def check(self) -> None:
        """Refuse what cannot be used.

        Raises:
            ConfigurationError: the key, and what to write.
        """
        try:
            days = self.days
        except ConfigurationError as error:
            raise ConfigurationError(f"[anomaly] every: {error}; or off") from error
        if days is not None and not 1 <= days <= LONGEST:
            raise ConfigurationError(f'[anomaly] every must be from "1d" to "{LONGEST}d", or "off"; got {self.every!r}')
        if not self.series:
            raise ConfigurationError('[anomaly] series names none; write "*" for all, or every = "off"')


OFF = AnomalyRule()

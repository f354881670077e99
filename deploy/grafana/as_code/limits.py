"""The numbers that the alert rules compare with, as `deploy/grafana/limits.toml` has them."""

from math import isfinite
from pathlib import Path

import msgspec

from edge.contract.contract import Contract
from edge.contract.times import SECOND, parse_duration
from edge.errors import ConfigurationError
from edge.stores.influx import AS_READ


class Threshold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Values of a series that nobody wants.

    Args:
        series: name of the series.
        above: value above which the forecast is one of them, in the unit of the series; None for no such value.
        below: value below which it is; None for no such value.
        ahead: time from now on that is looked at, such as `24h`.
    """

    series: str
    above: float | None = None
    below: float | None = None
    ahead: str = "24h"


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All of them.

    Args:
        quantiles: levels of the forecasts.
        coverage_tolerance: greatest distance of the coverage from what it should be, a share.
        coverage_scores: fewest scores of a lead that are judged.
        backlog: most bytes that may wait in a spool.
        forecast: values that nobody wants.
    """

    quantiles: tuple[float, ...]
    coverage_tolerance: float
    coverage_scores: int
    backlog: int
    forecast: tuple[Threshold, ...] = ()

    @property
    def coverage(self) -> tuple[float, float]:
        """The least and the greatest coverage without an alarm."""
        nominal = self.quantiles[-1] - self.quantiles[0]
        return round(nominal - self.coverage_tolerance, 6), round(nominal + self.coverage_tolerance, 6)


def read(path: Path) -> Limits:
    """The limits of a file.

    Raises:
        ConfigurationError: it cannot be used; the message says which value, and what was expected.
    """
    try:
        limits = msgspec.toml.decode(path.read_bytes(), type=Limits)
    except (OSError, msgspec.DecodeError, ValueError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    Contract(interval=1, window=1, horizon=1, quantiles=limits.quantiles)
    widest = limits.quantiles[-1] - limits.quantiles[0]
    if widest and not 0 < limits.coverage_tolerance < widest:
        raise ConfigurationError(
            f"{path}: expected a coverage_tolerance above 0 and below {widest:g}, the coverage as it should be; got "
            f"{limits.coverage_tolerance:g}, with which no alarm would ever come"
        )
    for number, threshold in enumerate(limits.forecast, 1):
        if not all(bound is None or isfinite(bound) for bound in (threshold.above, threshold.below)):
            raise ConfigurationError(f"{path}: [[forecast]] {number} expected finite numbers for above and below")
        if threshold.above is None and threshold.below is None:
            raise ConfigurationError(f"{path}: [[forecast]] {number} expected above, below or both; got neither")
        parse_duration(threshold.ahead, shortest=SECOND)
        stored = threshold.series.translate(AS_READ)
        if threshold.series != stored:
            raise ConfigurationError(
                f"{path}: [[forecast]] {number} series: expected {stored!r}, as InfluxDB has it; got {threshold.series!r}"
            )
    return limits

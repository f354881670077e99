"""How `[[alert]]` is written in the configuration, and what of it cannot be used."""

import math
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Annotated

import msgspec

from edge.contract.contract import Contract
from edge.contract.times import format_duration, parse_duration
from edge.errors import ConfigurationError
from edge.messages.rule import which_section
from edge.quoting import quoted

NAME = re.compile(r"[\w.-]{1,60}")
MOST_RULES = 100
CONDITIONS = ("above", "below", "rises_by", "falls_by", "leaves")
SHARE = re.compile(r"(\d+(?:\.\d+)?) ?%")
CALM_INTERVALS = 2  # that an alert waits before it is cleared, where nothing else is said


class AlertRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What of the forecasts of some series somebody wants to be told of.

    Args:
        name: name of the rule, letters, digits, `_`, `.` and `-`.
        series: names of the series, with `*` for any letters and `?` for one, such as `freezer.*`, or a list of such.
        above: the alert tells that the series will be above this number, in its unit.
        below: the same for below.
        rises_by: the alert tells that the series will be above its newest value by more than this number.
        falls_by: the same for below.
        leaves: the alert tells that readings lie outside of the interval that was forecast for them, such as `80 %`.
        within: time ahead that counts; left out: the horizon. With `leaves`, the time before the newest reading.
        probability: probability from which on the alert is raised. With `leaves`, the share of the readings.
        hysteresis: distance by which the probability must lie below that until the alert can be cleared.
        clear_after: time for which it must lie there; left out: two intervals.
    """

    name: str
    series: str | tuple[str, ...] = "*"
    above: float | None = None
    below: float | None = None
    rises_by: float | None = None
    falls_by: float | None = None
    leaves: str | None = None
    within: str | None = None
    probability: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.5
    hysteresis: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.2
    clear_after: str | None = None

    @property
    def patterns(self) -> tuple[str, ...]:
        """Patterns of the names of its series."""
        return (self.series,) if isinstance(self.series, str) else self.series

    def takes(self, series: str) -> bool:
        """Whether a series of this name is one of them."""
        return any(fnmatchcase(series, pattern) for pattern in self.patterns)

    @property
    def condition(self) -> str:
        """The key that says what the alert tells."""
        return next(key for key in CONDITIONS if getattr(self, key) is not None)

    @property
    def is_upward(self) -> bool:
        """Whether large values raise it."""
        return self.condition in ("above", "rises_by")

    @property
    def is_relative(self) -> bool:
        """Whether the newest value counts as 0."""
        return self.condition in ("rises_by", "falls_by")

    @property
    def threshold(self) -> float:
        """Number of the condition; a share as a number from 0 to 1."""
        value = getattr(self, self.condition)
        return share_of(value) if isinstance(value, str) else float(value)

    @property
    def limit(self) -> float:
        """Probability below which the alert can be cleared."""
        return self.probability - self.hysteresis

    def words(self, unit: str = "") -> str:
        """What it asks for, in a line.

        Args:
            unit: unit of its series; empty where none is known.
        """
        ahead = "" if self.within is None else f" within {self.within}"
        value = getattr(self, self.condition)
        amount = value if isinstance(value, str) else f"{value:g}{' ' + unit if unit else ''}"
        what = f"{self.condition} {amount}{ahead}"
        return f"{self.name}: {', '.join(self.patterns)} {what}, raised from a probability of {self.probability:g} on"

    def leads(self, contract: Contract) -> int:
        """Number of intervals ahead that count under a contract, at least 1 and at most its horizon."""
        if self.within is None:
            return contract.horizon
        return min(max(parse_duration(self.within) // contract.interval, 1), contract.horizon)

    def patience(self, contract: Contract) -> int:
        """Time for which the probability must be low until the alert is cleared, ns."""
        if self.clear_after is None:
            return CALM_INTERVALS * contract.interval
        return parse_duration(self.clear_after, shortest=0)

    def shortfall(self, contract: Contract) -> str | None:
        """What of the rule a forecaster cannot do, with the advice; None where it can do all."""
        if self.within is not None and parse_duration(self.within) > contract.horizon * contract.interval:
            return (
                f"{self.name}: within = {self.within!r} lies beyond the horizon of the forecasts, "
                f"{format_duration(contract.horizon * contract.interval)}, which counts in its place; set a shorter within, or "
                "retrain with a longer [fleet] horizon"
            )
        if len(contract.quantiles) == 1:
            return (
                f"{self.name}: the forecasts have no quantile beside the median, so its probability is 0 or 1; retrain "
                "with [fleet] quantiles such as [0.1, 0.5, 0.9]"
            )
        return None


def share_of(text: str) -> float:
    """A share such as `80 %` as a number.

    Raises:
        ConfigurationError: it is none, or not between 0 and 100 %.
    """
    match = SHARE.fullmatch(text)
    share = float(match[1]) / 100 if match else 0.0
    if not 0 < share < 1:
        raise ConfigurationError(f'expected a share of the readings between 0 and 100 %, such as "80 %"; got {text!r}')
    return share


def which_alert(rules: Sequence[AlertRule], number: int) -> str:
    """The beginning of a line about one section, by its number from 1."""
    return which_section("alert", number, len(rules), f"name {rules[number - 1].name!r}")


def check_alerts(rules: Sequence[AlertRule]) -> None:
    """Refuse rules that cannot be used, or cannot be told apart.

    Raises:
        ConfigurationError: the section, and what to write.
    """
    if len(rules) > MOST_RULES:
        raise ConfigurationError(f"expected at most {MOST_RULES} sections [[alert]]; got {len(rules)}")
    names = [rule.name for rule in rules]
    for number, rule in enumerate(rules, 1):
        try:
            _check(rule, names[: number - 1])
        except ConfigurationError as error:
            raise ConfigurationError(f"{which_alert(rules, number)} {error}") from error


def _check(rule: AlertRule, before: Sequence[str]) -> None:
    if rule.name in before:
        raise ConfigurationError("there is one of this name before; give each alert a name of its own")
    if not NAME.fullmatch(rule.name):
        raise ConfigurationError("name: expected 1 to 60 letters, digits, _ . and -, such as freezer-warm")
    if not rule.patterns or not all(rule.patterns):
        raise ConfigurationError('series: expected names of series, such as "freezer.*"')
    given = [key for key in CONDITIONS if getattr(rule, key) is not None]
    if len(given) != 1:
        told = " and ".join(given) or "none"
        raise ConfigurationError(f"expected exactly one of {', '.join(CONDITIONS)}; got {told}")
    try:
        threshold = rule.threshold
    except ConfigurationError as error:
        raise ConfigurationError(f"leaves: {error}") from error
    if not math.isfinite(threshold) or (rule.is_relative and threshold <= 0):
        kind = "a number above 0" if rule.is_relative else "a finite number"
        raise ConfigurationError(f"{given[0]}: expected {kind}, in the unit of the series; got {threshold}")
    if rule.limit <= 0:
        raise ConfigurationError(
            f"hysteresis: expected less than probability, {rule.probability}, or it is never cleared; got {rule.hysteresis}"
        )
    for key, text, shortest in (("within", rule.within, 1), ("clear_after", rule.clear_after, 0)):
        try:
            _ = None if text is None else parse_duration(text, shortest=shortest)
        except ConfigurationError as error:
            raise ConfigurationError(f"{key}: {error}") from error


def unmatched(rules: Sequence[AlertRule], names: Sequence[str]) -> str | None:
    """Which rules take no series at all, in words with advice; None where each takes some.

    Args:
        rules: the rules.
        names: names of all series.
    """
    return without_series([rule for rule in rules if not any(map(rule.takes, names))], names)


def without_series(alone: Sequence[AlertRule], names: Sequence[str]) -> str | None:
    """As `unmatched`, for rules that are known to take none of the names."""
    if not alone:
        return None
    first = alone[0]
    more = f", and {len(alone) - 1} more rules are like that" if len(alone) > 1 else ""
    known = f"none of the {len(names)} series, such as {quoted(names[0], 120)}" if names else "no series: none is known yet"
    return (
        f"[[alert]] name {first.name!r}: series {', '.join(map(repr, first.patterns))} takes {known}{more}; check its spelling"
    )

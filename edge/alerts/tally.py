"""How often each rule raised an alert over some time, and how often it was right, as a table for people. No I/O."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from edge.alerts.change import AlertChange
from edge.alerts.rule import AlertRule
from edge.contract.columns import Points
from edge.contract.schema import ALERT_SCORE, RULE
from edge.contract.times import SECOND, format_duration

COLUMNS = ("alert", "raised", "hits", "misses", "false alarms", "time gained, median")
NOT_JUDGED = "-"
MINUTE = 60 * SECOND


@dataclass(slots=True)
class _Count:
    """What one rule did.

    Args:
        raised: number of alerts that were raised.
        hits: number of hits.
        misses: number of misses.
        false_alarms: number of false alarms.
        gained: time that each hit gained, seconds.
    """

    raised: int = 0
    hits: int = 0
    misses: int = 0
    false_alarms: int = 0
    gained: list[float] = field(default_factory=list)


class Tally:
    """The numbers of each rule.

    Args:
        rules: sections `[[alert]]`.
    """

    def __init__(self, rules: Sequence[AlertRule]) -> None:
        self._rules = rules
        self._counts = {rule.name: _Count() for rule in rules}

    def add(self, changes: Iterable[AlertChange], rows: Iterable[Points]) -> None:
        """Take what a step gave.

        Args:
            changes: changes of `Alerts.look`.
            rows: rows of `Alerts.rows`.
        """
        for change in changes:
            self._counts[change.rule].raised += change.turned and change.raised
        for points in rows:
            if points.measurement is ALERT_SCORE:
                count, fields = self._counts[points.labels[RULE]], points.fields
                hit, miss, false_alarm, gained = (np.asarray(fields[known.name]) for known in ALERT_SCORE.fields)
                count.hits += int(hit.sum())
                count.misses += int(miss.sum())
                count.false_alarms += int(false_alarm.sum())
                count.gained += gained[hit == 1].tolist()

    def lines(self) -> list[str]:
        """A table with a row for each rule, in the order of the configuration; empty where there are none."""
        if not self._rules:
            return []
        rows = [COLUMNS, *(self._row(rule) for rule in self._rules)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return ["  ".join(_cells(row, widths)).rstrip() for row in rows]

    def _row(self, rule: AlertRule) -> tuple[str, ...]:
        count = self._counts[rule.name]
        if rule.condition == "leaves":  # it looks back, so there is nothing to judge
            return (rule.name, str(count.raised), *[NOT_JUDGED] * (len(COLUMNS) - 2))
        numbers = (count.raised, count.hits, count.misses, count.false_alarms)
        return (rule.name, *map(str, numbers), _time(count.gained))


def _time(gained: list[float]) -> str:
    """The median of some times, seconds; to the minute where it is longer than one."""
    if not gained:
        return NOT_JUDGED
    median = round(float(np.median(gained)) * SECOND)
    size = MINUTE if median >= MINUTE else SECOND
    return format_duration(round(median / size) * size)


def _cells(row: Sequence[str], widths: Sequence[int]) -> Iterable[str]:
    """The first cell begins at the left, all others end at the right."""
    return (
        f"{cell:<{width}}" if index == 0 else f"{cell:>{width}}"
        for index, (cell, width) in enumerate(zip(row, widths, strict=True))
    )

"""The alerts: the newest row of each rule and series. No I/O."""

import math
from dataclasses import dataclass

import numpy as np

from edge.contract.schema import RULE
from edge.contract.times import SECOND
from edge.stores.asking.answer import Answer

ALERT_FIELDS = ("state", "probability", "crossing")
MOST_OVER = 5  # alerts that were cleared, in the list


@dataclass(frozen=True, slots=True)
class AlertRow:
    """What a rule says of a series.

    Args:
        series: name of the series.
        rule: name of the rule.
        time: origin of the forecast that it was read from, ns UTC.
        is_on: whether the alert is raised.
        probability: probability of what the rule asks for, a share.
        crossing: expected moment, ns UTC; 0 where it is so already, or no median lies beyond the threshold.
    """

    series: str
    rule: str
    time: int
    is_on: bool
    probability: float
    crossing: int


def alerts_of(answer: Answer) -> tuple[AlertRow, ...]:
    """The alerts that are on, the most probable first, and a few that were cleared, the newest first.

    Args:
        answer: rows of the measurement `alert` in order of time, with `ALERT_FIELDS` and the rule.
    """
    rules, state = answer.texts(RULE), answer.numbers("state")
    probability, crossing = answer.numbers("probability"), np.nan_to_num(answer.numbers("crossing"), nan=0.0)
    newest: dict[tuple[str, str], AlertRow] = {}
    for index, series in enumerate(answer.owners):
        expected = int(crossing[index]) * SECOND
        newest[series, rules[index]] = AlertRow(
            series, rules[index], int(answer.time[index]), state[index] == 1, float(probability[index]), expected
        )
    raised = [alert for alert in newest.values() if alert.is_on]
    over = [alert for alert in newest.values() if not alert.is_on]
    return (
        *sorted(raised, key=lambda alert: (math.isnan(alert.probability), -alert.probability, alert.series)),
        *sorted(over, key=lambda alert: (-alert.time, alert.series))[:MOST_OVER],
    )

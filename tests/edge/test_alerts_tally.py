"""How often each rule raised an alert, and how often it was right."""

import numpy as np

from edge.alerts.change import AlertChange
from edge.alerts.rule import AlertRule
from edge.alerts.tally import Tally
from edge.contract.columns import Points
from edge.contract.schema import ALERT, ALERT_SCORE, RULE

RULES = [AlertRule(name="warm", above=1.0), AlertRule(name="unlike-itself", leaves="80 %")]


def change(rule: str, *, raised: bool = True, turned: bool = True) -> AlertChange:
    """A change of an alert of a series."""
    return AlertChange(rule, "t", raised, 0.9, None, None, None, 0, "m", turned=turned, beyond=False)


def verdicts(rule: str, *rows: tuple[int, int, int, float]) -> Points:
    """Rows of hit, miss, false alarm, and seconds gained."""
    columns = np.asarray(rows).T
    fields = {known.name: column for known, column in zip(ALERT_SCORE.fields, columns, strict=True)}
    index, time = np.zeros(len(rows), np.int32), np.arange(len(rows))
    return Points(ALERT_SCORE, index, time, {**fields}, labels={RULE: rule})


def test_the_table_counts_what_was_raised_and_what_turned_out() -> None:
    """Only what turned; of three hits that gained 10, 40 and 90 minutes the median is 40. What looks back is not judged."""
    tally = Tally(RULES)
    tally.add([change("warm"), change("warm", turned=False), change("warm", raised=False)], [])
    tally.add([change("warm"), change("unlike-itself")], [Points(ALERT, np.zeros(0, np.int32), np.zeros(0, np.int64), {})])
    nan = float("nan")
    tally.add([], [verdicts("warm", (1, 0, 0, 600), (0, 1, 0, nan), (1, 0, 0, 5400)), verdicts("warm", (0, 0, 1, nan))])
    tally.add([], [verdicts("warm", (1, 0, 0, 2400))])
    assert [line.split() for line in tally.lines()] == [
        ["alert", "raised", "hits", "misses", "false", "alarms", "time", "gained,", "median"],
        ["warm", "2", "3", "1", "1", "40min"],
        ["unlike-itself", "1", "-", "-", "-", "-"],
    ]
    assert [line.index(word) for line, word in zip(tally.lines(), ("alert", "warm", "unlike"), strict=True)] == [0, 0, 0]
    assert len({len(line) for line in tally.lines()}) == 1


def test_a_rule_that_was_quiet_has_a_row() -> None:
    """Where there are no rules, there is no table."""
    assert Tally(RULES).lines()[1].split() == ["warm", "0", "0", "0", "0", "-"]
    assert Tally([]).lines() == []


def test_a_time_below_a_minute_is_told_in_seconds() -> None:
    """Two hits, of 20 and of 31 seconds: 25.5, to the second."""
    tally = Tally(RULES)
    tally.add([], [verdicts("warm", (1, 0, 0, 20), (1, 0, 0, 31))])
    assert tally.lines()[1].split()[-1] == "26s"

"""What an alert was worth, by hand: a letter for each interval, and the verdicts with the number of the interval that told."""

from collections.abc import Sequence

import numpy as np
import pytest

from edge.alerts.judging import Course, Judging
from edge.alerts.rule import AlertRule
from edge.alerts.standing import Said
from edge.contract.contract import Contract
from edge.contract.times import SECOND

NAN = -1.0  # stands for a number that there is not
INTERVAL = 10 * SECOND
CONTRACT = Contract(interval=INTERVAL, window=6, horizon=4)
RULE = AlertRule(name="a", above=5, within="40s", clear_after="20s")


def said(number: int, fact: float, series: int = 0) -> Said:
    """A forecast after an interval with a fact."""
    one = np.zeros(1)
    origin = np.asarray([number * INTERVAL])
    never = np.zeros((1, 3), np.int64)
    return Said(np.full(1, series, np.int32), origin, one, never, one > 0, np.asarray([fact]), one, never[:, 0])


def judged(
    facts: str, raised: str, judging: Judging | None = None, *, first: int = 1, before: bool = False
) -> list[tuple[str, int, float]]:
    """Verdicts of a course.

    Args:
        facts: `.` for a fact below, `X` for one beyond, `?` for a gap.
        raised: `r` where the alert is raised after that fact.
        judging: object that goes on; None for a new one, which knows the series.
        first: number of the first interval.
        before: whether the alert was raised before it.
    """
    judging = judging or Judging(RULE, known=1)
    judging.grow(1)
    told = []
    for number, (fact, state) in enumerate(zip(facts, raised, strict=True), first):
        after = state == "r"
        value = {".": 0.0, "X": 9.0, "?": float("nan")}[fact]
        verdicts = judging.step(said(number, value), np.asarray([before]), np.asarray([after]), CONTRACT)
        for row in range(len(verdicts)):
            kinds = {"hit": verdicts.hit, "miss": verdicts.miss, "false": verdicts.false_alarm}
            (kind,) = [name for name, column in kinds.items() if column[row]]
            told.append((kind, int(verdicts.origin[row]) // INTERVAL, float(np.nan_to_num(verdicts.gained[row], nan=NAN))))
        before = after
    return told


@pytest.mark.parametrize(
    ("facts", "raised", "expected"),
    [
        ("...X", "rrrr", [("hit", 4, 30.0)]),
        ("...X", "r...", [("hit", 4, 30.0)]),  # cleared too early, but the time of the warning is not over
        ("....X", "r....", [("hit", 5, 40.0)]),  # the last interval of the warning
        (".....X", "r.....", [("false", 5, NAN), ("miss", 6, NAN)]),
        ("...X", "....", [("miss", 4, NAN)]),
        ("..X.X.X..X", "." * 10, [("miss", 3, NAN)]),  # not over before three facts in a row are below
        ("..X...X", "." * 7, [("miss", 3, NAN), ("miss", 7, NAN)]),
        ("..Xrr"[:3] + "..", "..rrr", [("miss", 3, NAN)]),  # raised too late: neither right nor wrong
        (".........", "rrrrrrrrr", [("false", 5, NAN), ("false", 9, NAN)]),  # it still stands: a warning each time
        (".X....X", "rrrrrrr", [("hit", 2, 10.0), ("hit", 7, 20.0)]),  # over after the fifth, and still raised
        ("..?......", "r........", []),  # nobody knows
        ("?..X", "r...", [("hit", 4, 30.0)]),
        (".....", "r.r..", [("false", 5, NAN)]),  # raised again within its time: one warning
    ],
)
def test_verdicts_by_hand(facts: str, raised: str, expected: Sequence[tuple[str, int, object]]) -> None:
    """A warning holds for four intervals, and an event is over after facts that are below for two more."""
    assert judged(facts, raised) == list(expected)


def test_first_fact_of_a_series_is_no_miss() -> None:
    """Unless an earlier run has had an eye on it; it may be so for days."""
    assert judged("X...X", ".....", Judging(RULE)) == [("miss", 5, NAN)]
    assert judged("X", ".") == [("miss", 1, NAN)]


@pytest.mark.parametrize("cut", range(1, 18))
def test_restart_changes_no_verdict(cut: int) -> None:
    """At any time: what has changed is on disk, and a new object takes it from there."""
    facts, raised = "X..X...X.?..X...X", "..r...rrr..rr...."
    judging, disk, told = Judging(RULE, known=1), (0, 0, 0, 0), list[tuple[str, int, float]]()
    for number, (fact, state) in enumerate(zip(facts, raised, strict=True)):
        if number == cut:
            judging = Judging(RULE, known=1)
            judging.load(0, disk)
        told += judged(fact, state, judging, first=number + 1, before=number > 0 and raised[number - 1] == "r")
        if judging.changed:
            disk = judging.record(0)
        judging.changed.clear()
    assert told == judged(facts, raised)
    assert {kind for kind, _, _ in told} == {"hit", "miss"}


def test_what_is_over_needs_nothing_on_disk() -> None:
    """Neither the event nor its warning."""
    judging = Judging(RULE, known=1)
    judged("..X...", "r.....", judging)
    assert judging.record(0) == (0, 0, 0, 0)


def test_rise_counts_from_the_lowest_fact_before() -> None:
    """Of the newest intervals that count; what nobody measured is left out."""
    course, series, one = Course(3), np.zeros(1, np.int32), np.ones(1, np.int64)
    rises = [float(course.rise(series, one, np.asarray([fact]))[0]) for fact in (5.0, 7.0, 4.0, np.nan, 6.0, 6.0, 6.0)]
    assert rises == pytest.approx([np.nan, 2.0, -1.0, np.nan, 2.0, 2.0, 0.0], nan_ok=True)
    assert np.isnan(course.rise(series, np.asarray([4]), np.asarray([9.0]))).all()  # all before lies too far back
    assert course.rise(series, np.asarray([3]), np.asarray([10.0])).tolist() == [1.0]
    assert np.isnan(course.rise(series, np.asarray([3]), np.asarray([np.nan]))).all()
    assert np.isnan(course.rise(series, np.asarray([2]), np.asarray([12.0]))).all()  # 10 lies four before
    assert course.rise(series, np.asarray([2]), np.asarray([15.0])).tolist() == [3.0]


def test_rule_of_a_rise_is_judged_by_rises() -> None:
    """More than 3 within four intervals, after a warning."""
    judging = Judging(AlertRule(name="a", rises_by=3, within="40s"), known=1)
    judging.grow(1)
    told = []
    for number, fact in enumerate([0.0, 1.0, 2.0, 3.0, 4.5, 5.0], 1):
        verdicts = judging.step(said(number, fact), np.asarray([number > 2]), np.asarray([number >= 2]), CONTRACT)
        told += list(zip(verdicts.origin.tolist(), verdicts.hit.tolist(), verdicts.gained.tolist(), strict=True))
    assert told == [(5 * INTERVAL, 1, 30.0)]


def test_a_clock_that_was_set_back_leaves_no_warning_of_later() -> None:
    """A warning of interval 1,000 counts from the first interval by the clock that is right: it runs out, or gains no time."""
    judging = Judging(RULE, known=1)
    assert judged("..", ".r", judging, first=1_000) == []
    assert judged(".....", "r....", judging, first=10, before=True) == [("false", 14, NAN)]
    judging = Judging(RULE, known=1)
    assert judged("..", ".r", judging, first=1_000) == []
    assert judged("..X", "rrr", judging, first=10, before=True) == [("hit", 12, 2 * 10.0)]

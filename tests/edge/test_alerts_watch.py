"""One rule over its life: what is on disk brings back all of it."""

import numpy as np
import pytest

from edge.alerts.rule import AlertRule
from edge.alerts.watch import KNOWN, Watch, stood
from edge.contract.columns import Facts, Forecasts
from edge.contract.contract import Contract

CONTRACT = Contract(interval=10, window=6, horizon=3)
RULE = AlertRule(name="hot", series="a*", above=5)


def look(watch: Watch, number: int, median: float, fact: float) -> list[int]:
    """A forecast of the series `a` after an interval with a fact; returns the misses."""
    facts = np.asarray([fact])
    values = np.full((1, 3, 3), median)
    made = Forecasts(
        np.zeros(1, np.int32),
        np.asarray([10 * number]),
        values,
        "m",
        Facts(facts, facts, facts, np.zeros(len(facts), np.int64)),
    )
    watch.grow(["a", "b"])
    for _ in watch.look([made], CONTRACT):
        pass
    return [int(verdicts.miss.sum()) for verdicts in watch.judged()]


def test_quiet_series_are_not_on_disk() -> None:
    """The rule itself is, so that after a restart the first fact counts."""
    watch = Watch(RULE)
    assert look(watch, 1, 0.0, 0.0) == []
    assert watch.dump(whole=False) == {None: KNOWN}
    assert look(watch, 2, 9.0, 0.0) == []
    (row,) = watch.dump(whole=False)
    assert row == 0
    assert watch.dump(whole=False) == {}
    assert set(watch.dump(whole=True)) == {None, 0}


def test_first_fact_after_a_restart_can_be_a_miss() -> None:
    """Of series that were known before."""
    watch = Watch(RULE)
    watch.go_on(1)
    assert look(watch, 1, 0.0, 9.0) == [1]
    assert look(Watch(RULE), 1, 0.0, 9.0) == []


def test_damaged_entry_is_named() -> None:
    """By its rule."""
    with pytest.raises(ValueError, match="alert hot: "):
        Watch(RULE).load(0, b"\x93\x01")


def test_rule_that_looks_back_is_not_judged() -> None:
    """It predicts nothing."""
    watch = Watch(AlertRule(name="odd", leaves="80 %", within="30ns"))
    assert [look(watch, number, 0.0, 9.0) for number in range(1, 8)] == [[]] * 7
    assert watch.standing.raised.tolist() == [True, False]


def test_entry_tells_whether_the_alert_stood() -> None:
    """One that is damaged tells nothing."""
    watch = Watch(RULE)
    look(watch, 1, 9.0, 0.0)
    assert stood(watch.dump(whole=False)[0])
    assert not stood(b"\x93\x01")

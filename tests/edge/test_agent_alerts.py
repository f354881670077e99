"""Alerts in a running agent: in the log, in the store, and neither lost nor told twice by its death."""

import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from edge.agent.counters import Counter
from edge.agent.health import Reason
from edge.alerts.rule import AlertRule
from tests.support.agent_process import START
from tests.support.scripted_agent import MINUTE, Bench, die_before_the_next_commit, each_minute, last_value_bench

Row = tuple[str, str, int, int]  # series, rule, minute, state


def bench_of(folder: Path, *rules: AlertRule) -> Bench:
    """A device that forecasts the last value, with rules."""
    return last_value_bench(folder, alert=rules)


def rows(bench: Bench) -> list[Row]:
    """The changes of state in the store."""
    bench.drain()
    with closing(sqlite3.connect(bench.folder / "store.db")) as connection:
        cursor = connection.execute(
            "SELECT name, rule, time, state FROM alert JOIN series ON series.id = alert.series ORDER BY time, rule, name"
        )
        return [(name, rule, (time - START) // MINUTE, state) for name, rule, time, state in cursor]


HOT = AlertRule(name="hot", series="a.*", above=10)
# Values as of a sensor, from 0 to 30 around 5, then above 10, then below again.
COURSE = [*(5.0 + number % 5 for number in range(30)), *[20.0] * 10, *[5.0] * 20]


def test_alert_is_said_stored_and_counted(tmp_path: Path) -> None:
    """The first forecast beyond is that of minute 31; three minutes after the first forecast below it is over."""
    bench = bench_of(tmp_path, HOT)
    agent = bench.run(each_minute(COURSE))
    assert bench.lines("alert hot: a.x is above 10 °C") == 1
    assert bench.lines("alert hot is over: a.x: the probability that it will be above 10 °C is now 0 %") == 1
    counters = agent.parts.counters
    assert (counters.total(Counter.ALERTS_RAISED), counters.total(Counter.ALERTS_CLEARED)) == (1, 1)
    stored = rows(bench)
    assert {(name, rule) for name, rule, _, _ in stored} == {("a.x", "hot")}
    states = [(minute, state) for _, _, minute, state in stored]
    assert (states[0], states[-1][1]) == ((31, 1), 0)
    assert {state for _, state in states[:-1]} == {1}


@pytest.mark.parametrize("cut", [31, 32, 35, 41, 42, 43, 44])
def test_restart_in_the_middle_of_an_alert_changes_no_row(tmp_path: Path, cut: int) -> None:
    """Neither where it is raised, nor while it stands, nor while it is about to be cleared."""
    whole, halves = bench_of(tmp_path / "whole", HOT), bench_of(tmp_path / "halves", HOT)
    whole.run(each_minute(COURSE))
    halves.run(each_minute(COURSE[:cut]))
    halves.run(each_minute(COURSE[cut:], cut))
    turns = [row for row in rows(whole) if row[2:] in ((31, 1), (44, 0))]
    assert [row for row in rows(halves) if row[2:] in ((31, 1), (44, 0))] == turns
    assert rows(halves)[-1][3] == 0
    assert halves.lines("alert hot: ") == 1


def test_death_before_the_commit_neither_loses_nor_repeats_an_alert(tmp_path: Path) -> None:
    """Nothing of the batch was acknowledged, so it comes again, and the alert is raised by it."""
    bench = bench_of(tmp_path, HOT)
    die_before_the_next_commit(bench.agent([each_minute(COURSE[:31])]), each_minute(COURSE[31:33], 31))
    bench.run(each_minute(COURSE[31:], 31))
    states = [(minute, state) for _, _, minute, state in rows(bench)]
    assert (states[0], states[-1][1]) == ((31, 1), 0)
    assert [minute for minute, _ in states] == sorted({minute for minute, _ in states})


def test_reading_that_flaps_tells_nothing_twice(tmp_path: Path) -> None:
    """One reading on the other side, now and then, while the alert stands."""
    values = [*[5.0] * 30, *([20.0] * 4 + [5.0]) * 6]
    bench = bench_of(tmp_path, HOT)
    agent = bench.run(each_minute(values))
    assert agent.parts.counters.total(Counter.ALERTS_RAISED) == 1
    assert agent.parts.counters.total(Counter.ALERTS_CLEARED) == 0


def test_gap_keeps_an_alert_as_it_is(tmp_path: Path) -> None:
    """What nobody measured says nothing."""
    bench = bench_of(tmp_path, HOT)
    agent = bench.run(each_minute([*[5.0] * 30, *[20.0] * 3]), each_minute([20.0], 40))
    assert agent.parts.counters.total(Counter.ALERTS_RAISED) == 1
    assert agent.parts.counters.total(Counter.ALERTS_CLEARED) == 0
    assert [change.series for change in agent.parts.alerts.standing()] == ["a.x"]


def test_rules_without_series_are_degraded_on_the_health_page(tmp_path: Path) -> None:
    """Ten minutes after the start."""
    bench = bench_of(tmp_path, AlertRule(name="typo", series="freezr.*", above=1))
    now = 0.0
    bench.moment = lambda: now
    agent = bench.agent()
    said = agent.parts.health.reasons[Reason.ALERT_RULES]
    assert said() is None
    now = 700.0
    assert "series 'freezr.*' takes no series: none is known yet" in str(said())
    agent.parts.spool.close()


def verdicts(bench: Bench) -> list[tuple[int, int, int, int, float | None]]:
    """Minute, hit, miss, false alarm and seconds gained, from the store."""
    bench.drain()
    with closing(sqlite3.connect(bench.folder / "store.db")) as connection:
        cursor = connection.execute("SELECT time, hit, miss, false_alarm, gained FROM alert_score ORDER BY time")
        return [((time - START) // MINUTE, *rest) for time, *rest in cursor]


@pytest.mark.parametrize("cuts", [(), (31, 36, 41, 43)])
def test_alerts_are_judged_when_the_facts_are_in(tmp_path: Path, cuts: tuple[int, ...]) -> None:
    """A forecast of the last value sees nothing coming: one miss, also where the agent begins again in between."""
    bench = bench_of(tmp_path, HOT)
    bounds = [0, *cuts, len(COURSE)]
    for first, last in pairwise(bounds):
        bench.run(each_minute(COURSE[first:last], first))
    assert verdicts(bench) == [(31, 0, 1, 0, None)]


def test_alert_whose_rule_is_gone_is_over_in_the_store(tmp_path: Path) -> None:
    """After the next start, with the first forecast; its judgement is nobody's any more."""
    bench = bench_of(tmp_path, HOT)
    bench.run(each_minute(COURSE[:35]))
    bench.config = msgspec.structs.replace(bench.config, alert=())
    agent = bench.run(each_minute(COURSE[35:38], 35))
    assert agent.parts.counters.total(Counter.ALERTS_CLEARED) == 1
    assert rows(bench)[-1][1:] == ("hot", 37, 0)
    assert bench.lines("there is no such rule any more") == 1
    bench.run(each_minute(COURSE[38:40], 38))
    assert rows(bench)[-1][1:] == ("hot", 37, 0)

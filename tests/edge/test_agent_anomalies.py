"""Anomalies in a running agent: in the log, in the store, and neither lost nor told twice by its death."""

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import numpy as np
import pytest

from edge.agent.counters import Counter
from edge.anomalies.rule import AnomalyRule
from tests.support.agent_process import START
from tests.support.scripted_agent import MINUTE, Bench, die_before_the_next_commit, each_minute, last_value_bench

DAY = 1440  # minutes, in which nothing is said
CALM = 720
NOISE = [round(float(value), 2) for value in np.random.default_rng(5).normal(20.0, 0.5, DAY + CALM + 60)]
COURSE: list[float] = [*NOISE[: DAY + 10], 60.0, *NOISE[DAY + 10 :]]


def bench_of(folder: Path, rule: AnomalyRule = AnomalyRule("30d")) -> Bench:  # noqa: B008 - frozen
    """A device that looks for anomalies, late enough for all readings."""
    bench = last_value_bench(folder, anomaly=rule)
    bench.now = START + 2 * len(COURSE) * MINUTE
    return bench


def rows(bench: Bench) -> list[tuple[int, int, float]]:
    """Minute, whether the alarm stands, and rarity of all rows in the store."""
    bench.drain()
    with closing(sqlite3.connect(bench.folder / "store.db")) as connection:
        cursor = connection.execute("SELECT time, raised, rarity FROM anomaly ORDER BY time")
        return [((time - START) // MINUTE, raised, rarity) for time, raised, rarity in cursor]


def test_anomaly_is_said_stored_and_counted(tmp_path: Path) -> None:
    """The glitch and the step back from it are one alarm, over after half a day."""
    bench = bench_of(tmp_path)
    agent = bench.run(each_minute(COURSE))
    assert bench.lines("anomaly: a.x was 60 °C at ") == 1
    assert bench.lines("anomaly is over: a.x was ") == 1
    counters = agent.parts.counters
    assert (counters.total(Counter.ANOMALIES_RAISED), counters.total(Counter.ANOMALIES_CLEARED)) == (1, 1)
    stored = rows(bench)
    raised = [minute for minute, is_raised, _ in stored if is_raised]
    assert raised[0] == DAY + 10
    assert stored[-1][:2] == (raised[-1] + CALM + 1, 0)
    assert min(rarity for _, is_raised, rarity in stored if is_raised) >= 1


def test_off_costs_nothing(tmp_path: Path) -> None:
    """The default: no state, no row."""
    bench = bench_of(tmp_path, AnomalyRule())
    agent = bench.run(each_minute(COURSE[: DAY + 20]))
    assert agent.parts.live.engine is not None
    assert agent.parts.live.engine.watch is None
    assert not bench.lines("anomaly")


@pytest.mark.parametrize("cut", [50, DAY + 10, DAY + 11, DAY + 12, DAY + CALM + 11])
def test_restart_changes_no_row(tmp_path: Path, cut: int) -> None:
    """Neither before an alarm, nor while it stands, nor while it is about to be cleared; also by the journal alone."""
    whole, halves = bench_of(tmp_path / "whole"), bench_of(tmp_path / "halves")
    whole.run(each_minute(COURSE))
    halves.run(each_minute(COURSE[:cut]))
    halves.run(each_minute(COURSE[cut:], cut))
    assert rows(halves) == rows(whole)
    assert halves.lines("anomaly: ") == 1


def test_death_before_the_commit_neither_loses_nor_repeats_an_anomaly(tmp_path: Path) -> None:
    """Nothing of the batch was acknowledged, so it comes again, and the anomaly is raised by it."""
    bench, whole = bench_of(tmp_path / "dies"), bench_of(tmp_path / "lives")
    first = DAY + 10
    die_before_the_next_commit(bench.agent([each_minute(COURSE[:first])]), each_minute(COURSE[first : first + 3], first))
    bench.run(each_minute(COURSE[first:], first))
    whole.run(each_minute(COURSE))
    assert rows(bench) == rows(whole)


def test_turned_on_and_off_between_two_starts(tmp_path: Path) -> None:
    """A snapshot with a watch is read by an agent without one, and the other way round."""
    bench = bench_of(tmp_path)
    bench.run(each_minute(COURSE[:100]))
    for rule in (AnomalyRule(), AnomalyRule("30d")):
        bench.config = msgspec.structs.replace(bench.config, anomaly=rule)
        bench.run(each_minute([20.0], 100 + (rule.days is None)))
    assert not bench.lines("the state of the last run cannot be used")

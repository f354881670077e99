"""The figures of the page, computed by hand from a small store."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.contract.times import DAY
from edge.stores.asking.answer import Answer
from edge.stores.influx import InfluxStore
from edge.stores.sqlite import SqliteStore
from flows.page.figures.alerts import AlertRow, alerts_of
from flows.page.figures.asked import Snapshot, look, look_at_series, look_at_sparks
from flows.page.figures.detail import LeadRow, spacing
from flows.page.figures.fleet import total
from flows.page.figures.series import ORDERS, Row, is_silent, matching, ordered, standing
from tests.support.page_store import FREEZER, HOUR, MODEL, NOW, OLD, YARD, fill, page_store
from tests.support.servers import Influx


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    """The small store."""
    return page_store(tmp_path / "store.db")


def looked(store: SqliteStore) -> Snapshot:
    """What it holds at NOW."""
    return look(store, NOW, by_readings=False)


def test_a_row_has_the_numbers_of_the_store(store: SqliteStore) -> None:
    """The freezer: error (1 + 2 + 2 + 3) / 4 = 2, beside 4; 3 of 4 facts inside; an alert is on."""
    snapshot = looked(store)
    assert (snapshot.now, snapshot.interval, snapshot.span) == (NOW, HOUR, DAY)
    assert snapshot.quantiles == ("q10", "q50", "q90")
    freezer = snapshot.row(FREEZER)
    assert freezer is not None
    assert (freezer.value, freezer.time, freezer.unit, freezer.model, freezer.origin) == (-18.5, NOW, "°C", MODEL, NOW)
    assert (freezer.error, freezer.naive, freezer.coverage, freezer.gain, freezer.alerts) == (2.0, 4.0, 0.75, 0.5, 1)
    yard, old = snapshot.row(YARD), snapshot.row(OLD)
    assert yard is not None
    assert old is not None
    assert (yard.error, yard.naive, yard.gain, yard.model) == (3.0, 2.0, -0.5, "last value")
    assert math.isnan(old.gain)
    assert (old.model, old.origin, old.time) == ("", 0, NOW - 48 * HOUR)
    assert snapshot.row("agent-1") is None  # an agent is no series


def test_the_fleet_has_the_numbers_of_the_store(store: SqliteStore) -> None:
    """Agent, drops by reason, run and alert; the newest row of each counts."""
    snapshot = looked(store)
    (agent,) = snapshot.agents
    assert (agent.name, agent.rate, agent.readings, agent.backlog, agent.lag, agent.silent) == (
        "agent-1",
        2.5,
        9,
        2048,
        0.25,
        1,
    )
    assert [number for _, number in agent.drops] == [7, 3]  # a forecast by a baseline is none
    assert agent.by_baseline == 1200
    assert agent.drops[1][0] == "skipped: bad json"
    assert agent.is_up(NOW)
    assert not agent.is_up(NOW + HOUR)
    (run,) = snapshot.runs
    assert (run.model, run.is_released, run.has_failed, run.skill) == (MODEL, True, False, 0.121)
    assert snapshot.alerts == (AlertRow(FREEZER, "too warm", NOW - HOUR, True, 0.85, NOW + HOUR),)


def test_a_fleet_stands_by_the_median_of_its_gains(store: SqliteStore) -> None:
    """Gains 0.5 and -0.5: the median is 0; one of two is ahead; one series is silent."""
    stands = standing(looked(store).rows, NOW, HOUR)
    assert (stands.series, stands.scored, stands.ahead, stands.gain, stands.silent, stands.alerts) == (3, 2, 1, 0.0, 1, 1)
    assert stands.coverage == pytest.approx((0.75 + 0.5) / 2)
    assert math.isnan(standing([], NOW, HOUR).gain)


def test_in_a_replay_the_newest_reading_says_what_time_it_is(store: SqliteStore) -> None:
    """The clock of the machine is years ahead of recorded data."""
    snapshot = look(store, NOW + 5000 * DAY, by_readings=True)
    assert snapshot.now == NOW
    assert len(snapshot.rows) == 3
    assert look(store, NOW + 5000 * DAY, by_readings=False).rows == ()  # and in a live fleet such series are over


@pytest.mark.servers
def test_an_influxdb_with_the_same_rows_gives_the_same_figures(store: SqliteStore, tmp_path: Path) -> None:
    """Series, agents, runs, alerts, one series and the small pictures."""
    with Influx(tmp_path / "influx") as server:
        server.create("b")
        other = InfluxStore(server.url, "b", server.organisation, server.token)
        fill(other)
        expected, snapshot = looked(store), look(other, NOW, by_readings=False)
        assert repr(replace(snapshot, rows=())) == repr(replace(expected, rows=()))
        assert sorted(map(repr, snapshot.rows)) == sorted(map(repr, expected.rows))
        details = [look_at_series(each, snapshot, FREEZER, 3 * HOUR) for each in (store, other)]
        assert details[0].facts.tolist() == details[1].facts.tolist()
        assert details[0].fan.values.tolist() == details[1].fan.values.tolist()
        assert details[0].leads == details[1].leads
        sparks = [look_at_sparks(each, snapshot, [FREEZER, YARD]) for each in (store, other)]
        assert [each[FREEZER].facts[1].tolist() for each in sparks] == [[-20.0, -19.0, -18.5]] * 2


def test_an_empty_store_has_nothing(tmp_path: Path) -> None:
    """Nothing is made up, and no file is made."""
    snapshot = look(SqliteStore(tmp_path / "none.db"), NOW, by_readings=True)
    assert (snapshot.now, snapshot.rows, snapshot.agents, snapshot.quantiles) == (NOW, (), (), ())


def test_one_series_has_fact_fan_and_errors_by_lead(store: SqliteStore) -> None:
    """What was measured, what is to come with its highest and lowest median, and the means of each lead."""
    snapshot = looked(store)
    detail = look_at_series(store, snapshot, FREEZER, 3 * HOUR)
    assert detail.facts.tolist() == [-20.0, -19.0, -18.5]
    assert detail.fan.levels == (0.1, 0.5, 0.9)
    assert detail.fan.values[1].tolist() == [-19.0, -16.5, -14.0]
    assert detail.extreme(highest=True) == (NOW + HOUR, -16.5)
    assert detail.extreme(highest=False) == (NOW, -18.0)
    assert detail.leads == (LeadRow(1, 1.5, 4.0, 1.0, 2), LeadRow(2, 2.5, 4.0, 0.5, 2))
    nothing = look_at_series(store, snapshot, OLD, 3 * HOUR)
    assert len(nothing.facts) == len(nothing.fan) == len(nothing.leads) == 0
    assert nothing.extreme(highest=True) is None


def test_small_pictures_are_of_the_series_in_view(store: SqliteStore) -> None:
    """Each has its own facts and its own forecast."""
    sparks = look_at_sparks(store, looked(store), [FREEZER, YARD])
    assert list(sparks) == [FREEZER, YARD]
    assert sparks[FREEZER].facts[1].tolist() == [-20.0, -19.0, -18.5]
    assert sparks[YARD].fan.median.tolist() == [7.0]
    assert look_at_sparks(store, looked(store), []) == {}


def test_a_search_finds_every_word_in_any_order() -> None:
    """And in any case."""
    listed = [Row("hall.Temperature", 1.0, NOW), Row("hall.door", 1.0, NOW), Row("yard.temperature", 1.0, NOW)]
    assert [row.name for row in matching(listed, "TEMP hall")] == ["hall.Temperature"]
    assert matching(listed, "") == listed
    assert matching(listed, "cellar") == []


def test_orders_put_first_what_they_say() -> None:
    """Gains 0.5, -0.2 and none; an alert on the second of the alphabet; the third is silent."""
    listed = [
        Row("c", 1.0, NOW - 30 * HOUR),
        Row("a", 1.0, NOW, error=1.0, naive=2.0),
        Row("b", 1.0, NOW - HOUR, error=1.2, naive=1.0, alerts=1),
        Row("d", 1.0, NOW, error=3.0, naive=1.0),
    ]
    expected = {"attention": "bcda", "name": "abcd", "error": "dbac", "alert": "bacd", "silence": "cbad"}
    assert {order: "".join(row.name for row in ordered(listed, order, NOW, HOUR)) for order in ORDERS} == expected
    assert [is_silent(row, NOW, HOUR) for row in listed] == [True, False, False, False]
    assert not is_silent(listed[0], NOW, 0)  # where the interval is not known nothing is said


def test_the_usual_distance_is_the_median() -> None:
    """Of moments in order; fewer than two have none."""
    assert spacing(np.asarray([NOW, NOW + HOUR, NOW + 3 * HOUR])) == 3 * HOUR // 2
    assert spacing(np.asarray([NOW])) == 0


def test_sums_and_columns_leave_out_what_is_not_known() -> None:
    """No number is made up."""
    assert total([1.0, math.nan, 2.0]) == 3.0
    assert math.isnan(total([math.nan]))
    assert Answer(["a"], np.zeros(1, np.int64)).texts("model") == [""]


def test_alerts_that_are_on_come_first_and_the_most_probable_of_them() -> None:
    """Those without a probability behind the others; of cleared ones the newest five, and of a rule its newest row."""
    told = [("s", "old", 1, 0, 0.1), *((f"c{hour}", "r", hour, 0, 0.0) for hour in range(6))]
    told += [
        ("x", "r", 7, 0, 0.9),
        ("x", "r", 8, 1, 0.6),
        ("b", "r", 8, 1, math.nan),
        ("a", "r", 8, 1, 0.9),
        ("0", "r", 8, 1, 0.6),
    ]
    owners, rules, hours, states, probabilities = zip(*told, strict=True)
    cells = {"rule": rules, "state": states, "probability": probabilities, "crossing": [None] * len(told)}
    made = alerts_of(Answer(list(owners), NOW + HOUR * np.asarray(hours, np.int64), cells))
    assert [alert.series for alert in made if alert.is_on] == ["a", "0", "x", "b"]
    assert [alert.series for alert in made if not alert.is_on] == ["c5", "c4", "c3", "c2", "c1"]
    assert {alert.crossing for alert in made} == {0}

"""Forecasts become changes for others and rows for the store; what is raised survives."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.alerts.alerts import SETTLED, Alerts
from edge.alerts.change import AlertChange
from edge.alerts.rule import AlertRule
from edge.contract.columns import Facts, Forecasts, SeriesTable
from edge.contract.contract import Contract
from edge.contract.meaning import Meaning
from edge.contract.schema import ALERT
from edge.contract.times import SECOND

MINUTE = 60 * SECOND
CONTRACT = Contract(interval=MINUTE, window=6, horizon=3)
START = 1_768_478_400 * SECOND
HOT = AlertRule(name="hot", series="a.*", above=10)


def made(values: dict[int, float], minute: int, model: str = "m") -> Forecasts:
    """Forecasts of some series with the same median at each lead, from an origin, with facts of 0."""
    middle = np.tile(np.asarray([*values.values()])[:, None], (1, 3))
    facts = np.zeros(len(middle))
    return Forecasts(
        np.asarray([*values], np.int32),
        np.full(len(middle), START + minute * MINUTE),
        np.stack([middle - 1, middle, middle + 1], axis=2),
        model,
        Facts(facts, facts, facts, np.zeros(len(facts), np.int64)),
    )


def table() -> SeriesTable:
    """Two series of the rule and another one."""
    return SeriesTable(["a.x", "b.y", "a.z"], lambda _: Meaning(unit="°C"))


def test_change_has_everything_that_others_need() -> None:
    """Of the series of the rule alone; the first crossing by the median is at the origin."""
    alerts = Alerts([HOT], table())
    (change,) = alerts.look([made({0: 12.0, 1: 12.0, 2: 0.0}, 0)], CONTRACT)
    assert change == AlertChange(
        "hot",
        "a.x",
        raised=True,
        probability=pytest.approx(1.0, abs=0.03),  # type: ignore[arg-type]
        crossing=START,
        earliest=START,
        latest=START,
        origin=START,
        model="m",
        turned=True,
        beyond=False,
    )
    assert alerts.words(change).startswith("a.x will be above 10 °C at ")
    assert [(other.series, other.raised) for other in alerts.standing()] == [("a.x", True)]


def test_what_is_so_is_told_where_no_forecast_says_it() -> None:
    """A forecaster that takes a defect for a passing one: the second interval that is too warm raises the alert, one not."""
    alerts, raised = Alerts([HOT], table()), []
    for minute, fact in enumerate((0.0, 12.0, 0.0, 12.0, np.nan, 12.0, 12.0)):
        forecasts = made({0: 5.0}, minute)
        facts = np.asarray([fact])
        changes = alerts.look([replace(forecasts, facts=Facts(facts, facts, facts, np.zeros(len(facts), np.int64)))], CONTRACT)
        raised += [(minute, alerts.words(change)) for change in changes if change.turned]
    moment = datetime.fromtimestamp((START + 4 * MINUTE) / SECOND).astimezone()
    assert raised == [(5, f"a.x is above 10 °C: 12 °C at {moment:%H:%M}")]
    assert alerts.judged() == (0, 1, 0)  # one value between two others ends nothing


def test_rows_are_told_once_with_series_rule_and_origin() -> None:
    """State, probability, times in seconds, and what has forecast."""
    alerts = Alerts([HOT, AlertRule(name="very-hot", above=11.5)], table())
    alerts.look([made({0: 9.4}, 0, "gru"), made({2: 13.0}, 1, "last_value")], CONTRACT)
    rows = alerts.rows()
    assert [(part.measurement, part.labels["rule"], part.series.tolist(), part.time.tolist()) for part in rows] == [
        (ALERT, "hot", [2], [START + MINUTE]),
        (ALERT, "very-hot", [2], [START + MINUTE]),
    ]
    fields = rows[0].fields
    assert list(fields) == [field.name for field in ALERT.fields]
    assert fields["state"].tolist() == [1]  # type: ignore[union-attr]
    assert fields["crossing"].tolist() == [START / SECOND + 60]  # type: ignore[union-attr]
    assert fields["model"] == "last_value"
    assert alerts.rows() == []


def test_alert_that_is_over_has_a_row_with_state_0() -> None:
    """After two intervals with a low probability."""
    alerts = Alerts([HOT], table())
    changes = [alerts.look([made({0: value}, minute)], CONTRACT) for minute, value in enumerate([12.0, 0.0, 0.0, 0.0, 0.0])]
    assert [[change.raised for change in each if change.turned] for each in changes] == [[True], [], [], [False], []]
    states = [part.fields["state"].tolist() for part in alerts.rows() if part.measurement is ALERT]  # type: ignore[union-attr]
    assert (states[0], states[-1]) == ([1], [0])
    assert alerts.standing() == []


def test_several_origins_of_one_step_are_taken_in_their_order() -> None:
    """By whatever forecaster; the last row counts."""
    alerts = Alerts([HOT], table())
    changes = alerts.look([made({0: 0.0}, 4), made({0: 12.0}, 0), made({0: 0.0}, 2), made({0: 0.0}, 1)], CONTRACT)
    assert [(change.origin - START) // MINUTE for change in changes if change.turned] == [0, 4]
    assert alerts.standing() == []


def test_what_is_raised_comes_back_after_a_restart() -> None:
    """It is neither raised again nor forgotten; what is of rules and series that are no more is deleted."""
    alerts = Alerts([HOT, AlertRule(name="old", above=1)], table())
    alerts.look([made({0: 12.0, 2: 12.0}, 0)], CONTRACT)
    disk = dict(alerts.dump())
    assert sorted(disk) == ["hot\n", "hot\na.x", "hot\na.z", "old\n", "old\na.x", "old\na.z"]
    assert alerts.dump() == {}
    assert alerts.dump(whole=True) == disk
    again = Alerts([HOT], SeriesTable(["b.y", "a.z"]))
    again.load(disk)
    (before,) = [change for change in alerts.standing() if change.rule == "hot" and change.series == "a.z"]
    assert again.standing() == [before]
    old, change = again.look([made({1: 12.0}, 1)], CONTRACT)
    assert (old.rule, old.series, old.raised, old.turned) == ("old", "a.z", False, True)
    assert again.words(old) == "a.z: there is no such rule any more"
    assert [part.labels["rule"] for part in again.rows()] == ["old", "hot"]
    assert (change.turned, change.raised) == (False, True)
    assert {key: data for key, data in again.dump().items() if not data} == {
        "hot\na.x": b"",
        "old\n": b"",
        "old\na.x": b"",
        "old\na.z": b"",
    }
    empty = Alerts([], SeriesTable(["b.y", "a.z"]))
    empty.load(disk)
    assert [change.rule for change in empty.look([made({1: 12.0}, 1)], CONTRACT)] == ["hot", "old"]
    assert empty.look([made({1: 12.0}, 2)], CONTRACT) == []
    with pytest.raises(ValueError, match="alert hot: "):
        again.load({"hot\na.z": b"x"})


def test_new_series_are_taken_as_they_come() -> None:
    """The table grows while the agent runs."""
    series = table()
    alerts = Alerts([HOT], series)
    alerts.look([made({0: 0.0}, 0)], CONTRACT)
    series.add("a.new")
    assert [change.series for change in alerts.look([made({3: 12.0}, 1)], CONTRACT)] == ["a.new"]


def test_rules_that_take_nothing_are_said_after_a_while() -> None:
    """And what looks beyond the horizon at once; without rules there is nothing to say."""
    now = 0.0
    rules = [AlertRule(name="typo", series="freezr.*", above=1), AlertRule(name="far", above=1, within="1h")]
    alerts = Alerts(rules, table(), lambda: now)
    assert alerts.problem is None
    alerts.look([made({0: 0.0}, 0)], CONTRACT)
    assert str(alerts.problem).startswith("[[alert]] far: within = '1h' lies beyond the horizon of the forecasts, 3min")
    now = SETTLED
    assert "name 'typo': series 'freezr.*' takes none of the 3 series, such as 'a.x'" in str(alerts.problem)
    assert Alerts([], table(), lambda: now).look([made({0: 99.0}, 0)], CONTRACT) == []


def test_nothing_is_read_of_a_step_without_forecasts() -> None:
    """As most steps are."""
    alerts = Alerts([HOT], table())
    assert alerts.look([], CONTRACT) == alerts.look([made({}, 0)], CONTRACT) == []


def test_alert_of_a_series_without_forecasts_is_over_after_the_horizon() -> None:
    """As of a sensor that was taken away; a start gives each of them as much time again."""
    now = 0.0
    alerts = Alerts([HOT], table(), lambda: now)
    alerts.look([made({0: 12.0, 2: 12.0}, 0)], CONTRACT)
    disk = dict(alerts.dump())
    now = 170.0
    assert [change.turned for change in alerts.look([made({2: 12.0}, 3)], CONTRACT)] == [False]
    alerts.rows()
    now = 300.0
    (change,) = alerts.look([], CONTRACT)
    assert (change.series, change.raised, change.turned, change.probability, change.origin) == (
        "a.x",
        False,
        True,
        None,
        START + MINUTE,
    )
    (row,) = alerts.rows()
    assert (row.series.tolist(), row.time.tolist(), row.fields["model"]) == ([0], [START + MINUTE], "none")
    assert alerts.look([], CONTRACT) == []
    later = Alerts([HOT], table(), lambda: now)
    later.load({key: data for key, data in (disk | dict(alerts.dump())).items() if data})
    assert [change.series for change in later.standing()] == ["a.z"]
    again = Alerts([HOT], table(), lambda: now)
    again.load(disk)
    now = 470.0
    assert again.look([], CONTRACT) == []
    now = 531.0
    assert [change.series for change in again.look([], CONTRACT)] == ["a.x", "a.z"]


def test_complaint_is_said_once() -> None:
    """And again where it is another one."""
    now = SETTLED
    start = 0.0
    alerts = Alerts([AlertRule(name="typo", series="freezr.*", above=1)], table(), lambda: start)
    assert alerts.complaint() is None
    start = now
    assert "typo" in str(alerts.complaint())
    assert alerts.complaint() is None


levels = st.lists(st.lists(st.floats(5, 15), min_size=3, max_size=3), min_size=1, max_size=12)


@given(levels, st.lists(st.integers(1, 4), min_size=12, max_size=12))
def test_steps_of_any_size_say_the_same(values: list[list[float]], sizes: list[int]) -> None:
    """As after a pause of the network, when many origins come at once."""
    rules = [HOT, AlertRule(name="cold", below=8, within="1min"), AlertRule(name="up", rises_by=3)]

    def told(groups: list[list[int]]) -> list[AlertChange]:
        alerts = Alerts(rules, table())
        changes = []
        for group in groups:
            forecasts = [made(dict(enumerate(values[minute])), minute) for minute in group]
            changes += alerts.look(forecasts, CONTRACT)
        return sorted(changes, key=lambda change: (change.origin, change.rule, change.series))

    minutes, groups = list(range(len(values))), []
    for size in sizes:
        groups.append(minutes[:size])
        minutes = minutes[size:]
    assert told([group for group in groups if group]) == told([[minute] for minute in range(len(values))])


def test_a_rule_without_series_looks_at_each_name_once() -> None:
    """What cannot be is asked for after every step: ten thousand names must not be read again each time."""
    now, series = [0.0], SeriesTable(f"s{number}" for number in range(3))
    asked: list[str] = []

    class Asking(AlertRule, frozen=True, kw_only=True):
        """A rule that remembers which names it was asked for."""

        def takes(self, series: str) -> bool:
            """As a rule does."""
            asked.append(series)
            return super().takes(series)

    alerts = Alerts([Asking(name="none", series="x*", above=1)], series, lambda: now[0])
    now[0] = SETTLED
    assert "takes none of the 3 series" in str(alerts.problem)
    assert alerts.problem == alerts.complaint()
    assert asked == ["s0", "s1", "s2"]
    series.add("x1")
    assert (alerts.problem, asked[3:]) == (None, ["x1"])

"""Kind of fault: sensors that report on change only, and meters. Windows of series that are no plain gauges.

`test_series_state.py` compares them with a slow reference.
"""

import itertools

import numpy as np

from edge.contract.columns import Float64, Int32, Readings, SeriesTable
from edge.contract.contract import Context, Contract
from edge.contract.meaning import GAUGE, Meaning
from edge.contract.schema import FORECAST, FORECAST_SCORE
from edge.contract.times import SECOND
from edge.forecaster.baselines import Baseline, seasonal_naive
from edge.forecaster.learned import Learned
from edge.series.engine import Engine
from edge.series.outlook import Leads
from edge.series.state import State
from tests.edge.test_series_engine import Counter
from tests.support.filling import fill


def test_a_silent_series_is_held_by_the_clock_as_long_as_it_may() -> None:
    """A sensor that reports on change has its last value in every window until then, also where the window has passed it."""
    state = State(Contract(interval=10, window=3, horizon=1), meaning=lambda _: Meaning(hold=60))
    state.ingest(Readings.of([0], [5], [21.5]))
    windows = [state.advance(now).windows[0].tolist() for now in range(10, 90, 10)]
    assert windows[5:7] == [[21.5, 21.5, 21.5]] * 2
    np.testing.assert_array_equal(windows[7], [21.5, 21.5, np.nan])


def test_a_counter_shows_what_was_added_beside_gauges() -> None:
    """The last reading minus that of the interval before, also where that lies before the window."""
    state = State(Contract(interval=10, window=2, horizon=1), meaning=[GAUGE, Meaning("counter")].__getitem__)
    times = [0, 9, 10, 25, 30]
    state.ingest(Readings.of([0] * 5, times, [1.0, 3.0, 4.0, 5.0, 6.0]))
    closed = state.ingest(Readings.of([1] * 5, times, [100.0, 103.0, 104.0, 106.0, 5.0])).closed
    np.testing.assert_array_equal(closed.windows[-1], [1.0, 2.0])
    np.testing.assert_array_equal(state.advance(40).windows, [[5.0, 6.0], [2.0, 5.0]])


def test_a_shorter_window_remembers_what_it_holds() -> None:
    """The last value lies before its cells; a longer one shows it again."""
    state = State(Contract(interval=10, window=30, horizon=1), meaning=lambda _: Meaning(hold=500))
    state.ingest(Readings.of([0], [5], [21.5]))
    state.advance(300)
    shorter = state.adapted(Contract(interval=10, window=2, horizon=1), 0)
    assert shorter.advance(310).windows.tolist() == [[21.5, 21.5]]
    assert shorter.adapted(Contract(interval=10, window=40, horizon=1), 0).advance(320).windows[0, -32:].tolist() == [21.5] * 32


def test_a_series_that_means_something_else_now_is_named() -> None:
    """What its cells hold is of no use then; a series that was never seen has no cells."""
    meanings = [GAUGE, GAUGE, Meaning("counter")]
    state = State(Contract(interval=10, window=2, horizon=1), meaning=meanings.__getitem__)
    state.ingest(Readings.of([0, 2], [5, 5], [1.0, 1.0]))
    assert state.means_otherwise() == []
    meanings[:] = [Meaning(unit="W"), Meaning("counter"), Meaning("counter", 10)]
    assert state.means_otherwise() == [2]


def test_a_series_that_may_be_silent_is_not_named_before_its_time() -> None:
    """Usual is what its readings say, and not what was held between them."""
    state = State(Contract(interval=10, window=8, horizon=1), meaning=[GAUGE, Meaning(hold=400)].__getitem__)
    state.ingest(Readings.of([0] * 4 + [1] * 4, [0, 20, 40, 60] * 2, [1.0] * 8))
    assert state.silent(140, 3).tolist() == [0]
    assert state.silent(470, 3).tolist() == [0, 1]


HOUR = 3600 * 10**9


def test_a_sensor_that_reports_on_change_is_forecast_while_it_is_silent() -> None:
    """One reading, then the clock for 60 hours: held for a day, there are forecasts for a day and the window."""
    contract, day = Contract(HOUR, 24, 2, quantiles=(0.5,)), 24 * HOUR
    made = {}
    for hold in (0, day, 3 * day):
        engine = Engine(seasonal_naive(contract), (), SeriesTable(["door"], {"door": Meaning(hold=hold)}.get))
        engine.step(Readings.of([0], [60 * 10**9], [21.5]))
        steps = [engine.step(Readings.empty(), now * HOUR) for now in range(1, 61)]
        made[hold] = [bool(step.forecasts) for step in steps].count(True)
        assert {float(value) for step in steps for each in step.forecasts for value in each.values.ravel()} == {21.5}
        # A held value is the fact of its interval: each forecast of it is scored.
        assert sum(len(step.scores) for step in steps) == 2 * min(hold // HOUR, 59) - (1 if hold else 0)
    assert made == {0: 24, day: 48, 3 * day: 60}


def test_forecasts_and_facts_of_a_meter_are_what_was_added() -> None:
    """A meter that adds 2 in every interval: rows of the store are readings, forecasts say 2, and the error is 0."""
    contract = Contract(10, 4, 1, quantiles=(0.5,))
    engine = Engine(Baseline("last_value", contract), (), SeriesTable(["meter"], {"meter": Meaning("counter")}.get))
    effect = engine.step(Readings.of([0] * 6, range(0, 60, 10), [1000.0, 1002, 1004, 1006, 1008, 1010]))
    values = {points.measurement: points.fields for points in effect.points}
    assert set(np.asarray(values[FORECAST]["q50"]).tolist()) == {2.0}
    assert set(np.asarray(values[FORECAST_SCORE]["error"]).tolist()) == {0.0}
    assert effect.points[0].readings().value.tolist() == [1000.0, 1002, 1004, 1006, 1008, 1010]


def test_a_bundle_says_what_a_series_is_that_the_device_does_not_know() -> None:
    """Its windows are emptied where another bundle says otherwise, and history fills them again."""
    contract = Contract(10, 2, 1, quantiles=(0.5,))
    forecaster = Baseline("last_value", contract)
    engine = Engine(forecaster, ["meter"], SeriesTable(["meter"]), learned=Learned({"meter": Meaning("counter", 40)}))
    assert engine.lookback == 2 + 2 + 4
    engine.step(Readings.of([0, 0], [0, 10], [1.0, 3.0]))
    assert engine.swap(forecaster, ["meter"], Learned({"meter": Meaning("counter", 40, "kWh")}))
    assert not engine.swap(forecaster, ["meter"])
    assert (len(engine.state), engine.lookback) == (0, 2)
    fill(engine, [Readings.of([0, 0], [0, 10], [1.0, 3.0])])
    assert engine.step(Readings.of([0], [20], [9.0])).forecasts[0].values.ravel().tolist() == [3.0]


def test_what_was_saved_under_another_meaning_is_emptied_and_named() -> None:
    """A snapshot of an earlier configuration, or of an earlier version, is not read as what it is not."""
    contract = Contract(10, 2, 1, quantiles=(0.5,))
    engines = [
        Engine(Baseline("last_value", contract), (), SeriesTable(["hall", "meter"], {"meter": meaning}.get))
        for meaning in (GAUGE, Meaning("counter"), Meaning(unit="kWh"))
    ]
    engines[0].step(Readings.of([0, 1, 0, 1], [0, 0, 10, 10], [1.0, 2.0, 3.0, 4.0]))
    for engine, name, known in zip(engines[1:], ("meter", None), (0, 2), strict=True):
        engine.load(iter([*engines[0].dump()]))
        assert (engine.settle(), len(engine.state)) == (name, known)


def test_a_restart_goes_on_with_counters_and_held_values() -> None:
    """Snapshot and journal in the middle of a stream change no later forecast or score."""
    contract = Contract(10, 3, 2, quantiles=(0.5,))
    meanings = {"meter": Meaning("counter"), "door": Meaning(hold=200)}

    def new() -> Engine:
        return Engine(Baseline("last_value", contract), (), SeriesTable(["hall", "meter", "door"], meanings.get))

    stream = [Readings.of([0, 1], [t, t + 1], [float(t), 100.0 + 3 * t]) for t in range(0, 200, 10)]
    stream[2] = Readings.concatenate([stream[2], Readings.of([2], [25], [21.5])])
    straight, first, again = new(), new(), new()
    straight_steps = [straight.step(batch, int(batch.time.max())) for batch in stream]
    entries = [first.step(batch, int(batch.time.max())).entry for batch in stream[:8]]
    snapshot = [*first.dump()]
    entries = [first.step(batch, int(batch.time.max())).entry for batch in stream[8:12]]
    again.load(iter(snapshot))
    for entry in entries:
        again.replay(entry)
    assert again.settle() is None
    for batch, expected in itertools.zip_longest(stream[12:], straight_steps[12:]):
        effect = again.step(batch, int(batch.time.max()))
        assert repr(effect.scores) == repr(expected.scores)
        assert repr(effect.forecasts) == repr(expected.forecasts)


class Sinking(Baseline):
    """Forecasts one below 0, whatever it sees."""

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """As `Baseline`."""
        return np.full_like(super().predict(windows, series, context), -1.0)


def test_a_counter_is_never_forecast_to_take_something_back() -> None:
    """A model that does not know the limit meets it; a gauge beside may fall as it likes."""
    contract = Contract(10, 2, 1, quantiles=(0.5,))
    engine = Engine(Sinking("sinking", contract), (), SeriesTable(["hall", "meter"], {"meter": Meaning("counter")}.get))
    effect = engine.step(Readings.of([0, 0, 1, 1, 1], [0, 10, 0, 10, 20], [1.0, 2.0, 3.0, 4.0, 5.0]))
    forecasts = {series: value for each in effect.forecasts for series, value in zip(each.series, each.values, strict=True)}
    assert {int(series): value.item() for series, value in forecasts.items()} == {0: -1.0, 1: 0.0}


def test_what_a_message_told_survives_a_restart_where_a_name_tells_nothing() -> None:
    """The snapshot knows it; a series that was never seen takes what is told later without a fuss."""
    contract = Contract(10, 2, 1, quantiles=(0.5,))
    before = SeriesTable(["x", "meter", "door"])
    before.correct(1, Meaning("counter"))
    assert before.corrections == 1
    first = Engine(Baseline("last_value", contract), (), before)
    first.step(Readings.of([1, 1], [0, 10], [1.0, 2.0]))
    series = SeriesTable(["x", "meter", "door"])
    again = Engine(Baseline("last_value", contract), (), series)
    again.load(iter([*first.dump()]))
    assert (again.settle(), series.meanings[1]) == (None, Meaning("counter"))
    series.correct(0, Meaning("counter", unit="m³"))
    assert again.state.means_otherwise() == []
    forecasts = again.step(Readings.of([0, 0, 0, 1], [0, 10, 20, 20], [5.0, 7.0, 8.0, 5.0])).forecasts
    (made,) = forecasts
    newest = dict(zip(made.series.tolist(), made.values[:, 0, 0].tolist(), strict=True))
    assert newest == {0: 2.0, 1: 1.0}
    series.correct(1, GAUGE)
    assert again.state.means_otherwise() == [1]


def test_a_baseline_forecasts_the_series_that_the_bundle_names_for_it() -> None:
    """Named as such, the median only, from any window; scored beside the seasonal naive. The model never sees its windows."""
    contract = Contract(interval=8 * 3600 * SECOND, window=9, horizon=2)
    model, series = Counter(contract), SeriesTable(["a", "b"])
    learned = Learned(baselines={"b": "mean_of_3_days"})
    fleet = Engine(model, ["a", "b"], series, leads=Leads((1, 2)), learned=learned)
    numbers = np.arange(12)
    step = Readings.of(np.repeat([0, 1], 12).tolist(), np.tile(contract.interval * numbers, 2).tolist(), [*numbers, *numbers])
    effect = fleet.step(step)
    made = {(forecasts.model, row) for forecasts in effect.forecasts for row in forecasts.series.tolist()}
    assert made == {("counter", 0), ("seasonal_naive_day", 0), ("mean_of_3_days", 1)}
    assert model.asked is not None
    assert set(model.asked.tolist()) == {1}
    (simple,) = (forecasts for forecasts in effect.forecasts if forecasts.model == "mean_of_3_days")
    assert simple.origin.tolist() == (contract.interval * numbers[1:]).tolist()
    assert simple.values[-1, :, 1].tolist() == [(2 + 5 + 8) / 3, (3 + 6 + 9) / 3]
    assert np.isnan(simple.values[:, :, [0, 2]]).all()
    own = effect.scores.series == 1
    assert (effect.scores.absolute_error[own][-1], effect.scores.baseline_absolute_error[own][-1]) == (6.0, 3.0)
    fleet.swap(model, ["a", "b"])
    effect = fleet.step(Readings.of([0, 1], [contract.interval * 12] * 2, [12, 12]))
    assert [(forecasts.model, forecasts.series.tolist()) for forecasts in effect.forecasts] == [("counter", [0, 1])]

"""Counting and measuring what a replay left in the store."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from edge.contract.columns import Points, Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.schema import FORECAST_LEAD, READING
from edge.contract.times import SECOND
from edge.series.scoring import default_leads
from edge.stores.sqlite import SqliteStore
from pipeline.judging.stored_forecasts import count, expected_forecasts, measure, stored_leads

HOUR = 3600 * SECOND
START = 1_700_000_000 * SECOND // HOUR * HOUR
CONTRACT = Contract(HOUR, 48, 4)
NAMES = SeriesTable(["a", "b"])


def readings(hours: int) -> Readings:
    """Two counting series: a is k at hour k, b is 10 k."""
    k = np.arange(hours)
    return Readings(
        np.tile(np.array([0, 1], np.int32), hours),
        np.repeat(START + k * HOUR, 2),
        np.repeat(k, 2) * np.tile([1.0, 10.0], hours),
    )


def put(store: SqliteStore, *points: Points) -> None:
    """Write points."""
    store.write(store.encode(points, NAMES))


def lead_points(origins: list[int], error: float, width: float, leads: Sequence[int] = range(1, 5)) -> Points:
    """Forecasts of the counting series from these hours: always `error` too high, with an interval of ± width."""
    series, lead, origin = (grid.ravel() for grid in np.meshgrid([0, 1], np.asarray(leads), origins, indexing="ij"))
    hour = origin + lead - 1
    median = hour * np.where(series == 0, 1.0, 10.0) + error
    fields = {"q10": median - width, "q50": median, "q90": median + width}
    return Points(FORECAST_LEAD, series.astype(np.int32), START + hour * HOUR, {**fields}, lead.astype(np.int32))


def test_everything_sent_and_stored_once_is_neither_lost_nor_doubled(tmp_path: Path) -> None:
    """Counts of a whole replay."""
    store, sent = SqliteStore(tmp_path / "s.db"), readings(10)
    put(store, Points.of_readings(sent), lead_points([1, 2], 0, 1))
    found = count(store, sent, NAMES, 4, START, START + 20 * HOUR)
    assert (found.readings_sent, found.readings_stored, found.forecasts, found.lost, found.doubled) == (20, 20, 4, 0, 0)
    store.close()


def test_each_kind_of_loss_is_counted(tmp_path: Path) -> None:
    """Missing readings, wrong values and missing forecasts are lost; what nobody sent is doubled."""
    store, sent = SqliteStore(tmp_path / "s.db"), readings(10)
    value = sent.value.copy()
    value[3] += 1
    extra = Points(READING, np.zeros(1, np.int32), np.array([START + 5]), {"value": np.ones(1)})
    put(store, Points(READING, sent.series[1:], sent.time[1:], {"value": value[1:]}), extra, lead_points([1, 2], 0, 1))
    found = count(store, sent, NAMES, 7, START, START + 20 * HOUR)
    assert (found.readings_stored, found.lost, found.doubled) == (18, 2 + 3, 1)
    assert count(store, sent, NAMES, 3, START, START + 20 * HOUR).doubled == 2
    store.close()


def test_lead_h_is_compared_with_the_interval_h_after_the_origin(tmp_path: Path) -> None:
    """On counting series a forecast that is 0.5 too high has error 0.5 at every lead; the last value is h too low."""
    store, history = SqliteStore(tmp_path / "s.db"), readings(100)
    put(store, lead_points(list(range(60, 90)), 0.5, 1.0))
    errors = measure(store, CONTRACT, range(1, 5), history, NAMES, (START + 50 * HOUR, START + 100 * HOUR)).errors
    assert errors.forecasters[:2] == ("model", "last_value")
    np.testing.assert_allclose(errors.by_series[0], [0.5, 0.5], rtol=1e-5)
    np.testing.assert_allclose(errors.by_series[1], [2.5, 25.0], rtol=1e-5)
    np.testing.assert_allclose(errors.by_lead[1], np.array([1, 2, 4]) / 2.5, rtol=1e-5)
    np.testing.assert_allclose(errors.skills, [1 - 0.5 / 2.5, 1 - 0.5 / 25], rtol=1e-5)
    assert (errors.won, errors.coverage) == (2, 1.0)
    store.close()


def test_a_series_on_which_a_baseline_is_better_is_named(tmp_path: Path) -> None:
    """The summary must show where the model loses, and the interval that misses counts as a miss."""
    store = SqliteStore(tmp_path / "s.db")
    put(store, lead_points(list(range(60, 90)), 9.0, 1.0))
    errors = measure(store, CONTRACT, range(1, 5), readings(100), NAMES, (START, START + 100 * HOUR)).errors
    assert [(name, baseline) for name, baseline, _ in errors.lost_to()] == [("a", "last_value")]
    assert errors.lost_to()[0][2] == pytest.approx(1 - 9 / 2.5, rel=1e-5)
    assert (errors.won, errors.coverage) == (1, 0.0)
    store.close()


def test_a_baseline_without_intervals_has_no_coverage(tmp_path: Path) -> None:
    """NaN, not 0: the baseline did not say an interval."""
    store = SqliteStore(tmp_path / "s.db")
    put(store, lead_points(list(range(60, 90)), 0.0, float("nan")))
    assert np.isnan(measure(store, CONTRACT, range(1, 5), readings(100), NAMES, (START, START + 100 * HOUR)).errors.coverage)
    store.close()


@pytest.mark.parametrize("minutes", [0, 51])
def test_the_readings_alone_say_how_many_forecasts_are_due(minutes: int) -> None:
    """Each filled interval closes what came before it, wherever in the interval the reading stands."""
    everything = readings(60)
    shifted = Readings(everything.series, everything.time + minutes * 60 * SECOND, everything.value)
    history, stream = shifted.take(shifted.time < START + 50 * HOUR), shifted.take(shifted.time >= START + 50 * HOUR)
    assert expected_forecasts(history, stream, CONTRACT) == 20
    assert expected_forecasts(Readings.empty(), stream, CONTRACT) == 18


def test_after_a_gap_longer_than_the_window_no_forecast_is_due() -> None:
    """A window without any value cannot be forecast from; one whose oldest value is just inside can."""
    stream = Readings.of([0, 0, 0], [START, START + 48 * HOUR, START + (48 + 49) * HOUR], [1.0, 2.0, 3.0])
    assert expected_forecasts(Readings.empty(), stream, CONTRACT) == 1


def test_an_agent_that_forecasts_nothing_has_lost_every_forecast(tmp_path: Path) -> None:
    """What the agent says of itself does not count."""
    store, sent = SqliteStore(tmp_path / "s.db"), readings(10)
    put(store, Points.of_readings(sent))
    assert count(store, sent, NAMES, 18, START, START + 20 * HOUR).lost == 18
    store.close()


@pytest.mark.parametrize("horizon", [1, 2, 23, 96, 97, 288, 720])
def test_the_leads_that_are_stored_hold_the_default_ones_and_not_many_more_than_a_hundred(horizon: int) -> None:
    """The table and the plots have what they show, and a long horizon does not fill the store."""
    leads = stored_leads(horizon)
    assert set(default_leads(horizon)) <= set(leads)
    assert len(leads) <= min(horizon, 100)
    assert list(leads) == sorted(set(leads))

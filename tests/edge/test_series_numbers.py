"""Kinds: values at the edge of float32, and glitches.

A large level hides no movement, and one absurd value moves no forecast.
"""

import numpy as np
import pytest

from edge.contract.columns import Float64, Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.meaning import Meaning
from edge.contract.schema import FORECAST_LEAD
from edge.contract.times import SECOND
from edge.forecaster.baselines import Baseline, seasonal_naive
from edge.forecaster.learned import Learned
from edge.series.effect import Effect
from edge.series.engine import Engine
from edge.series.entry import Entry

HOUR = 3600 * SECOND
CONTRACT = Contract(HOUR, 96, 24, max_missing=1.0)


def hourly(values: Float64, first: int = 0) -> Readings:
    """A reading at the start of each hour."""
    return Readings.of([0] * len(values), (HOUR * np.arange(first, first + len(values))).tolist(), values.tolist())


def day_and_night(hours: int) -> Float64:
    """A swing of 5 about 20, to a sixteenth."""
    values: Float64 = np.round(16 * (20 + 5 * np.sin(2 * np.pi * np.arange(hours) / 24))) / 16
    return values


def engine(forecaster: Baseline) -> Engine:
    """One series."""
    return Engine(forecaster, (), SeriesTable(["meter"]))


def medians(effect: Effect) -> list[float]:
    """Forecasts of lead 1 as they go to the store."""
    (points,) = (part for part in effect.points if part.measurement is FORECAST_LEAD)
    assert points.lead is not None
    column = np.asarray(points.fields["q50"])
    assert column.dtype == np.float64
    return [float(value) for value in column[points.lead == 1]]


@pytest.mark.parametrize("start", [134_753_219, 1_234_567_890, 4_000_000_000, 10**12])
def test_the_last_value_of_a_counter_is_forecast_to_the_unit(start: int) -> None:
    """Float32 would be off by 8 to 65,536 there."""
    values = float(start) + 5 * np.arange(120, dtype=np.float64)
    assert medians(engine(Baseline("last_value", CONTRACT)).step(hourly(values))) == values[:-1].tolist()


@pytest.mark.parametrize(
    ("factor", "level"), [(1.0, 2.0**30), (1.0, -(2.0**33)), (2.0**40, 0.0), (2.0**-30, 0.0), (2.0**10, 1e12)]
)
def test_forecasts_and_scores_shift_and_scale_with_the_series(factor: float, level: float) -> None:
    """To the last digit, also the errors that are scored."""
    values = day_and_night(200)
    plain, moved = engine(seasonal_naive(CONTRACT)), engine(seasonal_naive(CONTRACT))
    one, other = plain.step(hourly(values)), moved.step(hourly(values * factor + level))
    assert [value * factor + level for value in medians(one)] == medians(other)
    assert len(one.scores) > 300
    np.testing.assert_array_equal(one.scores.error * factor, other.scores.error)
    np.testing.assert_array_equal(one.scores.baseline_absolute_error * factor, other.scores.baseline_absolute_error)


@pytest.mark.parametrize("glitch", [85.0, -127.0, 4_294_967.295, 1e30])
@pytest.mark.parametrize("forecaster", [Baseline("last_value", CONTRACT), seasonal_naive(CONTRACT)], ids=lambda each: each.name)
def test_a_newest_value_that_is_a_glitch_moves_no_forecast(forecaster: Baseline, glitch: float) -> None:
    """It is counted, stays a fact that forecasts are compared with, and is gone from the next forecast as well."""
    values = day_and_night(104)
    clean = medians(engine(forecaster).step(hourly(values)))
    values[100] = glitch
    effect = engine(forecaster).step(hourly(values))
    assert np.abs(np.subtract(medians(effect), clean)).max() < 2
    counts = glitch < 1e16  # else it is no value at all
    assert effect.outliers == counts
    assert (np.nanmax(effect.scores.absolute_error) > 50) == counts


def test_a_step_is_followed_with_its_second_value() -> None:
    """The first might be a glitch."""
    values = np.append(day_and_night(100), [1e9, 1e9 + 1, 1e9 + 2, 1e9 + 3])
    effect = engine(Baseline("last_value", CONTRACT)).step(hourly(values))
    assert medians(effect)[-3:] == [values[99], values[101], values[102]]
    assert effect.outliers == 1


def test_a_journal_of_an_earlier_version_is_read() -> None:
    """It kept forecasts as float32."""
    made = np.array([[[1, 2, 3, 4]]], np.float32)
    entry = Entry(Readings.of([1], [2], [3.0]), 4, made)  # type: ignore[arg-type]
    decoded = Entry.decode(entry.encode()).forecasts
    assert decoded.dtype == np.float64
    assert decoded.tolist() == made.tolist()


@pytest.mark.parametrize("hold", [0, 6 * HOUR])
def test_a_counter_that_jumps_is_counted_and_no_fact(hold: int) -> None:
    """The interval of the wrong reading and the one that takes it back, in one batch or one by one; nothing is scored."""
    readings = hourly(100 + np.arange(60.0))
    readings.value[40] = 4294967.295
    for size in (60, 1):
        fleet = Engine(seasonal_naive(CONTRACT), (), SeriesTable(["meter"], meaning=lambda _: Meaning("counter", hold)))
        effects = [fleet.step(readings.take(slice(at, at + size))) for at in range(0, 60, size)]
        assert [series for effect in effects for series in effect.jumped.tolist()] == [0, 0]
        assert max(np.nanmax(effect.scores.absolute_error, initial=0.0) for effect in effects) == 0.0


@pytest.mark.parametrize(("glitch", "count"), [(85.0, 1), (3.0, 0)])
def test_a_glitch_after_a_long_silence_moves_no_forecast_of_a_series_with_a_history(glitch: float, count: int) -> None:
    """Rain of three millimetres is believed at once; the fact is stored as it came."""
    values = np.zeros(104)
    values[103] = glitch
    effects = []
    for usual in (None, (0.0, 8.0)):
        fleet = Engine(
            seasonal_naive(CONTRACT), ["meter"], SeriesTable(["meter"]), learned=Learned({"meter": Meaning(usual=usual)})
        )
        fleet.swap(Baseline("last_value", CONTRACT), ["meter"], Learned({"meter": Meaning(usual=usual)}))
        fleet.step(hourly(values[:103]))
        effects.append(fleet.step(hourly(np.append(values[103], 0.0), 103)))
    assert [effect.outliers for effect in effects] == [0, count]
    assert [medians(effect)[-1] for effect in effects] == [glitch, 0.0 if count else glitch]
    assert effects[0].scores.error.tolist() == effects[1].scores.error.tolist()


def test_a_load_that_history_knows_is_believed_at_once() -> None:
    """The window does not show it; a new bundle says that it is usual."""
    values = 1000 + np.cumsum(np.append(np.full(101, 0.0625), [2.75, 2.75]))
    known = {"meter": Meaning("counter", usual=(0.0625, 2.75))}
    for learned, jumped in ((Learned({"meter": Meaning("counter")}), 2), (Learned(known), 0)):
        fleet = Engine(
            seasonal_naive(CONTRACT), ["meter"], SeriesTable(["meter"]), learned=Learned({"meter": Meaning("counter")})
        )
        fleet.step(hourly(values[:100]))
        assert fleet.swap(seasonal_naive(CONTRACT), ["meter"], learned)
        loaded = Engine(
            seasonal_naive(CONTRACT), ["meter"], SeriesTable(["meter"], meaning=lambda _: Meaning("counter")), learned=learned
        )
        loaded.load(iter([*fleet.dump()]))
        for device in (fleet, loaded):
            assert len(device.step(hourly(np.append(values[100:], values[-1]), 100)).jumped) == jumped

"""From a file to one validated table; every complaint names the place and what was expected."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from edge.contract.columns import Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.meaning import GAUGE, Meaning
from edge.contract.times import DAY, SECOND
from edge.errors import HistoryError, HistoryTooShort
from pipeline.files.reading import read_file
from pipeline.history.checks import Report, jumps, meters, refuse, stopped, trainable, validate
from pipeline.history.table import Table, stream_table, to_table

HOUR = 3600 * SECOND
MIDNIGHT = 1_704_067_200 * SECOND  # 2024-01-01
DEMO = Path(__file__).parents[2] / "flows" / "data" / "nyc-weather-2013.csv.xz"


def test_table_is_the_grid_with_nan_for_missing() -> None:
    """Values stand at their interval, the table begins at the first and ends after the last."""
    readings = Readings.of([1, 0, 1, 1], [MIDNIGHT + 3 * HOUR, MIDNIGHT + HOUR + 1, MIDNIGHT, MIDNIGHT + 5], [4, 2, 1, 3])
    table = to_table(["a", "b", "c"], readings, HOUR)
    nan = np.nan
    np.testing.assert_array_equal(table.values, [[nan, 2, nan, nan], [2, nan, nan, 4], [nan] * 4])
    assert (table.start, table.end) == (MIDNIGHT, MIDNIGHT + 4 * HOUR)
    assert table.values.dtype == np.float64
    np.testing.assert_array_equal(table.times, MIDNIGHT + HOUR * np.arange(4))
    assert table.data_hash == to_table(["a", "b", "c"], readings.take(slice(None)), HOUR).data_hash
    assert table.data_hash != to_table(["a", "b", "d"], readings, HOUR).data_hash


def test_increases_that_are_left_out_are_counted_for_their_series() -> None:
    """The order of the names is not that of the readings."""
    readings = Readings.of([0] * 30 + [1] * 30, [MIDNIGHT + hour * HOUR for hour in range(30)] * 2, [*range(100, 130)] * 2)
    readings.value[20] = 4294967.295
    series = SeriesTable(["meter", "b", "a"], meaning=lambda _: Meaning("counter"))
    table, arrivals = stream_table(series, [readings], HOUR, by_name=True)
    assert table.names == ("a", "b", "meter")
    assert np.isnan(table.values[2]).nonzero()[0].tolist() == [0, 20, 21]
    assert arrivals.jumps.tolist() == [0, 0, 2]
    (line,) = jumps(validate(arrivals, table, Contract(HOUR, 4, 1)))
    assert line.startswith("series 'meter': 2 increases are left out")


def test_an_interval_far_shorter_than_the_readings_is_refused() -> None:
    """Hourly readings on a grid of milliseconds are a mistake, not a table of gigabytes."""
    readings = Readings.of([0] * 500, [MIDNIGHT + hour * HOUR for hour in range(500)], [1.0] * 500)
    with pytest.raises(HistoryError, match="choose a longer interval"):
        to_table(["fan"], readings, SECOND // 1000)
    with pytest.raises(HistoryError, match="got none"):
        to_table(["fan"], Readings.empty(), HOUR)


def test_values_beyond_float32_are_missing() -> None:
    """The model's inputs are float32; infinity would poison every window it stands in."""
    table = to_table(["a"], Readings.of([0, 0], [MIDNIGHT, MIDNIGHT + HOUR], [1e300, 1.0]), HOUR)
    np.testing.assert_array_equal(table.values, [[np.nan, 1.0]])


def validated(readings: Readings, names: list[str], contract: Contract) -> Report:
    """Report on these readings."""
    table, arrivals = stream_table(names, [readings], contract.interval)
    return validate(arrivals, table, contract)


def hourly(series: int, values: list[float]) -> Readings:
    """One reading per hour from midnight on."""
    return Readings.of([series] * len(values), [MIDNIGHT + hour * HOUR for hour in range(len(values))], values)


def test_report_counts_what_is_wrong() -> None:
    """Gaps, doubles, disorder, infinities and flat stretches are counted per series."""
    values = [float(hour % 24) for hour in range(240)]
    values[10:16] = [7.0] * 6
    readings = hourly(0, values).take(np.delete(np.arange(240), [50, 100, 101, 102]))
    extra = Readings.of([0, 0], [MIDNIGHT, MIDNIGHT + 30 * HOUR], [np.inf, 6.0])
    one = validated(Readings.concatenate([readings, extra]), ["a"], Contract(HOUR, 24, 6)).series[0]
    assert (one.readings, one.duplicates, one.out_of_order, one.not_finite) == (238, 2, 1, 1)
    assert (one.intervals, one.gaps, one.longest_gap, one.flat, one.problem) == (240, 2, 3 * HOUR, 6, None)
    assert one.missing == pytest.approx(4 / 240)
    assert (one.first, one.last) == (MIDNIGHT, MIDNIGHT + 239 * HOUR)


def test_series_that_cannot_be_trained_on_are_left_out_with_a_reason() -> None:
    """Too sparse, constant, too new and empty series go; the others stay, in their order."""
    wave = [float(hour % 24) for hour in range(480)]
    sparse = hourly(1, wave).take(np.arange(480) % 3 == 0)
    new = hourly(3, wave).take(slice(470, None))
    readings = Readings.concatenate([hourly(0, wave), sparse, hourly(2, [5.0] * 480), new, hourly(5, wave)])
    names = ["good", "sparse", "constant", "new", "empty", "last"]
    contract = Contract(HOUR, 24, 6)
    report = validated(readings, names, contract)
    lines = refuse(report)
    assert [line.split("'")[1] for line in lines] == ["sparse", "constant", "new", "empty"]
    assert "67% of its intervals of 1h hold no reading (at most 50%), one comes about every 3h; set a longer" in lines[0]
    assert "never changes" in lines[1]
    assert "collect more history" in lines[2]
    assert "no readings" in lines[3]
    kept = trainable(to_table(names, readings, HOUR), report)
    assert kept.names == ("good", "last")
    np.testing.assert_array_equal(kept.values[1], wave)


def test_a_series_of_values_too_large_for_a_model_is_left_out_and_the_others_stay() -> None:
    """A sensor that says the time in nanoseconds keeps no fleet from its network; a few such values keep no series out."""
    wave = [float(hour % 24) for hour in range(480)]
    glitches = [1e20 if hour % 50 == 0 else value for hour, value in enumerate(wave)]
    clock = [(-1.0) ** hour * (1.7e18 + 3.6e12 * hour) for hour in range(480)]
    readings = Readings.concatenate([hourly(0, wave), hourly(1, clock), hourly(2, glitches)])
    report = validated(readings, ["wave", "clock", "glitches"], Contract(HOUR, 24, 6))
    (line,) = refuse(report)
    assert line == (
        "series 'clock' is left out: all of its values are 5e+16 or more, which counts as missing; use a larger unit"
    )


def test_history_with_nothing_trainable_is_refused_with_the_reasons() -> None:
    """The message says how many series failed why, and what to do."""
    with pytest.raises(HistoryError, match=r"2 of 2 series, such as 'a': it never changes .* check the sensor"):
        refuse(
            validated(Readings.concatenate([hourly(0, [1.0] * 480), hourly(1, [2.0] * 480)]), ["a", "b"], Contract(HOUR, 24, 6))
        )
    with pytest.raises(HistoryTooShort, match=r"at least 90 intervals of 1h .* got 20 .* collect more history"):
        refuse(validated(hourly(0, list(range(20))), ["a"], Contract(HOUR, 24, 6)))


def test_demo_data_is_what_its_readme_says() -> None:
    """15 series over 8,730 hours of 2013, in UTC, the repeated hour of autumn as two hours."""
    names, readings = read_file(DEMO)
    assert len(names) == 15
    table, arrivals = stream_table(names.names, [readings], HOUR)
    assert table.values.shape == (15, 8730)
    assert datetime.fromtimestamp(table.start / SECOND, UTC) == datetime(2013, 1, 1, 6, tzinfo=UTC)
    assert refuse(validate(arrivals, table, Contract(HOUR, 7 * 24, 24))) == ()
    autumn = int(datetime(2013, 11, 3, 4, tzinfo=UTC).timestamp()) * SECOND
    columns = (autumn - table.start) // HOUR + np.arange(4)
    assert np.isfinite(table.values[0, columns]).tolist() == [False, True, True, True]
    assert table.interval * 24 == DAY


def test_a_series_that_has_stopped_is_named() -> None:
    """It is trained on; what forecasts of it would be worth nobody can tell."""
    day = [float(value) for value in range(24)] * 20
    contract = Contract(3600 * SECOND, 24, 2)
    report = validated(Readings.concatenate([hourly(0, day), hourly(1, day[:200])]), ["alive", "dead"], contract)
    (line,) = stopped(report)
    assert line == "series 'dead' has no reading since 2024-01-09T07:00:00Z: it is trained on and not judged; check the sensor"


def test_a_series_that_is_not_usable_says_what_it_lacks() -> None:
    """One long gap is no reason for a longer interval, and a counter with readings of one interval has no increase yet."""
    wave = [float(hour % 24) for hour in range(480)]
    halves = hourly(1, wave).take(np.flatnonzero((np.arange(480) < 100) | (np.arange(480) >= 360)))
    series = SeriesTable(("wave", "halves", "meter"), lambda name: Meaning("counter") if name == "meter" else None)
    table, arrivals = stream_table(series, [Readings.concatenate([hourly(0, wave), halves, hourly(2, [5.0])])], HOUR)
    good, halved, meter = validate(arrivals, table, Contract(HOUR, 24, 6)).series
    assert good.problem is None
    assert "54% of its intervals of 1h hold no reading (at most 50%), most of them in one gap of 10.8 days" in str(
        halved.problem
    )
    assert "gives no increase yet" not in str(halved.problem)
    assert "its readings give no increase yet" in str(meter.problem)


def test_a_meter_that_adds_the_same_in_every_interval_never_changes() -> None:
    """But for the rounding of its readings: with a spread of 1e-13 it would stop the training of all others."""
    readings = 1000 + np.arange(24 * 60) * 0.1
    table = SeriesTable(meaning={"meter": Meaning("counter")}.get)
    times = (MIDNIGHT + HOUR * np.arange(len(readings))).tolist()
    meter = Readings.of([table.add("meter")] * len(readings), times, readings.tolist())
    wave = Readings.of([table.add("t")] * len(readings), times, np.sin(np.arange(len(readings)) / 4).tolist())
    grid, arrivals = stream_table(table, [meter, wave], HOUR, "mean")
    problems = {series.name: series.problem for series in validate(arrivals, grid, Contract(HOUR, 168, 24)).series}
    assert problems == {"meter": "it never changes while it is trained on; leave it out, or check the sensor", "t": None}


def test_a_meter_that_no_rule_calls_a_counter_is_named() -> None:
    """One that only rises, and one that begins again every day; not one that a rule knows, nor what goes up and down."""
    hours = np.arange(24.0 * 30)
    random = np.random.default_rng(3).normal(0, 1, len(hours))
    day = 20 + 5 * np.sin(hours * 2 * np.pi / 24) + random
    missing = np.where(hours % 7 == 0, np.nan, np.floor(1000 + hours * 0.4))
    rows = {"house.energy": missing, "house.today": hours % 24, "house.t": day, "house.door": np.floor(hours / 100) % 2}
    table = Table((*rows, "house.water"), 0, HOUR, np.stack([*rows.values(), hours]), (*[GAUGE] * 4, Meaning("counter")))
    (line,) = meters(table)
    assert line.startswith("values that rise and hardly ever fall, as those of a meter: series 'house.energy' and 1 more. ")
    assert 'kind = "counter"' in line
    assert meters(table.take([2, 3, 4])) == ()

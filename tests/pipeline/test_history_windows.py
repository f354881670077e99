"""Nothing after the split reaches the training, and every target is exactly where it belongs."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.ahead.issues import Issues
from edge.contract.ahead.known import Known
from edge.contract.columns import Float64
from edge.contract.contract import Contract
from edge.contract.times import DAY, SECOND
from edge.errors import HistoryError, HistoryTooShort
from pipeline.history.table import Table
from pipeline.history.windows import (
    MOST_FACTS,
    MOST_JUDGED,
    Samples,
    has_window,
    judged_stride,
    samples,
    split,
    spread,
    training_scale,
)

HOUR = 3600 * SECOND


def counting(series: int = 2, intervals: int = 600) -> Table:
    """A table whose values are their columns, plus 1000 per row."""
    values = np.arange(intervals, dtype=np.float64) + 1000 * np.arange(series, dtype=np.float64)[:, None]
    return Table(tuple(f"s{row}" for row in range(series)), 0, HOUR, values)


def changed(table: Table, values: Float64) -> Table:
    """The same table with other values."""
    return Table(table.names, table.start, table.interval, values)


def test_target_of_lead_h_is_column_origin_plus_h_minus_1() -> None:
    """A counting series pins the alignment: windows end right before the origin, targets begin at it."""
    table, contract = counting(), Contract(HOUR, 24, 6)
    found = samples(table, contract, split(table, contract).held_out)
    base = found.origin + 1000 * found.series
    np.testing.assert_array_equal(found.targets(slice(None), contract), base[:, None] + np.arange(6))
    np.testing.assert_array_equal(found.windows(slice(None), contract), base[:, None] + np.arange(-24, 0))
    some = np.array([5, 3])
    np.testing.assert_array_equal(found.windows(some, contract)[:, -1], base[some] - 1)


def test_parts_follow_each_other_and_cover_the_table() -> None:
    """Every part to judge on holds a horizon and a day of origins, at most 28 days, and the rest is for training."""
    contract = Contract(HOUR, 24, 6)
    parts = split(counting(intervals=8730), contract)
    assert (parts.training, parts.validation, parts.held_out) == (range(8730 - 1344), range(7386, 8058), range(8058, 8730))
    parts = split(counting(intervals=1000), contract)
    assert (parts.training, parts.validation, parts.held_out) == (range(800), range(800, 900), range(900, 1000))
    parts = split(counting(intervals=90), contract)
    assert (parts.training, parts.validation, parts.held_out) == (range(30), range(30, 60), range(60, 90))
    long = Contract(DAY, 30, 60)
    parts = split(Table(("a",), 0, DAY, np.zeros((1, 600))), long)
    assert (len(parts.validation), len(parts.held_out)) == (61, 61)


def test_a_table_without_room_for_training_is_refused() -> None:
    """The message says how much is needed, how much there is and what to do."""
    with pytest.raises(HistoryTooShort, match=r"at least 90 intervals of 1h \(3.8 days.*got 89 .*collect more history"):
        split(counting(intervals=89), Contract(HOUR, 24, 6))


def test_spike_after_the_split_changes_nothing_in_training() -> None:
    """Training windows, targets and scale are the same bit by bit, whatever comes later."""
    table, contract = counting(), Contract(HOUR, 24, 6)
    parts = split(table, contract)
    values = table.values.copy()
    values[:, parts.training.stop :] = 1e9
    spiked = changed(table, values)
    before, after = samples(table, contract, parts.training), samples(spiked, contract, parts.training)
    rows = slice(None)
    for one, other in (
        (before.series, after.series),
        (before.origin, after.origin),
        (before.windows(rows, contract), after.windows(rows, contract)),
        (before.targets(rows, contract), after.targets(rows, contract)),
        (training_scale(table, parts), training_scale(spiked, parts)),
    ):
        assert one.tobytes() == other.tobytes()


@given(
    st.integers(1, 40), st.integers(1, 30), st.integers(0, 400), st.floats(0.01, 0.4), st.floats(0.01, 0.4), st.integers(1, 9)
)
def test_no_split_leaks(window: int, horizon: int, more: int, validation: float, held_out: float, stride: int) -> None:
    """Every target lies in its own part, and no window of a part holds anything of a later one."""
    contract = Contract(HOUR, window, horizon)
    table = counting(1, window + 3 * horizon + 48 + more)
    try:
        parts = split(table, contract, validation, held_out)
    except HistoryError:
        return
    assert parts.training.start == 0
    assert parts.training.stop == parts.validation.start
    assert parts.validation.stop == parts.held_out.start
    assert parts.held_out.stop == table.values.shape[1]
    for part in (parts.training, parts.validation, parts.held_out):
        found = samples(table, contract, part, stride)
        assert len(found)
        targets, windows = found.targets(slice(None), contract), found.windows(slice(None), contract)
        assert part.start <= targets.min() <= targets.max() < part.stop
        assert (windows.max(axis=1) < targets.min(axis=1)).all()
        assert (np.diff(found.origin) == stride).all()


def test_windows_with_too_many_gaps_or_nothing_to_compare_with_are_skipped() -> None:
    """The share that may be missing is the contract's unless said otherwise; a partly known target is enough."""
    values = np.ones((1, 12))
    values[0, [3, 6, 7]] = np.nan
    table = changed(counting(1, 12), values)
    contract = Contract(HOUR, 4, 2, max_missing=0.25)
    assert samples(table, contract, range(12)).origin.tolist() == [4, 5]
    assert samples(table, contract, range(12), max_missing=1).origin.tolist() == [4, 5, 7, 8, 9, 10]


def test_values_that_a_model_takes_as_missing_are_missing_in_windows_and_targets() -> None:
    """Of the values that are no NaN, those of 5e16 and more count as if they were: from these alone there is no forecast."""
    values = np.ones((1, 12))
    values[0, [3, 6, 7]] = [5e16, -1e20, np.inf]
    table = changed(counting(1, 12), values)
    contract = Contract(HOUR, 4, 2, max_missing=0.25)
    assert samples(table, contract, range(12)).origin.tolist() == [4, 5]
    assert samples(table, contract, range(12), max_missing=1).origin.tolist() == [4, 5, 7, 8, 9, 10]


@given(
    st.lists(st.sampled_from([0.0, 1.0, np.nan, 1e18]), min_size=1, max_size=40),
    st.integers(1, 6),
    st.integers(1, 6),
    st.tuples(st.integers(0, 40), st.integers(0, 40)),
    st.integers(1, 9),
)
def test_a_window_is_there_where_samples_would_give_one(
    row: list[float], window: int, horizon: int, edges: tuple[int, int], piece: int
) -> None:
    """Counting says the same as cutting, whatever pieces the row is looked at in."""
    values = np.array([row], np.float64)
    contract, part = Contract(HOUR, window, horizon), range(min(edges), min(max(edges), len(row)))
    expected = len(samples(Table(("a",), 0, HOUR, values), contract, part)) > 0
    assert has_window(values[0], contract, part, piece) == expected


def test_windows_before_the_table_are_nan() -> None:
    """A forecaster with a longer window than the samples were cut for sees that there is nothing."""
    found = Samples(counting(1, 10).values, np.zeros(2, np.int32), np.array([2, 6]))
    nan = np.nan
    np.testing.assert_array_equal(found.windows(slice(None), Contract(HOUR, 4, 1)), [[nan, nan, 0, 1], [2, 3, 4, 5]])


def test_a_part_shorter_than_the_horizon_has_no_samples() -> None:
    """Nothing is cut beyond the end of a part."""
    assert len(samples(counting(), Contract(HOUR, 24, 6), range(100, 105))) == 0


def test_scale_is_the_spread_of_the_training_part() -> None:
    """Missing values do not count; a series that stands still or is empty has no scale."""
    table, contract = counting(3), Contract(HOUR, 24, 6)
    parts = split(table, contract)
    values = table.values.copy()
    values[0, ::3] = np.nan
    values[1, : parts.training.stop] = 5
    values[2] = np.nan
    scale = training_scale(changed(table, values), parts)
    assert scale[0] == pytest.approx(np.nanstd(values[0, : parts.training.stop].astype(np.float64)))
    assert np.isnan(scale[1:]).all()


def test_a_long_history_is_sampled() -> None:
    """Where there are more windows than a training looks at, a random part of every series is taken, always the same one."""
    table, contract = counting(), Contract(HOUR, 24, 6)
    everything = samples(table, contract, range(500))
    some, again = (samples(table, contract, range(500), most=len(everything) // 4) for _ in range(2))
    np.testing.assert_array_equal(some.origin, again.origin)
    assert 0.2 < len(some) / len(everything) < 0.3
    assert set(zip(some.series, some.origin, strict=True)) < set(zip(everything.series, everything.origin, strict=True))
    assert (np.bincount(some.series) > len(everything) // 12).all()


@pytest.mark.parametrize(("series", "stride"), [(3, 1), (2_000, 19)])
def test_a_verdict_looks_at_no_more_windows_than_it_needs(series: int, stride: int) -> None:
    """Every window of a small fleet; of a large one as many as there is time for, from every hour of the day."""
    hour = 3600 * SECOND
    names = tuple(str(number) for number in range(series))
    table = Table(names, 0, hour, np.zeros((series, 2_000)))
    part = range(1_000, 1_923)  # 900 origins
    assert judged_stride(table, Contract(hour, 48, 24), part) == stride
    assert series * len(range(0, 900, stride)) <= MOST_JUDGED
    assert {origin % 24 for origin in range(0, 900, stride)} == set(range(24))


def test_a_verdict_on_intervals_of_seconds_looks_at_every_hour_of_every_day() -> None:
    """Two series of three weeks at 10 s, four hours ahead: every seventh window of the two days that are held out."""
    table = Table(("temperature", "power"), 0, 10 * SECOND, np.zeros((2, 181_440)))
    contract = Contract(10 * SECOND, 360, 1_440)
    part = split(table, contract).held_out
    assert part == range(163_296, 181_440)
    stride = judged_stride(table, contract, part)
    assert stride == 7  # 33,410 windows of 1,440 facts; 20 million facts are 13,888 windows, every third; 2 to 6 divide a day
    origins = np.arange(part.start, part.stop - 1_440 + 1, stride)
    assert 2 * len(origins) * 1_440 <= MOST_FACTS
    hours, counts = np.unique(origins // 360, return_counts=True)
    assert hours.tolist() == list(range(453, 500))  # of the 50 hours all but those that the last forecast needs its facts from
    assert set(counts[1:-1].tolist()) == {51, 52}  # 360 intervals of an hour, every seventh


@pytest.mark.parametrize("glitch", [1e6, -9999.0, 1e20, np.inf])
def test_what_a_logger_writes_for_nothing_is_no_spread(glitch: float) -> None:
    """One such value among a thousand leaves the scale of the others; without one it is the plain standard deviation."""
    values = np.sin(np.arange(1000))
    assert spread(values) == pytest.approx(float(values.std()), rel=1e-6)
    values[500] = glitch
    assert spread(values) == pytest.approx(float(np.sin(np.arange(1000)).std()), rel=0.01)


@pytest.mark.parametrize(("glitch", "every"), [(4294967.295, 211), (-9999.0, 211), (65535.0, 110)])
def test_what_a_logger_writes_now_and_then_is_no_spread(glitch: float, every: int) -> None:
    """Up to one value of a hundred, where it is by far off; more often it is a value like others."""
    values = (20 + 5 * np.sin(2 * np.pi * np.arange(1440) / 24) + np.random.default_rng(0).normal(0, 0.5, 1440)).astype(
        np.float64
    )
    usual = float(values.std())
    values[::every] = glitch
    assert spread(values) == pytest.approx(usual, rel=0.02)
    values[::48] = glitch
    assert spread(values) == pytest.approx(float(values.astype(np.float64).std()), rel=1e-6)


def test_rain_and_snow_keep_their_spread() -> None:
    """Hours that are mostly 0 are no reason to take the others for glitches, and heavy tails are none."""
    random = np.random.default_rng(1)
    snow = np.where(random.random(5000) < 0.009, random.exponential(8, 5000), 0)
    tails = random.standard_t(3, 5000)
    for values in (snow, tails):
        assert spread(values) == pytest.approx(float(values.astype(np.float64).std()), rel=1e-6)


def test_years_of_days_are_judged_on_more_than_a_month() -> None:
    """Where an interval is a day, ten horizons are held out, as 28 days are hardly more than one."""
    table = Table(("a",), 0, DAY, np.zeros((1, 3650)))
    parts = split(table, Contract(DAY, 56, 24))
    assert (len(parts.validation), len(parts.held_out)) == (240, 240)


def test_samples_that_are_told_are_those_whose_origins_know_a_coming_value() -> None:
    """Of either input, in any series; all of them where nothing is known at all."""
    table = counting()
    contract = Contract(HOUR, 24, 6, inputs=(Known("wind"), Known("sun", hold=3 * HOUR)))
    known = Issues.of([0, 400 * HOUR + 1], [300 * HOUR, 400 * HOUR], [1, 1])
    ahead = {"wind": known.take(slice(1)).on_grid(HOUR), "sun": known.take(slice(1, 2)).on_grid(HOUR)}
    every = samples(replace(table, ahead=ahead), contract, range(24, 600))
    some = every.told(contract)
    assert np.unique(some.origin).tolist() == [*range(295, 301), *range(401, 405)]
    assert len(some) == 20
    assert every.told(replace(contract, inputs=())) is every
    without = samples(table, contract, range(24, 600))
    assert without.told(contract) is without

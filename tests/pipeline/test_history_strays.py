"""A clock that was wrong does not decide when the fleet has its readings."""

import numpy as np
import pytest

from edge.contract.columns import Readings
from edge.contract.contract import Contract
from edge.contract.times import SECOND, iso
from pipeline.history.cells import Grid
from pipeline.history.checks import strays, validate
from pipeline.history.strays import LONG, fleet_span
from pipeline.history.table import stream_table

HOUR = 3600 * SECOND
MIDNIGHT = 1_704_067_200 * SECOND  # 2024-01-01


def span(*rows: tuple[int, int]) -> range:
    """The span of (series, interval) cells."""
    with Grid(1, "mean") as grid:
        grid.add(Readings.of([series for series, _ in rows], [number for _, number in rows], [1.0] * len(rows)))
        grid.finish()
        return fleet_span(grid)


def test_a_short_history_is_kept_whole() -> None:
    """Below a thousand intervals it costs little, whatever is in it; from there on a stray reading is cut off."""
    usual = [(series, number) for series in (0, 1, 2) for number in range(200)]
    assert span(*usual, (0, LONG - 1)) == range(LONG)
    assert span(*usual, (0, LONG)) == range(200)


@pytest.mark.parametrize("gap", [100, 126])
def test_what_a_few_series_have_beyond_a_gap_is_cut_where_the_gap_is_long(gap: int) -> None:
    """Longer than an eighth of the history: beyond a shorter one the same cell is kept."""
    usual = [(series, number) for series in (0, 1, 2) for number in range(1001)]
    assert span(*usual, (0, 1000 + gap)) == (range(1001) if gap == 126 else range(1001 + gap))


@pytest.mark.parametrize("stray", [0, 4_000_000_000 * SECOND])
def test_a_reading_decades_away_costs_only_itself_and_is_named(stray: int) -> None:
    """One clock that was never set neither makes a table of decades nor keeps the fleet from being trained."""
    time = [MIDNIGHT + hour * HOUR for hour in range(500)]
    readings = Readings.of([0] * 500 + [1] * 500 + [1], [*time, *time, stray], [*map(float, range(500))] * 2 + [1.0])
    table, arrivals = stream_table(["fan", "pump"], [readings], HOUR)
    assert (table.start, table.values.shape) == (MIDNIGHT, (2, 500))
    report = validate(arrivals, table, Contract(HOUR, 24, 12))
    assert [one.problem for one in report.series] == [None, None]
    (line,) = strays(report)
    assert line.startswith(f"series 'pump': 1 interval far away from all others, at {iso(stray)}, left out")


def test_a_reading_a_month_ahead_does_not_empty_the_held_out_part() -> None:
    """One sensor's clock ran ahead for a moment; all others have nothing there to be judged on."""
    hours = np.arange(1440)
    pages = Readings.of(np.repeat([0, 1, 2], 1440).tolist(), np.tile(MIDNIGHT + HOUR * hours, 3).tolist(), [1.0] * 4320)
    ahead = Readings.of([1], [MIDNIGHT + HOUR * (1440 + 720)], [1.0])
    table, arrivals = stream_table(["a", "b", "c"], [pages, ahead], HOUR)
    assert (table.values.shape, arrivals.stray.tolist()) == ((3, 1440), [0, 1, 0])


def test_a_sensor_whose_clock_was_never_set_is_left_out_alone() -> None:
    """All its readings lie decades before those of the others; it has as many as they."""
    hours = HOUR * np.arange(1440)
    wrong = Readings.of([0] * 1440, hours.tolist(), [1.0] * 1440)
    right = Readings.of(np.repeat([1, 2, 3], 1440).tolist(), np.tile(MIDNIGHT + hours, 3).tolist(), [1.0] * 4320)
    table, arrivals = stream_table(["a", "b", "c", "d"], [wrong, right], HOUR)
    assert (table.start, table.values.shape, arrivals.stray.tolist()) == (MIDNIGHT, (4, 1440), [1440, 0, 0, 0])
    report = validate(arrivals, table, Contract(HOUR, 24, 12))
    assert "all of its readings lie far away" in str(report.series[0].problem)
    assert strays(report) == ()


def test_a_fleet_that_was_off_keeps_what_it_has_on_both_sides() -> None:
    """A gap alone is no reason: most series have readings before it and after it."""
    hours = [MIDNIGHT + HOUR * hour for hour in (*range(500), *range(1400, 1900))]
    readings = Readings.of([0] * 1000 + [1] * 1000 + [2] * 1000, hours * 3, [1.0] * 3000)
    table, arrivals = stream_table(["a", "b", "c"], [readings], HOUR)
    assert (table.values.shape, arrivals.stray.sum()) == ((3, 1900), 0)

"""A value that holds for many intervals is one row, and every look-up gives what a row for each interval would give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contract.ahead.issues import ALWAYS, LONGEST_HOLD, Ahead, Issues
from edge.contract.times import DAY, SECOND

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


def laid_out(issues: Issues, interval: int, late: int) -> Ahead:
    """The same values by a loop, with a row for each interval that a value holds for."""
    rows = issues.sorted()
    cells: list[tuple[int, int, float]] = []
    for moment in np.unique(rows.issued).tolist():
        time, value = rows.time[rows.issued == moment].tolist(), rows.value[rows.issued == moment].tolist()
        number = [each // interval for each in time]
        for row, this in enumerate(number):
            if this in number[row + 1 :]:
                continue  # the last value of an interval is the one that holds
            same = [each for where, each in zip(number, value, strict=True) if where == this]
            cells.append((this, moment, float(np.add.reduce(same)) / len(same)))
            before = time[row] - time[row - 1] if row else 0
            spacing = time[row + 1] - time[row] if row + 1 < len(time) else before
            stop = (time[row] + min(spacing, LONGEST_HOLD) - 1) // interval
            if row + 1 < len(time):
                stop = min(stop, number[row + 1] - 1)
            cells += [(each, moment, value[row]) for each in range(this + 1, stop + 1)]
    useful = sorted(cell for cell in cells if (cell[0] + 1) * interval > cell[1] - late)
    number, issued, told = ([cell[column] for cell in useful] for column in range(3))
    return Ahead(interval, np.array(number, np.int64), np.array(issued, np.int64), np.array(told, np.float64))


ISSUES = st.lists(
    st.tuples(
        st.one_of(st.just(ALWAYS), st.integers(-100, 3000)),  # moment of issue, minutes
        st.lists(st.tuples(st.integers(-200, 5000), st.integers(-4, 4)), min_size=1, max_size=6),  # minute and value
    ),
    max_size=6,
)
ORIGINS = st.lists(st.integers(-300, 5000), min_size=1, max_size=6)


@settings(max_examples=300, deadline=None)
@given(ISSUES, ORIGINS, st.sampled_from([7, 15, 60]), st.sampled_from([0, 90, 3000]), st.booleans())
def test_runs_give_what_a_row_for_each_interval_gives(
    told: list[tuple[int, list[tuple[int, int]]]], origins: list[int], minutes: int, late: int, near: bool
) -> None:
    """Values, values that hold on, and the origins of which any lead is known; origins far apart and in a row."""
    rows = [(moment, minute, value) for moment, some in told for minute, value in some]
    issued = [moment if moment == ALWAYS else moment * MINUTE for moment, _, _ in rows]
    issues = Issues.of(issued, [minute * MINUTE for _, minute, _ in rows], [value for _, _, value in rows])
    interval = minutes * MINUTE
    runs, cells = issues.on_grid(interval, late=late * MINUTE), laid_out(issues, interval, late * MINUTE)
    assert len(runs) <= len(cells)
    origin = np.array(origins) * MINUTE if not near else origins[0] * MINUTE + np.arange(40) * interval
    for longest in (0, 2 * HOUR, 3 * DAY):
        for back in (0, 9):
            np.testing.assert_array_equal(runs.at(origin, 20, back, longest), cells.at(origin, 20, back, longest))
        first = int(origin[0]) // interval
        np.testing.assert_array_equal(runs.told(first, 50, 20, longest), cells.told(first, 50, 20, longest))


def test_a_value_that_holds_is_one_row() -> None:
    """Two issues of two hours, on a grid of minutes: a row each, and nothing is cut as both are for the same hours."""
    hours = np.tile(np.arange(2) * HOUR, 2) + DAY
    ahead = Issues(np.repeat([0, HOUR], 2), hours, np.array([1.0, 2, 3, 4])).on_grid(MINUTE)
    assert ahead.number.tolist() == [[1440, 1499]] * 2 + [[1500, 1559]] * 2
    assert ahead.issued.tolist() == [0, HOUR, 0, HOUR]
    assert ahead.value.tolist() == [1, 3, 2, 4]
    assert (ahead.first.tolist(), ahead.last.tolist()) == ([1440, 1440, 1500, 1500], [1499, 1499, 1559, 1559])


def test_issues_for_other_hours_cut_each_other() -> None:
    """One that begins half an hour later: each of the overlapping halves has both; the mean of an interval holds for itself."""
    ahead = Issues.of([0, 0, 1, 1], [0, HOUR, HOUR // 2, 3 * HOUR // 2], [1, 2, 3, 4]).on_grid(30 * MINUTE)
    assert ahead.number.tolist() == [0, 1, 1, 2, 2, 3, 3, 4]
    assert ahead.value.tolist() == [1, 1, 3, 2, 3, 2, 4, 4]
    several = Issues.of([0] * 3, [0, MINUTE, 2 * HOUR], [1, 3, 5]).on_grid(HOUR // 2)
    assert several.number.tolist() == [[0, 0], [1, 3], [4, 7]]
    assert several.value.tolist() == [2, 3, 5]


@pytest.mark.parametrize("ahead_days", [2, 16])
def test_rows_of_an_archive_are_as_many_as_its_values(ahead_days: int) -> None:
    """Sixty days, four issues a day by the hour: on a grid of minutes there were 60 rows for each value."""
    hours = 24 * ahead_days
    issued = np.repeat(np.arange(240) * 6 * HOUR, hours)
    issues = Issues(issued, issued + np.tile(np.arange(hours), 240) * HOUR, np.zeros(240 * hours))
    assert len(issues.on_grid(MINUTE)) == len(issues)


def test_the_number_of_rows_has_a_limit() -> None:
    """The nearest ones stay, whether they hold or not."""
    tariff = Issues.of([0] * 4, np.arange(4) * HOUR, [1, 2, 3, 4])
    assert tariff.on_grid(MINUTE, 3).value.tolist() == [1, 2, 3]
    assert tariff.on_grid(HOUR, 2).value.tolist() == [1, 2]


def test_what_was_told_first_is_left_out_where_there_is_too_much() -> None:
    """A source that tells the next hour every few seconds has many rows before now; those to come counted the least."""
    issued = np.repeat(np.arange(0, HOUR, 7 * SECOND), 2)
    times = issued + np.tile([0, HOUR], len(issued) // 2)
    issues, now = Issues(issued, times, np.tile([1.0, 2.0], len(issued) // 2)), np.array([HOUR])
    whole = issues.on_grid(10 * SECOND)
    some = issues.on_grid(10 * SECOND, len(whole) // 3)
    assert len(some) == len(whole) // 3
    np.testing.assert_array_equal(some.at(now, 360), whole.at(now, 360))
    assert np.isfinite(some.at(now, 360)).all()
    cells = Issues.of([0, 0, 1], [0, HOUR, HOUR], [1, 2, 3])
    assert cells.on_grid(HOUR, 2).value.tolist() == [1, 3]

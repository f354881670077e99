"""What replaces which reading; `test_series_state.py` tests the limit of what is remembered."""

import numpy as np

from edge.contract.columns import Readings
from edge.series.recent import REMEMBERED, Recent, replaced


def test_a_row_replaces_the_newest_reading_of_its_series_and_time() -> None:
    """Of what is remembered or of a row before it; the same time of another series is another reading."""
    remembered = Readings.of([0, 0, 1], [5, 5, 5], [1.0, 2.0, 3.0])
    rows = Readings.of([0, 0, 1, 2], [5, 5, 6, 5], [4.0, 5.0, 6.0, 7.0])
    np.testing.assert_array_equal(replaced(remembered, rows), [2.0, 4.0, np.nan, np.nan])


def test_rows_that_rise_and_are_new_replace_nothing() -> None:
    """Also where other series have the same times."""
    recent = Recent()
    recent.add(Readings.of([0], [5], [1.0]))
    rows = Readings.of([0, 1], [6, 5], [2.0, 3.0])
    first = np.ones(2, bool)
    assert np.isnan(recent.replaced(rows, np.zeros(2, bool), first)).all()
    again = Readings.of([0, 1], [5, 5], [2.0, 3.0])
    np.testing.assert_array_equal(recent.replaced(again, np.asarray([True, False]), first), [1.0, np.nan])
    assert recent.readings.value.tolist() == [1.0]


def test_what_lies_before_an_interval_of_its_series_is_forgotten() -> None:
    """Each series has an interval of its own; what stays keeps its order."""
    recent = Recent()
    recent.add(Readings.of([0, 1, 0], [9, 9, 10], [1.0, 2.0, 3.0]))
    recent.add(Readings.of([1, 0], [-1, 5], [4.0, 5.0]))
    assert recent.since(np.asarray([1, 0]), 10).readings.value.tolist() == [2.0, 3.0]


def test_what_was_added_and_forgotten_is_told() -> None:
    """A memory that begins with what another one had cannot tell whether that was all."""
    recent, more = Recent(), Readings.of([0] * REMEMBERED, range(REMEMBERED), [1.0] * REMEMBERED)
    recent.add(Readings.of([0], [-1], [1.0]))
    assert (recent.added, recent.has_all, Recent([recent.readings]).has_all) == (1, True, False)
    recent.add(more)
    recent.add(more)
    assert (recent.added, recent.has_all, len(recent.readings)) == (1 + 2 * REMEMBERED, False, REMEMBERED)

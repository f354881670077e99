"""Kind of fault: sensors that report on change only, and meters. Windows of series that are no plain gauges.

`test_series_state.py` compares them with a slow reference.
"""

import numpy as np

from edge.contract.columns import Readings
from edge.contract.contract import Contract
from edge.contract.meaning import GAUGE, Meaning
from edge.series.state import State


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
    shorter = state.adapted(Contract(interval=10, window=2, horizon=1))
    assert shorter.advance(310).windows.tolist() == [[21.5, 21.5]]
    assert shorter.adapted(Contract(interval=10, window=40, horizon=1)).advance(320).windows[0, -32:].tolist() == [21.5] * 32


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

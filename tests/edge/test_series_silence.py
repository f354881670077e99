"""Health that knows of what it does not receive: a sensor that has died is named, one that is merely slow is not."""

import numpy as np

from edge.contract.columns import Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.series.silence import Silence
from edge.series.state import State

HOUR = 3600 * SECOND
START = 1_780_000_000 * SECOND // HOUR * HOUR


def fed(**hours: list[int]) -> tuple[State, SeriesTable]:
    """A state with a reading of each series in the given hours, window 168 of hourly intervals."""
    names = SeriesTable(list(hours))
    state = State(Contract(HOUR, 168, 24))
    rows = [(index, START + hour * HOUR + 1, 1.0) for index, times in enumerate(hours.values()) for hour in times]
    state.ingest(Readings.of(*zip(*rows, strict=True)))
    return state, names


def look(state: State, names: SeriesTable, hour: int) -> Silence:
    """What is silent in that hour, by a clock that closes intervals."""
    silence, now = Silence(names, lambda: 0.0), START + hour * HOUR
    state.advance(now)
    silence.look(state, now)
    return silence


def test_a_series_counts_as_silent_after_twenty_times_its_usual_distance() -> None:
    """A sensor of every hour after 20 hours, one of every sixth hour after five days."""
    state, names = fed(hourly=list(range(100)), slow=list(range(0, 100, 6)))
    assert look(state, names, 119).problem is None
    silence = look(state, names, 120)
    assert silence.count == 1
    assert silence.problem is not None
    assert "1 of 2 series has stopped, first 'hourly' with its last reading at 2026-06-01T23:00:00" in silence.problem
    assert look(state, names, 96 + 119).count == 1
    assert look(state, names, 96 + 121).count == 2


def test_a_series_that_speaks_again_is_silent_no_more() -> None:
    """And one whose window has become empty is forgotten: the sensor was taken away."""
    state, names = fed(a=list(range(30)), b=list(range(30)))
    assert look(state, names, 60).count == 2
    state.ingest(Readings.of([0], [START + 60 * HOUR], [1.0]))
    assert look(state, names, 61).count == 1
    assert look(state, names, 230).count == 0


def test_what_has_no_habit_is_not_silent() -> None:
    """Two readings say nothing of how often a sensor sends."""
    state, names = fed(new=[0, 1])
    assert look(state, names, 100).problem is None


def test_many_series_are_looked_at_in_parts() -> None:
    """More of them than windows are in memory at once; the one that is silent for the longest time is named."""
    state = State(Contract(HOUR, 24, 1))
    count = 3000
    times = np.repeat(START + np.arange(10) * HOUR, count)
    series = np.tile(np.arange(count, dtype=np.int32), 10)
    state.ingest(Readings(series, times, np.ones(series.size)))
    silence = look(state, SeriesTable([str(index) for index in range(count)]), 17)
    assert silence.count == count


def test_it_is_looked_for_now_and_then() -> None:
    """Not in every batch."""
    moment = [5.0]
    silence = Silence(SeriesTable([]), lambda: moment[0])
    assert silence.is_due()
    silence.look(State(Contract(HOUR, 24, 1)), START)
    assert not silence.is_due()
    moment[0] = 15.0
    assert silence.is_due()

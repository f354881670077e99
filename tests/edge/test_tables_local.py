"""Local times of a file become moments, and those that do not exist are counted.

Kind of fault: the repeated hour of autumn overwrites itself, and the missing hour of spring passes without a word.
"""

import numpy as np

from edge.contract.columns import Readings
from edge.contract.times import parse_time
from edge.tables.local import LocalTimes
from edge.tables.notes import Notes


def test_times_without_a_zone_are_resolved_in_order_and_the_others_stay() -> None:
    """Each series has its own order; a time that names its zone is left alone."""
    notes = Notes()
    local = LocalTimes("Europe/Berlin", notes)
    half = parse_time("2025-10-26T02:30")
    readings = Readings.of([0, 1, 0, 0], [half, half, half, half], [1.0, 2.0, 3.0, 4.0])
    resolved, kept = local.resolve(readings, np.array([False, False, False, True]))
    early, late = parse_time("2025-10-26T00:30"), parse_time("2025-10-26T01:30")
    assert resolved.time.tolist() == [early, early, late, half]
    assert kept.tolist() == [0, 1, 2, 3]
    assert notes.sentences == ["times that name no zone are taken as Europe/Berlin"]


def test_a_time_that_does_not_exist_is_left_out_and_said() -> None:
    """The first one is named as it stands in the file."""
    notes = Notes()
    times = [parse_time(f"2026-03-29T0{hour}:15") for hour in (1, 2, 3)]
    resolved, kept = LocalTimes("Europe/Berlin", notes).resolve(
        Readings.of([0, 0, 0], times, [1.0, 2.0, 3.0]), np.zeros(3, bool)
    )
    assert resolved.value.tolist() == [1.0, 3.0]
    assert kept.tolist() == [0, 2]
    assert "do not exist in Europe/Berlin" in notes.sentences[1]
    assert notes.sentences[1].endswith("left out: 1, first 2026-03-29T02:15:00")


def test_without_a_zone_times_are_utc_and_that_is_said() -> None:
    """Where no time needs one, nothing is said."""
    notes = Notes()
    local = LocalTimes("", notes)
    readings = Readings.of([0], [parse_time("2026-03-29T02:15")], [1.0])
    assert local.resolve(readings, np.array([True]))[0] is readings
    assert notes.sentences == []
    assert local.resolve(readings, np.array([False]))[0] is readings
    assert notes.sentences == ["times that name no zone are taken as UTC (--timezone NAME changes that)"]

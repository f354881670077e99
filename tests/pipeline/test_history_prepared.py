"""What trainings start from: the series that can be trained on, their parts in time, and the reasons of the others.

Kind of the test of levels: values at the edge of float32.
"""

import numpy as np
import pytest

from edge.contract.columns import Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.errors import HistoryError
from pipeline.history.prepared import prepare, some_windows
from pipeline.history.windows import samples, split, training_scale

HOUR = 3600 * SECOND
MIDNIGHT = 1_704_067_200 * SECOND  # 2024-01-01
CONTRACT = Contract(HOUR, 24, 6)


def history(hours: int, **left_out: range) -> tuple[SeriesTable, Readings]:
    """Two series that rise and fall, without some hours, and one that stands still."""
    names = ("fan", "pump", "still")
    rows = [
        (series, MIDNIGHT + hour * HOUR, float(hour % (5 + series)) if name != "still" else 1.0)
        for series, name in enumerate(names)
        for hour in range(hours)
        if hour not in left_out.get(name, range(0))
    ]
    return SeriesTable(names), Readings.of(*zip(*rows, strict=True))


def test_the_parts_are_those_of_the_table_that_is_left() -> None:
    """Series that are left out change nothing about when a part begins; each has its reason."""
    prepared = prepare(*history(500), CONTRACT)
    assert prepared.table.names == ("fan", "pump")
    assert prepared.split == prepared.report.split == split(prepared.table, CONTRACT)
    assert prepared.warnings == (
        "series 'still' is left out: it never changes while it is trained on; leave it out, or check the sensor",
    )
    np.testing.assert_array_equal(prepared.scale, training_scale(prepared.table, prepared.split))


def test_a_level_of_a_billion_hides_no_movement() -> None:
    """The same series with and without it are trained on alike, and what stands still but for rounding is still left out."""
    random = np.random.default_rng(0)
    values = 20 + 5 * np.sin(np.arange(500) / 4) + random.normal(0, 0.1, 500)
    rounded = 0.1 + 1e-16 * random.integers(0, 3, 500)
    columns = (values, 1_234_567_000 + values, 1e12 * values, 1e-9 * values, rounded)
    times = MIDNIGHT + HOUR * np.arange(500)
    readings = Readings(np.repeat(np.arange(5, dtype=np.int32), 500), np.tile(times, 5), np.concatenate(columns))
    prepared = prepare(SeriesTable(["plain", "level", "joules", "nanometres", "still"]), readings, CONTRACT)
    assert prepared.table.names == ("plain", "level", "joules", "nanometres")
    np.testing.assert_allclose(prepared.scale / [1, 1, 1e12, 1e-9], prepared.scale[0], rtol=1e-6)
    np.testing.assert_array_equal(prepared.table.values[1], 1_234_567_000 + values)
    windows = samples(prepared.table, CONTRACT, prepared.split.training)
    assert np.bincount(windows.series).tolist() == [int((windows.series == 0).sum())] * 4


def test_a_history_that_is_too_short_is_refused_with_the_length_it_needs() -> None:
    """It has no parts, so no series can be trained on."""
    with pytest.raises(HistoryError, match=r"3 of 3 series, such as 'fan': expected at least 90 intervals .* got 89"):
        prepare(*history(89), CONTRACT)
    assert prepare(*history(90), CONTRACT).split.training == range(30)


@pytest.mark.parametrize(("part", "hours"), [("validation", range(380, 470)), ("held-out", range(420, 498))])
def test_a_part_without_a_window_to_judge_is_named(part: str, hours: range) -> None:
    """The line says which part and what to do."""
    with pytest.raises(
        HistoryError, match=f"no window can be judged in the {part} part of the history.*collect newer readings"
    ):
        prepare(*history(500, fan=hours, pump=hours), CONTRACT)


def test_some_windows_come_from_the_held_out_part() -> None:
    """Evenly chosen, with the number that a model knows their series by."""
    prepared = prepare(*history(500), CONTRACT)
    windows, series, context = some_windows(prepared, CONTRACT, 10)
    assert windows.shape == (10, 24)
    assert set(series.tolist()) == {1, 2}
    ends = (context.origin - prepared.table.start) // CONTRACT.interval
    np.testing.assert_array_equal(windows[:, -1], prepared.table.values[series - 1, ends - 1])
    everything = samples(prepared.table, CONTRACT, prepared.split.held_out)
    assert len(some_windows(prepared, CONTRACT, 10**6)[0]) == len(everything)

"""Kind of fault: meters that begin again, are exchanged, or send one wrong reading. What counters add."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contract.columns import Float64, Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.increases import FAR, LEAST, evidence, increases, largest, merged
from edge.contract.meaning import Meaning
from edge.series.state import State
from pipeline.history.table import to_table

NONE = float("nan")
CELL = st.one_of(st.just(NONE), st.integers(0, 50).map(float))


def added(readings: Float64) -> Float64:
    """What a counter added, judged by all of its own readings."""
    return increases(readings, largest(evidence(readings)))


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        pytest.param([NONE, 10, 12, 12, 15.5], [2, 0, 3.5], id="it grows"),
        pytest.param([NONE, NONE, 12, 15], [NONE, 3], id="its first reading is no increase"),
        pytest.param([1, 2, NONE, 8, 9], [NONE, NONE, 1], id="a gap hides what was added in it"),
        pytest.param([90, 100, 3, 5, 5], [3, 2, 0], id="a device that begins again at 0"),
        pytest.param([0, 2**32 - 10, 6, 9], [6, 3], id="an overflow loses what was counted up to it"),
        pytest.param([100, 100.02, 100.01, 100.03, 100.04], [0, 0.01, 0.01], id="a reading that goes back a little"),
        pytest.param([1234.5, 1234.6, 0, 1234.9, 1235], [0, 0.3, 0.1], id="a zero while the device starts"),
        pytest.param([1e12, 1e12 + 1, 1e12 + 3], [2], id="a large counter keeps its small steps"),
        pytest.param([-5, -4, -6, -5], [0, 1], id="a counter below 0 has no negative increase"),
    ],
)
def test_a_counter_becomes_what_was_added_in_each_interval(readings: list[float], expected: list[float]) -> None:
    """The figures are computed by hand."""
    np.testing.assert_allclose(added(np.asarray(readings, np.float64)), expected, atol=1e-9)


@given(st.lists(CELL, min_size=3, max_size=12), st.sampled_from([2.0**-30, 2.0**10, 2.0**40]))
def test_increases_are_never_negative_and_scale_with_the_readings(cells: list[float], factor: float) -> None:
    """Whatever the unit, to the last bit where it is a power of two."""
    readings = np.asarray(cells)
    assert not (added(readings) < 0).any()
    np.testing.assert_allclose(added(readings * factor), added(readings) * factor, rtol=0)


USED = st.lists(st.floats(0.2, 1.0), min_size=20, max_size=40)  # added in each interval


@given(USED, st.data(), st.sampled_from([59.6, 0.0, 12345.6]), st.sampled_from([4294967.295, 65535.0, 99999.9, 1e12]))
def test_a_glitch_costs_the_two_differences_it_lies_in(
    used: list[float], data: st.DataObject, start: float, glitch: float
) -> None:
    """Wherever it stands; no other interval has another value, and none an absurd one, also before the next reading comes."""
    good = start + np.cumsum([0.0, 0.0, 0.0, *used])
    at = data.draw(st.integers(2, len(good) - 1))
    bad = good.copy()
    bad[at] += glitch
    expected = added(good)
    expected[[place for place in (at - 2, at - 1) if place < len(expected)]] = NONE
    np.testing.assert_array_equal(added(bad), expected)
    as_yet = added(bad[: at + 1])
    if at >= LEAST + 4:
        assert np.isnan(as_yet[-1])
    np.testing.assert_array_equal(as_yet[:-1], added(good)[: at - 2])


@given(USED, st.integers(12, 19), st.sampled_from(["again at 0", "exchanged", "exchanged for an older one", "at an overflow"]))
def test_what_a_meter_does_is_no_glitch(used: list[float], at: int, what: str) -> None:
    """What it adds afterwards counts; a jump to another level that stays is no consumption, and costs its own interval."""
    levels = {"again at 0": (1234.5, 0.0), "exchanged": (59.6, 4000.0), "exchanged for an older one": (1234.5, 700.0)}
    before, after = levels.get(what, (99999.9 - sum(used[:at]), 0.1))
    old, new = before + np.cumsum([0.0, 0.0, *used[:at]]), after + np.cumsum(used[at:])
    values = added(np.append(old, new))
    np.testing.assert_allclose(values[:at], used[:at])
    np.testing.assert_allclose(values[at + 1 :], used[at + 1 :])
    if what.startswith("exchanged"):
        assert np.isnan(values[at])
    else:
        np.testing.assert_allclose(values[at], new[0])


def test_a_glitch_of_a_meter_that_stands_still_is_known_by_its_reading() -> None:
    """Nothing is usual but its level; what it adds then is believed."""
    level = [1234.5] * 12
    assert np.isnan(added(np.asarray([*level, 4294967.295]))[-1])
    assert added(np.asarray([*level, 4294967.295, 1234.6, 1239.6]))[-1] == pytest.approx(5)
    assert np.isnan(added(np.asarray([*level, 4294967.295, 1234.6]))[-2:]).all()
    assert np.isnan(added(np.asarray([500.0, 500.0, 4294967.295, 500.0]))[-1])  # too few readings: it began at no 0


def test_what_comes_often_is_usual() -> None:
    """A load that is switched on rarely is believed where it was seen before, and after three increases where it is new."""
    standby, load = [0.001] * 40, [2.7, 2.8, 2.75, 2.7, 2.72]
    readings = 1000 + np.cumsum([0.0, 0.0, *standby, *load])
    assert np.isnan(added(readings[:-2])[-1])
    np.testing.assert_allclose(added(readings)[-5:], load)
    np.testing.assert_allclose(added(np.append(readings, readings[-1] + np.cumsum([*standby, 2.6])))[-1], 2.6)


@given(st.lists(st.one_of(CELL, st.just(1e9)), min_size=4, max_size=40), st.integers(1, 20))
def test_the_evidence_of_two_parts_is_that_of_the_whole(cells: list[float], cut: int) -> None:
    """Each part begins with three readings of the one before."""
    readings = np.asarray(cells)
    cut = 3 + cut % (len(cells) - 3)
    parts = merged(evidence(readings[:cut]), evidence(readings[cut - 3 :]))
    np.testing.assert_array_equal(parts, evidence(readings))


@settings(max_examples=20)
@given(USED, st.data())
def test_device_and_history_leave_out_the_same(used: list[float], data: st.DataObject) -> None:
    """One reading at a time, with glitches, a new beginning and a gap, gives the window that the table has in the end."""
    readings = 50 + np.cumsum(used)
    where = st.integers(10, len(used) - 1)
    readings[data.draw(where) :] -= readings[0]
    for glitch in data.draw(st.lists(where, max_size=2)):
        readings[glitch] = 4294967.295
    times = np.delete(np.arange(len(used)), data.draw(st.lists(where, max_size=2))) * 10 + 5
    rows = Readings(np.zeros(len(times), np.int32), times, readings[times // 10])
    window = len(used)
    state = State(Contract(10, window, 1), meaning=lambda _: Meaning("counter"))
    closed = [state.ingest(rows.take(slice(at, at + 1))).closed for at in range(len(rows))]
    table = to_table(SeriesTable(["a"], meaning=lambda _: Meaning("counter")), rows, 10)
    last = state.advance((int(times[-1]) // 10 + 1) * 10).windows[0]
    np.testing.assert_array_equal(last[-table.values.shape[1] :], table.values[0])
    live = [windows.windows[-1, -1] for windows in closed if len(windows)]
    assert np.max(np.nan_to_num(live[LEAST + 4 :]), initial=0.0) <= FAR


def test_wrong_readings_that_come_twice_are_not_usual() -> None:
    """Nor however often they come: only what stays for three readings tells what a counter adds."""
    readings = np.arange(100.0, 160.0)
    readings[[20, 21, 30, 31, 40, 41, 50]] = 4294967.295
    assert np.isnan(added(readings[:51])[-1])
    assert np.nanmax(added(readings)) == 1.0


def test_a_little_back_is_a_correction_where_much_is_known_as_well() -> None:
    """The reading before was no jump; nothing is missing."""
    readings = np.append(np.arange(100.0, 130.0), [128.5, 129.5])
    np.testing.assert_array_equal(added(readings), [*[1.0] * 28, 0.0, 0.5])


def test_a_few_increases_are_not_usual() -> None:
    """A counter that moved seven times may add more than ten times as much; what moved eight times may not."""
    slow = np.repeat(np.arange(100.0, 108.0), 4)
    assert added(np.append(slow, 207.0))[-1] == 100.0
    assert np.isnan(added(np.append(slow, [*[108.0] * 4, 208.0]))[-1])

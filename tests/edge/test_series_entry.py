"""A batch in the journal is the batch that was taken."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge.contract.columns import Float64, Readings
from edge.series.entry import DUMPED, NO_FORECASTS, PART, Entry, dumped, integers

rows = st.lists(st.tuples(st.integers(0, 2**31 - 1), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False)), max_size=9)
forecasts = st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 4)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.floats(width=32))
)


@given(rows, st.none() | st.integers(-(2**63), 2**63 - 1), forecasts, st.booleans())
def test_entry_is_decoded_as_it_was_encoded(
    readings: list[tuple[int, int, float]], now: int | None, made: Float64, waits: bool
) -> None:
    """Every series, time and value, the clock or its absence, forecasts of any shape, NaN included, and whether it waits."""
    columns = [row[0] for row in readings], [row[1] for row in readings], [row[2] for row in readings]
    entry = Entry(Readings.of(*columns), now, made, waits)
    decoded = Entry.decode(entry.encode())
    assert (decoded.now, decoded.waits) == (now, waits)
    for name in ("series", "time", "value"):
        column = getattr(decoded.readings, name)
        np.testing.assert_array_equal(column, getattr(entry.readings, name))
        assert column.dtype == getattr(entry.readings, name).dtype
    np.testing.assert_array_equal(decoded.forecasts, made)
    assert decoded.forecasts.dtype == np.float64


def test_bytes_of_an_entry_do_not_change() -> None:
    """A journal that an earlier version wrote is read by a later one."""
    content = Entry(Readings.of([1], [2], [3.0]), 4, NO_FORECASTS).encode()
    assert content.hex() == "930493000000" + "94c40401000000c4080200000000000000c4080000000000000840c400"
    # An earlier version reads past the fifth column.
    waiting = Entry.waiting(Readings.of([1], [2], [3.0])).encode()
    assert waiting.hex() == "93c093000000" + "95c40401000000c4080200000000000000c4080000000000000840c400c400"


def test_bytes_that_are_no_entry_are_refused() -> None:
    """Half an entry is not taken for a shorter one."""
    content = Entry(Readings.of([1], [2], [3.0]), 4, NO_FORECASTS).encode()
    with pytest.raises(ValueError, match="truncated"):
        Entry.decode(content[:-3])


def test_whole_numbers_are_read_in_the_width_in_which_they_were_written() -> None:
    """A series alone decides neither in which version nor beside which others it was saved."""
    for width in (np.int32, np.int64):
        numbers = integers(np.asarray([-1, 2, 3], width).tobytes(), 3)
        assert numbers.dtype == np.int64
        assert numbers.tolist() == [-1, 2, 3]


def test_a_part_of_a_dump_has_a_series_and_is_bounded() -> None:
    """By a number of series, and by bytes where one series is large."""
    assert [dumped(size) for size in (1, PART // 3, 2 * PART)] == [DUMPED, 3, 1]

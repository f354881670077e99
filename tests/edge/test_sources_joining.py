"""Several streams of readings as one (of the kind "rows that collide": nothing counts twice, nothing is lost in silence)."""

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contract.columns import Readings
from edge.sources.joining import HOUR, join, merge

Row: TypeAlias = tuple[int, int, float]
ROWS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5 * HOUR), st.floats(-9, 9)), max_size=30)


def pages(rows: list[Row], size: int) -> list[Readings]:
    """Rows in order of time, some at a time."""
    ordered = sorted(rows, key=lambda row: row[1])
    parts = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    return [Readings.of(*zip(*part, strict=True)) for part in parts]


def rows_of(stream: list[Readings]) -> list[Row]:
    """Rows of all pages, in no order."""
    joined = Readings.concatenate(stream)
    assert (np.diff(joined.time) >= 0).all()
    return sorted(zip(joined.series.tolist(), joined.time.tolist(), joined.value.tolist(), strict=True))


@settings(max_examples=40)
@given(st.lists(ROWS, min_size=1, max_size=3), st.integers(1, 7))
def test_an_hour_of_a_series_comes_from_the_first_stream_that_has_it(streams: list[list[Row]], size: int) -> None:
    """However the streams are cut into pages; and all streams are read to their end."""
    expected, taken = [], set()
    for stream in streams:
        hours = {(series, time // HOUR) for series, time, _ in stream}
        expected += [row for row in stream if (row[0], row[1] // HOUR) not in taken]
        taken |= hours
    assert rows_of(list(join([pages(stream, size) for stream in streams]))) == sorted(expected)


@settings(max_examples=40)
@given(st.lists(ROWS, max_size=4), st.integers(1, 7))
def test_a_merge_keeps_every_row(streams: list[list[Row]], size: int) -> None:
    """In order of time."""
    merged = rows_of(list(merge([pages(stream, size) for stream in streams])))
    assert merged == sorted(row for stream in streams for row in stream)


def test_a_page_per_stream_is_in_memory() -> None:
    """A stream that is ahead is not read on: a year of one database would wait for the first day of another."""
    read: list[str] = []

    def stream(name: str, start: int) -> Iterator[Readings]:
        """A reading an hour."""
        for hour in range(start, start + 3):
            read.append(name)
            yield Readings.of([0], [hour * HOUR], [1.0])

    joined = join([stream("late", 100), stream("early", 0)])
    next(joined)
    assert read.count("late") == 1

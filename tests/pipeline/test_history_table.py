"""Pages in, one table out: however the history is cut and wherever the table lies, it is the same to the last bit."""

import tracemalloc
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.columns import Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.grid import Aggregation, aggregate
from edge.contract.meaning import GAUGE, Meaning
from edge.contract.times import DAY
from edge.errors import HistoryError
from edge.series.state import State
from pipeline.history.cells import Arrivals, Workspace
from pipeline.history.checks import validate
from pipeline.history.table import Table, stream_table, to_table

MINUTE = 60
NAMES = ["c", "a", "b"]
MEANINGS = (GAUGE, Meaning("counter"), Meaning(hold=5 * MINUTE), Meaning("counter", 20 * MINUTE, "kWh"))
VALUES = st.one_of(st.floats(-1e3, 1e3), st.sampled_from([np.nan, np.inf, 1e300, 0.1, 0.1]))
ROWS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 40 * MINUTE), VALUES), min_size=1, max_size=60)


def small(folder: Path | None = None, block: int = 5, in_memory: int = 16, cells: int = 4) -> Workspace:
    """Few readings at once, tables and cells in files, rows walked over a few bytes at a time."""
    return Workspace(folder, block, in_memory, cells, mapped=in_memory)


def pages_of(readings: Readings, size: int) -> list[Readings]:
    """The same readings in pieces."""
    return [readings.take(slice(begin, begin + size)) for begin in range(0, len(readings), size)]


def counted(readings: Readings) -> list[tuple[int, int, int, int]]:
    """Readings, duplicates, out of order and not finite of every series, counted one by one."""
    found = []
    for series in range(len(NAMES)):
        rows = readings.take(readings.series == series)
        times = rows.time.tolist()
        older = sum(later < earlier for earlier, later in pairwise(times))
        found.append((len(times), len(times) - len(set(times)), older, int((~np.isfinite(rows.value)).sum())))
    return found


@given(ROWS, st.integers(1, 60), st.integers(1, 20), st.sampled_from(["mean", "last", "sum", "min", "max"]))
def test_pages_make_the_table_that_all_readings_make(
    rows: list[tuple[int, int, float]], size: int, block: int, aggregation: Aggregation
) -> None:
    """Values and counts do not depend on pages, blocks or files, even where readings of an interval come out of order."""
    rows.sort(key=lambda row: row[1] // MINUTE)
    readings = Readings.of(*zip(*rows, strict=True))
    if not np.isfinite(readings.value).any():
        return
    series, number, value = aggregate(readings, MINUTE, aggregation)
    with TemporaryDirectory() as name:
        table, arrivals = stream_table(NAMES, pages_of(readings, size), MINUTE, aggregation, small(Path(name), block))
        mapped = isinstance(table.values, np.memmap)
        assert mapped == (table.values.nbytes > 16)
        at_once = to_table(NAMES, readings, MINUTE, aggregation)
        expected = np.full(table.values.shape, np.nan)
        expected[series, number - number.min()] = value
        expected[~(np.abs(expected) <= np.finfo(np.float32).max)] = np.nan
        assert table.values.tobytes() == at_once.values.tobytes() == expected.tobytes()
        assert (table.start, table.data_hash) == (number.min() * MINUTE, at_once.data_hash)
        found = zip(arrivals.readings, arrivals.duplicates, arrivals.out_of_order, arrivals.not_finite, strict=True)
        assert [tuple(map(int, one)) for one in found] == counted(readings)


@given(ROWS, st.integers(1, 60), st.integers(1, 9))
def test_the_report_does_not_depend_on_pages_or_pieces(rows: list[tuple[int, int, float]], size: int, piece: int) -> None:
    """Gaps, flat stretches and problems are the same whether the history is looked at whole or bit by bit."""
    interval = DAY // 3  # so that 40 of them are a history
    rows = sorted([*rows, (0, 0, 1.0), (0, 40 * MINUTE, 1.0)], key=lambda row: row[1] // MINUTE)
    series, time, value = zip(*rows, strict=True)
    readings = Readings.of(series, [interval // MINUTE * moment for moment in time], value)
    contract = Contract(interval, 4, 2)
    table, arrivals = stream_table(NAMES, [readings], interval)
    whole = validate(arrivals, table, contract)
    with TemporaryDirectory() as name:
        table, arrivals = stream_table(NAMES, pages_of(readings, size), interval, workspace=small(Path(name)))
        assert repr(validate(arrivals, table, contract, piece)) == repr(whole)


def test_rows_may_come_in_order_of_the_names() -> None:
    """Table and counts are sorted by name, though the series became known in another order."""
    readings = Readings.of([0, 1, 2, 2], [0, 0, 0, 0], [3.0, 1.0, 2.0, 2.5])
    table, arrivals = stream_table(NAMES, [readings], MINUTE, by_name=True)
    assert table.names == ("a", "b", "c")
    assert table.values.tolist() == [[1.0], [2.5], [3.0]]
    assert arrivals.duplicates.tolist() == [0, 1, 0]


def test_series_without_readings_have_empty_rows() -> None:
    """Names that no reading belongs to are rows of NaN with nothing arrived."""
    table, arrivals = stream_table(NAMES, [Readings.of([0], [0], [1.0])], MINUTE)
    assert np.isnan(table.values[1:]).all()
    assert arrivals.readings.tolist() == [1, 0, 0]


def test_pages_that_go_back_in_time_are_refused() -> None:
    """An interval that is complete would be made anew of half its readings; that is said, not done."""
    late = [Readings.of([0] * 10, list(range(0, 10 * MINUTE, MINUTE)), [1.0] * 10), Readings.of([0], [0], [2.0])]
    with pytest.raises(HistoryError, match="in order of time"):
        stream_table(["a"], late, MINUTE, workspace=small())


@pytest.mark.parametrize("strays", [[0], [10**9], [0, 1, 10**9], [10**7, 10**9, 2 * 10**9]])
def test_stray_readings_are_left_out_and_counted_wherever_the_pages_end(strays: list[int], tmp_path: Path) -> None:
    """The gaps are known at the end of the stream, whichever pages they lie between."""
    times = sorted([*strays, *range(10**8, 10**8 + 1500)])
    readings = Readings.of([int(time in strays) for time in times], [time * MINUTE for time in times], [1.0] * len(times))
    table, arrivals = stream_table(["fan", "pump"], pages_of(readings, 70), MINUTE, workspace=small(tmp_path, 100))
    assert (table.start, table.values.shape) == (10**8 * MINUTE, (2, 1500))
    assert np.isfinite(table.values).sum(axis=1).tolist() == [1500, 0]
    assert arrivals.stray.tolist() == [0, len(strays)]


def mapped_table(folder: Path) -> tuple[Table, Arrivals]:
    """Three series over twenty minutes in a file."""
    readings = Readings.of([0, 1, 2] * 20, np.repeat(np.arange(20) * MINUTE, 3).tolist(), list(range(60)))
    return stream_table(NAMES, [readings], MINUTE, workspace=small(folder))


def test_a_large_table_is_a_file_that_nobody_can_change(tmp_path: Path) -> None:
    """It is mapped read-only and stays readable when its folder is gone."""
    with TemporaryDirectory() as name:
        table, _ = mapped_table(Path(name))
        assert isinstance(table.values, np.memmap)
        assert Path(table.values.filename or "").parent == Path(name)
        with pytest.raises(ValueError, match="read-only"):
            table.values[0, 0] = 1
    assert table.values.sum() == sum(range(60))
    assert [row.tolist() for row in table.rows(16)] == np.asarray(table.values).tolist()


def test_chosen_series_of_a_file_are_a_file_again(tmp_path: Path) -> None:
    """What is left out is left out on the disk; where nothing is, nothing is copied."""
    table, _ = mapped_table(tmp_path)
    chosen = table.take([2, 1])
    assert isinstance(chosen.values, np.memmap)
    assert chosen.names == ("b", "a")
    np.testing.assert_array_equal(chosen.values, table.values[[2, 1]])
    assert table.take([0, 1, 2]) is table


def test_memory_does_not_grow_with_the_history(tmp_path: Path) -> None:
    """Four times the readings take the memory of one: what is held is a block, not the history."""

    def peak(minutes: int) -> int:
        series = np.tile(np.arange(100, dtype=np.int32), 10)
        pages = (
            Readings(series, np.repeat(np.arange(first, first + 10) * MINUTE, 100), np.ones(1000))
            for first in range(0, minutes, 10)
        )
        tracemalloc.start()
        workspace = small(tmp_path, block=20_000, in_memory=10_000, cells=20_000)
        table, arrivals = stream_table([str(name) for name in range(100)], pages, MINUTE, workspace=workspace)
        report = validate(arrivals, table, Contract(MINUTE, 96, 24), 1000)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert report.series[0].readings == minutes
        return most

    short, long = peak(2_000), peak(8_000)
    assert long < 1.2 * short, (short, long)


@given(ROWS, st.integers(1, 60), st.integers(1, 20), st.lists(st.sampled_from(MEANINGS), min_size=3, max_size=3))
def test_the_table_holds_what_the_device_would_forecast_from(
    rows: list[tuple[int, int, float]], size: int, block: int, meanings: list[Meaning]
) -> None:
    """Counters, held values and gauges side by side: the table ends with the windows of a state that saw the same readings."""
    rows = [row for row in sorted(rows, key=lambda row: row[1]) if abs(row[2]) < 1e9]
    if not rows:
        return
    readings = Readings.of(*zip(*rows, strict=True))
    series = SeriesTable(NAMES, dict(zip(NAMES, meanings, strict=True)).get)
    table, _ = stream_table(series, pages_of(readings, size), MINUTE, workspace=small(block=block))
    state = State(Contract(MINUTE, 45, 1), meaning=meanings.__getitem__)
    state.ingest(readings)
    closed = state.advance(table.end)
    for row, window in zip(closed.series, closed.windows, strict=True):
        np.testing.assert_allclose(table.values[row], window[-table.values.shape[1] :], rtol=1e-5, atol=1e-3)
    assert table.meanings == tuple(meanings)
    assert table.take([2, 0]).told == {NAMES[row]: meanings[row] for row in (2, 0) if meanings[row] != GAUGE}


def test_the_hash_of_a_table_knows_what_its_values_are() -> None:
    """A counter that never grows is not the same history as a gauge of nothing; its unit alone changes nothing."""
    readings = Readings.of([0, 0], [0, MINUTE], [0.0, 0.0])
    kinds = (None, Meaning(unit="kWh"), Meaning(hold=3 * MINUTE), Meaning(hold=4 * MINUTE))
    hashes = [to_table(SeriesTable(["a"], {"a": kind}.get), readings, MINUTE).data_hash for kind in kinds]
    assert hashes[0] == hashes[1] == to_table(["a"], readings, MINUTE).data_hash
    assert len(set(hashes)) == 3

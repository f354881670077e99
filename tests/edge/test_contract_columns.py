"""Columns keep their rows together, and a series keeps its number."""

import numpy as np

from edge.contract.columns import SHRUNK, ChosenSeries, Points, Readings, SeriesTable, extend, shrink
from edge.contract.schema import FORECAST_LEAD


def test_a_series_keeps_its_number_and_its_first_tags() -> None:
    """A name that comes again is the same series; tags that come later do not count."""
    table = SeriesTable(["a", "b", "a"])
    assert (table.add("c", {"site": "roof"}), table.add("c", {"site": "yard"}), table.add("a")) == (2, 2, 0)
    assert (table.names, table.tags, len(table)) == (["a", "b", "c"], [{}, {}, {"site": "roof"}], 3)
    assert (table.get("b"), table.get("d")) == (1, None)


def test_a_table_of_chosen_series_takes_no_others() -> None:
    """However many names a store has, such as a million made-up ones, they take no memory here."""
    table = ChosenSeries(["a", "b", "a", "c"])
    assert [table.add(name) for name in ("c", "a", "b", "x", "y")] == [3, 0, 1, 4, 4]
    assert (table.names, len(table), table.get("c"), table.get("x")) == (["a", "b", "a", "c"], 4, 3, None)


def test_readings_have_the_types_that_every_column_has() -> None:
    """Any sequence becomes int32, int64 and float64, also an empty one."""
    for readings in (Readings.of([1], [2**62], [0.5]), Readings.empty(), Readings.concatenate([])):
        assert [column.dtype for column in (readings.series, readings.time, readings.value)] == [np.int32, np.int64, np.float64]


def test_parts_of_readings_stay_rows() -> None:
    """Taken by number, by mask and as a slice, and put together again."""
    readings = Readings.of([0, 1, 2], [10, 11, 12], [0.0, 0.1, 0.2])
    parts = [readings.take(np.array([2])), readings.take(readings.time == 11), readings.take(slice(0, 1))]
    whole = Readings.concatenate(parts)
    assert list(zip(whole.series.tolist(), whole.time.tolist(), whole.value.tolist(), strict=True)) == [
        (2, 12, 0.2),
        (1, 11, 0.1),
        (0, 10, 0.0),
    ]


def test_some_rows_for_the_store_keep_their_fields_and_leads() -> None:
    """A text that all rows share stays as it is."""
    values = np.array([0.0, 0.1, 0.2])
    points = Points(
        FORECAST_LEAD,
        np.arange(3, dtype=np.int32),
        np.arange(3),
        {"value": values, "model": "gru"},
        np.array([1, 6, 12], np.int32),
    )
    some = points.take(slice(1, 3))
    assert (len(points), len(some), some.measurement) == (3, 2, FORECAST_LEAD)
    assert np.asarray(some.fields["value"]).tolist() == [0.1, 0.2]
    assert some.fields["model"] == "gru"
    assert some.lead is not None
    assert some.lead.tolist() == [6, 12]


def test_a_column_grows_in_small_steps_and_never_shrinks() -> None:
    """New rows hold nothing, and known ones stay."""
    column = np.arange(128)
    extend(column, 129, -1)
    assert column.tolist() == [*range(128), -1, -1]
    extend(column, 20, -1)
    assert len(column) == 130


def test_rows_that_are_kept_stand_in_their_order() -> None:
    """Of any number of steps; none and all of them as well."""
    for kept in ([], [0], [2, 3, 5], range(1, 3 * SHRUNK, 2), range(3 * SHRUNK)):
        column = np.arange(6.0 * SHRUNK).reshape(3 * SHRUNK, 2).copy()
        expected = column[list(kept)].tolist()
        shrink(column, np.array(kept, np.int32))
        assert column.tolist() == expected

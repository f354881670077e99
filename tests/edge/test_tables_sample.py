"""The beginning of a table."""

from edge.tables.sample import LEAST_ROWS, MORE_ROWS, ROWS, Sample, rows_to_judge


def test_a_row_that_ends_early_has_empty_cells() -> None:
    """A column has as many cells as there are rows."""
    sample = Sample("f", ["a", "b"], [["1", "2"], ["3"]], str, 0)
    assert sample.cells(1) == ["2", ""]


def test_a_table_of_many_columns_is_judged_by_fewer_rows() -> None:
    """A thousand columns of a thousand rows would take seconds."""
    assert (rows_to_judge(ROWS, 3), rows_to_judge(MORE_ROWS, 2)) == (ROWS, MORE_ROWS)
    assert rows_to_judge(ROWS, 1_000) == 200
    assert rows_to_judge(ROWS, 100_000) == rows_to_judge(MORE_ROWS, 10**6) == LEAST_ROWS

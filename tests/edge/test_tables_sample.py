"""The beginning of a table."""

from edge.tables.sample import Sample


def test_a_row_that_ends_early_has_empty_cells() -> None:
    """A column has as many cells as there are rows."""
    sample = Sample("f", ["a", "b"], [["1", "2"], ["3"]], str, 0)
    assert sample.cells(1) == ["2", ""]

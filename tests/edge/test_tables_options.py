"""What a user may say about a file, and does not have to."""

from edge.tables.options import NO_OPTIONS, TableOptions


def test_nothing_has_to_be_said() -> None:
    """A file that says everything itself needs no option."""
    assert TableOptions() == NO_OPTIONS
    assert not any((NO_OPTIONS.columns, NO_OPTIONS.missing, NO_OPTIONS.timezone, NO_OPTIONS.decimal_comma))

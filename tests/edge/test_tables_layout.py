"""Which column holds what, told from names, some rows and what the user says.

Kinds of fault: a first column that is no time taken for one, parts of a date and counters of rows imported as sensors, exports
of InfluxDB and pandas refused.
"""

from collections.abc import Sequence

import pytest

from edge.contract.times import LATEST
from edge.errors import ConfigurationError, HistoryError
from edge.tables.layout import Layout, labelled, layout_of, owner_of
from edge.tables.options import TableOptions
from edge.tables.sample import Sample
from edge.tables.timing import Timing
from edge.tables.words import SERIES_NAMES, TIME_NAMES, VALUE_NAMES


def layout(names: Sequence[str], *rows: Sequence[str], options: TableOptions | None = None) -> Layout:
    """The layout of a table."""
    return layout_of(Sample("f.csv", names, rows, lambda row: f"line {row + 2}", LATEST), options or TableOptions())


@pytest.mark.parametrize("time", TIME_NAMES)
@pytest.mark.parametrize("name", SERIES_NAMES)
def test_a_table_with_all_three_names_is_long(time: str, name: str) -> None:
    """In any case and order, with blanks around them, beside columns that are of no use."""
    for value in VALUE_NAMES:
        found = layout(["unit", f" {value.upper()}", f"{name.title()} ", time, ""])
        assert (found.values, found.labels, found.owner, found.timing.columns) == ((1,), ("",), (2,), (3,))


def test_any_other_table_is_wide() -> None:
    """The time is the column with its name, or else the first one; every other column is a series."""
    found = layout(["a", "Time", "b "], ["1", "2026-01-01", "2"])
    assert (found.owner, found.values, found.labels, found.timing.columns) == ((), (0, 2), ("a", "b"), (1,))
    found = layout(["when", "a", "value"], ["2026-01-01", "1", "2"])
    assert (found.labels, found.timing.columns, found.timing.named) == (("a", "value"), (0,), False)


def test_values_of_several_kinds_beside_a_name_are_series_of_their_own() -> None:
    """The name of the row and that of the column make the name."""
    found = layout(["sensor", "time", "temp", "hum"], ["a", "2026-01-01", "1", "2"])
    assert (found.owner, found.values, found.labels) == ((0,), (2, 3), ("temp", "hum"))
    found = layout(["host", "time", "temp"], ["a", "2026-01-01", "1"], options=TableOptions(series=("host",)))
    assert (found.owner, found.labels) == ((0,), ("temp",))


def test_a_column_that_counts_the_rows_is_left_out() -> None:
    """With a name of that kind or none, as pandas writes it; a column that does not count is a series."""
    found = layout(["", "unique_id", "ds", "y"], ["0", "a", "2026-01-01", "1"], ["1", "a", "2026-01-02", "1"])
    assert (found.values, found.notes) == ((3,), ("column 1 counts the rows, and is left out",))
    found = layout(["nr", "when", "a"], ["7", "2026-01-01", "1"], ["8", "2026-01-02", "1"])
    assert (found.labels, found.timing.columns) == (("a",), (1,))
    assert "column 1 ('nr') counts the rows" in found.notes[0]
    found = layout(["id", "time", "a"], ["7", "2026-01-01", "1"], ["7", "2026-01-02", "1"])
    assert found.labels == ("id", "a")


def test_a_column_without_name_and_content_is_none() -> None:
    """A separator at the end of every line makes one; with content it is refused."""
    found = layout(["time", "a", ""], ["2026-01-01", "1", ""])
    assert (found.labels, len(found.notes)) == (("a",), 1)
    with pytest.raises(HistoryError, match="column 3 has none"):
        layout(["time", "a", ""], ["2026-01-01", "1", "2"])


def test_tables_of_influxdb_are_named_by_their_tags() -> None:
    """Measurement, tags and field; the tag of Home Assistant, or our own, is the name alone. Fields side by side are values."""
    head = ["", "result", "table", "_start", "_stop", "_time"]
    times = ["", "", "0", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"]
    found = layout([*head, "_value", "_field", "_measurement", "host"], [*times, "1", "usage", "cpu", "pi"])
    assert [found.names[column] for column in found.owner] == ["_measurement", "host", "_field"]
    assert (found.values, found.labels) == ((6,), ("",))
    found = layout(
        [*head, "_value", "_field", "_measurement", "domain", "entity_id"], [*times, "1", "value", "°C", "sensor", "b"]
    )
    assert [found.names[column] for column in found.owner] == ["domain", "entity_id", "_field"]
    found = layout([*head, "_measurement", "host", "idle"], [*times, "cpu", "pi", "1"])
    assert ([found.names[column] for column in found.owner], found.labels) == (["_measurement", "host"], ("idle",))
    found = layout(["name", "tags", "time", "idle", "user"], ["cpu", "host=pi", "1767225600000000000", "1", "2"])
    assert (found.owner, found.labels, found.timing.rule.unit) == ((0, 1), ("idle", "user"), "ns")


def test_options_choose_columns() -> None:
    """A name that is not there is refused with those that are."""
    found = layout(["time", "a", "b"], ["2026-01-01", "1", "x"], options=TableOptions(ignore=("B",)))
    assert found.labels == ("a",)
    with pytest.raises(ConfigurationError, match="--ignore c: there is no such column; the file has time, a"):
        layout(["time", "a"], options=TableOptions(ignore=("c",)))


def test_missing_words_and_commas_become_the_rule_of_the_numbers() -> None:
    """What was decided without the user is noted."""
    found = layout(["time", "a"], ["2026-01-01", "1,5"], options=TableOptions(missing=("Bad",)))
    assert found.number.comma
    assert "bad" in found.number.missing
    assert found.notes == ("numbers have a decimal comma",)
    assert layout(["time", "a"], ["2026-01-01", "1"], options=TableOptions(decimal_comma=True)).notes == ()
    assert layout(["entity_id", "state", "last_changed"], ["a", "on", "2026-01-01"]).number.states


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "got one column, ''"),
        (["time"], "got one column, 'time'"),
        (["time", "a", "a "], "got 'a' twice"),
        (["2026-01-15 12:00:00", "21.5"], "got the data '2026-01-15 12:00:00,21.5'"),
        (["1553424480", "nan", "14.45", "nan"], "--columns time,sensor1,sensor2,sensor3"),
        (["a", "2026-01-15", "1"], "names of the columns in the first line"),
        (["1", "2"], "names of the columns in the first line"),
        (["time", "x" * 9999, "x" * 9999], "twice"),
    ],
)
def test_a_header_that_names_not_every_column_once_is_refused(names: list[str], words: str) -> None:
    """The message is short, however long the header is; a line of data is known as such first."""
    with pytest.raises(HistoryError) as caught:
        layout(names)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_column_of_words_is_refused_with_what_it_may_be() -> None:
    """A host or a status beside the values."""
    with pytest.raises(
        HistoryError, match=r"line 2, column 'host': expected a number .*--ignore host .*--series host .*got 'pi'"
    ):
        layout(["time", "host", "a"], ["2026-01-01", "pi", "1"], ["2026-01-02", "pi", "1"])


@pytest.mark.parametrize(
    ("names", "owner", "cells", "name"),
    [
        (("series", "time", "value"), (0,), (" roof ", "", ""), "roof"),
        (("_measurement", "host", "_field"), (0, 1, 2), ("cpu", "pi", "usage"), "cpu.pi.usage"),
        (("_measurement", "host", "_field"), (0, 1, 2), ("cpu", "", "value"), "cpu"),
        (("name", "tags", "time"), (0, 1), ("cpu", "host=pi,region=eu", ""), "cpu.pi.eu"),
        (("name", "tags", "time"), (0, 1), ("cpu", "", ""), "cpu"),
        (("series", "time"), (0,), (" ", ""), ""),
    ],
)
def test_a_name_is_put_together_from_what_is_there(
    names: tuple[str, ...], owner: tuple[int, ...], cells: tuple[str, ...], name: str
) -> None:
    """Empty cells, keys of tags and a field called value say nothing."""
    assert owner_of(Layout(names, Timing((2,)), owner, (), ()), cells) == name


def test_the_label_of_a_column_is_added() -> None:
    """One of both may be empty."""
    assert (labelled("cpu", "idle"), labelled("cpu", ""), labelled("", "idle")) == ("cpu.idle", "cpu", "idle")

"""Text files with one table or many, understood before their rows are read."""

from edge.contract.times import LATEST
from edge.tables.notes import Notes
from edge.tables.options import NO_OPTIONS
from edge.tables.sample import ROWS
from edge.tables.text_tables import TextTable, text_tables


def tables(text: str) -> tuple[list[tuple[TextTable, list[str]]], Notes]:
    """Every table with its lines, and what was noted."""
    notes = Notes()
    lines = iter(text.splitlines(keepends=True))
    return [(table, list(table.lines)) for table in text_tables("f.csv", lines, NO_OPTIONS, LATEST, notes)], notes


def test_no_line_is_lost_by_the_look_at_the_first() -> None:
    """All rows come, with the number of lines above them."""
    rows = [f"{1_767_225_600 + row},{row}\n" for row in range(ROWS + 5)]
    (((table, lines),), _) = tables("# x\ntime,a\n" + "".join(rows))
    assert lines == rows
    assert table.above == 2


def test_more_rows_are_looked_at_where_the_first_do_not_tell() -> None:
    """A clock that was set after a thousand readings makes no other column of the times."""
    rows = "".join(f"{row},1\n" for row in range(ROWS)) + "".join(f"{1_767_225_600 + row},1\n" for row in range(2 * ROWS))
    (((table, lines),), _) = tables("time,a\n" + rows)
    assert table.layout.timing.rule.unit == "s"
    assert len(lines) == 3 * ROWS


def test_a_table_of_texts_is_left_out_and_counted() -> None:
    """Home Assistant keeps texts beside its numbers in InfluxDB."""
    head = "#datatype,string,long,dateTime:RFC3339,{},string,string\n,result,table,_time,_value,_field,_measurement\n"
    row = ",,0,2026-01-01T00:00:00Z,{},f,m\n"
    text = head.format("string") + 2 * row.format("closed") + "\n" + head.format("double") + row.format("1.5")
    (found, notes) = tables(text)
    assert [line for _, lines in found for line in lines] == [row.format("1.5")]
    assert notes.sentences == ["rows of values that are texts, left out: 2, first line 3"]

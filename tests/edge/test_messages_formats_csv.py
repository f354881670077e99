"""`csv` reads tables with and without a header (kind: several values, and usual inputs, in one payload)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import PayloadError
from edge.messages.formats.csv_rows import read_rows
from tests.support.ingests import ingest, taken
from tests.support.payloads import table

CELLS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs")), min_size=1, max_size=10),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=4), st.sampled_from(",;\t"))
def test_what_was_written_is_read(rows: list[tuple[str, str]], separator: str) -> None:
    """Whatever the cells hold: separators and quotation marks too."""
    expected = [dict(zip(("first", "second"), row, strict=True)) for row in rows]
    assert read_rows(table([("first", "second"), *rows], separator)) == expected
    assert read_rows(table(rows, separator), ("first", "second"), separator) == expected


def test_a_header_names_the_cells() -> None:
    """Several rows in a message, cells in quotes, an empty cell, a row that ends early, and an empty line."""
    payload = b'\xef\xbb\xbftime,"t, roof",hum\r\n2026-01-15T12:00:00Z,21.5,\r\n\r\n2026-01-15T12:01:00Z, 21.6 \r\n'
    assert read_rows(payload) == [
        {"time": "2026-01-15T12:00:00Z", "t, roof": "21.5", "hum": None},
        {"time": "2026-01-15T12:01:00Z", "t, roof": "21.6"},
    ]


@pytest.mark.parametrize("row", ["1768478400,21.5", "2026-01-15T12:00:00Z,ok", "15.01.2026 12:00,ok", "ok,21.5", "ok,nan"])
def test_a_first_row_with_a_number_or_a_date_is_no_header(row: str) -> None:
    """Its cells are then reached by their position."""
    assert read_rows(f"{row}\n{row}".encode()) == [row.split(",")] * 2


def test_columns_name_the_cells_of_a_table_without_a_header() -> None:
    """A header that repeats the names is left out, as some devices send it with the first message only."""
    rows = [{"time": "1768478400", "temp": "21.5"}]
    assert read_rows(b"1768478400;21.5", ("time", "temp")) == rows
    assert read_rows(b"time;temp\n1768478400;21.5", ("time", "temp")) == rows


def test_a_decimal_comma_separates_no_cells() -> None:
    """Not beside semicolons and tabs; in a table with commas the row is refused, and the next one counts."""
    assert read_rows(b"time;temp\n2026-01-15;21,5") == [{"time": "2026-01-15", "temp": "21,5"}]
    assert read_rows(b"2026-01-15;21,5") == [["2026-01-15", "21,5"]]
    assert read_rows(b"temp\thum\n21,5\t60") == [{"temp": "21,5", "hum": "60"}]
    fault, good = read_rows(b"temp,hum\n21,5,60\n21.5,60")
    assert isinstance(fault, PayloadError)
    assert (fault.kind, good) == ("bad_payload", {"temp": "21.5", "hum": "60"})
    assert str(fault) == "expected at most 2 cells in a row, got 3: '21,5,60'; is the comma a decimal comma?"


def test_a_comma_that_is_a_decimal_sign_separates_no_cells() -> None:
    """The rule says so; else a row with fewer cells than columns would pass for one with whole numbers."""
    rule = ingest("{device}", format="csv", columns=("t", "h"), decimal=",", time="")
    assert taken(rule, "a", "21,5") == {"a.t": 21.5}
    assert taken(rule, "a", "21,5;60") == {"a.t": 21.5, "a.h": 60.0}
    assert taken(rule, "a", "21,5\t60") == {"a.t": 21.5, "a.h": 60.0}


def test_an_empty_cell_at_an_edge_is_a_cell() -> None:
    """Also where tabs separate the cells: without it every value would move to another column."""
    assert read_rows(b"\t21.5\t\n", ("a", "b", "c")) == [{"a": None, "b": "21.5", "c": None}]


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b"", "expected rows of cells, got ''"),
        (b"\n \n", "expected rows of cells, got '\\n \\n'"),
        (b'"open', "expected rows of cells, got '\"open': unexpected end of data"),
        (b"a,a\n1,2", "expected every column once in the header 'a,a'"),
        (b'"a"b,c\n1,2', "expected rows of cells, got '\"a\"b,c\\n1,2': ',' expected after '\"'"),
    ],
)
def test_what_is_no_table_is_refused(payload: bytes, text: str) -> None:
    """Nothing in it, a quotation mark without its partner, or a column that is there twice."""
    with pytest.raises(PayloadError) as caught:
        read_rows(payload)
    assert (caught.value.kind, str(caught.value)) == ("bad_payload", text)


def test_zero_bytes_around_a_table_are_no_part_of_it() -> None:
    """Other signs at its edges are."""
    assert read_rows(b"\0X,Y\n1,2X\0\0") == [{"X": "1", "Y": "2X"}]


def test_line_breaks_in_quotes_stay_as_they_are() -> None:
    """Also those of Windows, which end a row elsewhere."""
    assert read_rows(b'a,b\r\n"x\r\ny",1\r\n') == [{"a": "x\r\ny", "b": "1"}]


def test_what_stands_in_quotes_separates_no_cells() -> None:
    """Neither in a header of one column nor before a semicolon."""
    assert read_rows(b'"a;b"\n1') == [{"a;b": "1"}]
    assert read_rows(b'"a,b"\tc\n1\t2') == [{"a,b": "1", "c": "2"}]

"""Files are cut into tables: comments, `sep=`, annotations and repeated headers are no rows.

Kind of fault: exports of Grafana, InfluxDB and loggers refused with a message about columns that are none.
"""

import pytest

from edge.errors import HistoryError
from edge.tables.lines import WINDOWS, Header, Lines, encoding_of

ANNOTATED = "#group,false\n#datatype,string,double\n#default,_result,\n,result,_value\n,,1\n\n"


def tables(text: str, columns: tuple[str, ...] = ()) -> list[tuple[Header, list[str]]]:
    """Header and lines of every table."""
    lines = Lines("f.csv", iter(text.splitlines(keepends=True)), columns)
    result = []
    while (header := lines.header()) is not None:
        result.append((header, [line.rstrip("\r\n") for line in lines.body()]))
    return result


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("time,a\n1,2\n", Header(1, ",", ("time", "a"))),
        ("\r\n\ntime;a\r\n", Header(3, ";", ("time", "a"))),
        ("time\ta b,c\n", Header(1, ",", ("time\ta b", "c"))),
        ('time;"a, inside"\n', Header(1, ";", ("time", "a, inside"))),
        ('time\t"a;b"\t"c"\n', Header(1, "\t", ("time", "a;b", "c"))),
        ('time,"two\nlines"\n1,2\n', Header(2, ",", ("time", "two\nlines"))),
        ('"say ""a""",b', Header(1, ",", ('say "a"', "b"))),
        ("alone\n", Header(1, ",", ("alone",))),
        ("sep=;\ntime;a,b\n1;2\n", Header(2, ";", ("time", "a,b"))),
        ('"sep=\t"\r\ntime\ta,b\n', Header(2, "\t", ("time", "a,b"))),
        ("# logger v2, serial 7\n\n# cellar\ntime,a\n", Header(4, ",", ("time", "a"))),
        ("#,time,a\n", Header(1, ",", ("#", "time", "a"))),
        ('Logger 7\n\n"Cellar"\ntime;a\n1;2\n', Header(4, ";", ("time", "a"), loose=2)),
        ("a\n21,5\n22,5\n", Header(1, ",", ("a",))),
        ("1553424480,nan\n", Header(1, ",", ("1553424480", "nan"))),
    ],
)
def test_the_header_is_the_first_line_that_is_one(text: str, header: Header) -> None:
    """It is cut at the first separator outside of quotes, or at the one that the file names."""
    assert tables(text)[0][0] == header


def test_a_comment_among_the_rows_counts_as_a_line() -> None:
    """Only where comments stand above the header as well: else it is a row, which is refused if it is no reading."""
    assert tables("# a\ntime,a\n1,2\n# stopped\n3,4\n")[0][1] == ["1,2", "", "3,4"]
    assert tables("time,a\n#1,2\n")[0][1] == ["#1,2"]


def test_a_header_that_comes_again_is_no_row() -> None:
    """As in files that were put together; a row that comes again is a row, though the user gave the names."""
    assert tables("time,a\n1,2\ntime,a\r\n3,4\n")[0][1] == ["1,2", "", "3,4"]
    assert tables("1,2\n1,2\n", ("time", "a"))[0][1] == ["1,2", "1,2"]


def test_lines_without_a_separator_are_no_reason_to_read_a_whole_file() -> None:
    """A file of one column is given up after some of its lines, and none of them is lost."""
    lines = iter([f"{row}\n" for row in range(1000)])
    file = Lines("f.csv", lines)
    assert file.header() == Header(1, ",", ("0",))
    assert [line.strip() for line in file.body()] == [str(row) for row in range(1, 1000)]


def test_every_table_of_influxdb_has_its_own_header() -> None:
    """With its annotations, and without them where the same header comes again; lines are counted through."""
    (first, rows), (second, others) = tables(ANNOTATED * 2)
    assert (first.above, second.above) == (4, 10)
    assert first.types == second.types == ("#datatype", "string", "double")
    assert rows == others == [",,1", ""]
    ((header, body),) = tables(",result,table,_value\n,,0,1\n\n,result,table,_value\n,,1,2\n")
    assert header.cells == ("", "result", "table", "_value")
    assert body == [",,0,1", "", "", ",,1,2"]
    assert [header.cells for header, _ in tables("name,tags,time,a\ncpu,x=1,1,2\nname,time,b\nmem,1,2\n")] == [
        ("name", "tags", "time", "a"),
        ("name", "time", "b"),
    ]


def test_names_that_the_user_gives_leave_the_first_line_a_row() -> None:
    """The separator is the one that gives as many cells as there are names."""
    ((header, body),) = tables("2026-01-15 12:00;12,5\n2026-01-15 13:00;13,5\n", ("time", "a"))
    assert header == Header(0, ";", ("time", "a"), named=False)
    assert len(body) == 2


@pytest.mark.parametrize("text", ["", "\n\r\n", "# nothing but a comment\n"])
def test_a_file_without_a_header_is_empty(text: str) -> None:
    """Nothing, and nothing but empty lines and comments."""
    with pytest.raises(HistoryError, match=r"f\.csv is empty; expected columns series,time,value"):
        tables(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [('"time,a\n1,2\n', "a quotation mark that is not closed"), ("time," + "a" * 200_000, "field larger than field limit")],
)
def test_a_header_that_is_no_csv_is_refused(text: str, words: str) -> None:
    """A quotation mark that is never closed, and a name that is far too long."""
    with pytest.raises(HistoryError, match=rf"f\.csv: expected columns series,time,value .*; got a header .*{words}"):
        tables(text)


def test_a_quotation_mark_that_is_not_closed_does_not_take_the_whole_file() -> None:
    """The header of a large file is given up after some of its lines."""
    lines = iter(['time,"a\n', *["x" * 2**20] * 40])
    with pytest.raises(HistoryError, match="not closed"):
        Lines("f.csv", lines).header()
    assert len(list(lines)) > 20


def test_the_encoding_is_told_by_the_beginning_of_a_file() -> None:
    """UTF-8, what Excel calls Unicode, and the text of Western Windows; a character that is cut is no fault."""
    texts = ("Büro".encode(), "Büro".encode()[:2], b"", b"time,a\0\0\n", b"time,a\n\0\0\0")
    assert {encoding_of("f", text) for text in texts} == {"utf-8-sig"}
    assert encoding_of("f", "Büro,°C,x".encode("latin-1")) == WINDOWS
    names = ("utf-16", "utf-16-le", "utf-16-be")
    assert [encoding_of("f", "time,Büro\n".encode(name)) for name in names] == [*names]
    assert "time,Büro\n".encode("utf-16-le").decode(encoding_of("f", "time,Büro\n".encode("utf-16-le"))) == "time,Büro\n"


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"\x1f\x8b\x08\0", "packed with gzip: give its name the ending .csv.gz"),
        (b"PK\x03\x04...", "a zip archive or an Excel workbook: unpack it"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Excel (.xls): save it as .xlsx"),
        (b"PAR1....", "a Parquet file"),
        (b"SQLite format 3\0", "a SQLite database: name it in a [[history]] section"),
        (b"\n<!doctype html><html>", "a web page"),
    ],
)
def test_a_file_that_is_called_a_text_and_is_none_is_named(head: bytes, words: str) -> None:
    """Instead of a word about an encoding."""
    with pytest.raises(HistoryError) as caught:
        encoding_of("f.csv", head)
    assert str(caught.value).startswith("f.csv: expected text with columns")
    assert words in str(caught.value)


def test_line_ends_of_any_kind_and_zeros_before_a_line_do_no_harm() -> None:
    """Carriage returns alone are those of old spreadsheets; zeros are what a loss of power leaves in a file."""
    (header, rows), *_ = tables("time,a\r2026-01-15,1\r\0\0\0\r\0\0" + "2026-01-16,2\r\n\0\0")
    assert header.cells == ("time", "a")
    assert rows == ["2026-01-15,1", "", "2026-01-16,2", ""]

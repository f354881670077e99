"""Excel workbooks: dates as dates, numbers with all their digits, one sheet of several.

Kind of fault: the commonest export of an office refused, or its dates read as 1970.
"""

from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
import xlsxwriter

from edge.contract.columns import SeriesTable
from edge.contract.times import LATEST, SECOND
from edge.errors import ConfigurationError, HistoryError
from edge.tables.notes import Notes
from edge.tables.options import NO_OPTIONS, TableOptions
from pipeline.files.reading import File, read_batches
from tests.support.csv_texts import rows_of
from tests.support.spellings import NOON

HOUR = 3600 * SECOND
TINY = 1.23456789012e-7


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A workbook with dates, serial numbers, a date beside a time of day, and an empty sheet."""
    path = tmp_path / "book.xlsx"
    workbook = xlsxwriter.Workbook(path)
    moment, day, clock = (workbook.add_format({"num_format": text}) for text in ("dd.mm.yyyy hh:mm", "dd.mm.yyyy", "hh:mm"))
    sheets = {name: workbook.add_worksheet(name) for name in ("Messung", "Serial", "Split", "Empty")}
    sheets["Messung"].write_row(0, 0, ["Zeit", "a", "b"])
    sheets["Serial"].write_row(2, 0, ["time", "a"])
    sheets["Split"].write_row(0, 0, ["Datum", "Uhrzeit", "a"])
    for row in range(2):
        when = datetime(2026, 1, 15, 12) + timedelta(hours=row)  # noqa: DTZ001 - a workbook knows no zones
        sheets["Messung"].write_datetime(row + 1, 0, when, moment)
        sheets["Messung"].write_row(row + 1, 1, [1.5 + row, TINY if row else "n/a"])
        sheets["Serial"].write_row(row + 3, 0, [46_037.5 + row / 24, 1.5 + row])
        sheets["Split"].write_datetime(row + 1, 0, when.replace(hour=0), day)
        sheets["Split"].write_datetime(row + 1, 1, time(12 + row), clock)
        sheets["Split"].write_number(row + 1, 2, 1.5 + row)
    workbook.close()
    return path


def rows(path: Path, options: TableOptions = NO_OPTIONS) -> tuple[list[tuple[str, int, float]], list[str]]:
    """The readings of a workbook, and what is said about it."""
    names, notes = SeriesTable(), Notes()
    read = rows_of(names, (batch.readings for batch in read_batches(File(path, options, LATEST, 3), names, notes)))
    return read, notes.sentences


def test_the_first_sheet_is_read_and_the_others_are_named(book: Path) -> None:
    """Dates are local times, and a number keeps its digits beside a word."""
    read, notes = rows(book)
    assert sorted(read) == [("a", NOON, 1.5), ("a", NOON + HOUR, 2.5), ("b", NOON + HOUR, TINY)]
    assert notes[0] == "sheet 'Messung' is read, not 'Serial', 'Split', 'Empty' (--sheet NAME chooses)"


def test_serial_numbers_are_dates_only_if_the_user_says_so(book: Path) -> None:
    """Without the option the line names it."""
    expected = [("a", NOON, 1.5), ("a", NOON + HOUR, 2.5)]
    assert rows(book, TableOptions(sheet="Serial", time_format="excel"))[0] == expected
    with pytest.raises(
        HistoryError, match=r"row 4, column 'time'.*day number of a spreadsheet, 2026-01-15.*--time-format excel"
    ):
        rows(book, TableOptions(sheet="Serial"))


@pytest.mark.parametrize("sheet", ["Messung", "Serial", "Split"])
def test_day_numbers_by_declaration_leave_real_dates_as_they_are(book: Path, sheet: str) -> None:
    """A workbook may have both, and a person does not see which."""
    read, _ = rows(book, TableOptions(sheet=sheet, time_format="excel"))
    assert [row for row in read if row[0] == "a"] == [("a", NOON, 1.5), ("a", NOON + HOUR, 2.5)]


def test_a_date_and_a_time_of_day_stand_in_two_columns(book: Path) -> None:
    """What a cell does not show is no part of it."""
    assert rows(book, TableOptions(sheet="Split"))[0] == [("a", NOON, 1.5), ("a", NOON + HOUR, 2.5)]


def test_what_is_no_table_is_refused(book: Path, tmp_path: Path) -> None:
    """A sheet that is not there or empty, and a file that is no workbook."""
    with pytest.raises(ConfigurationError, match=r"--sheet Nope: .* it has Messung, Serial, Split, Empty"):
        rows(book, TableOptions(sheet="Nope"))
    (tmp_path / "no.csv").write_text("time,a\n2026-01-15,1\n")
    with pytest.raises(ConfigurationError, match=r"--sheet Empty: .*no\.csv is no Excel workbook.* leave --sheet out"):
        rows(tmp_path / "no.csv", TableOptions(sheet="Empty"))
    with pytest.raises(HistoryError, match="sheet 'Empty' is empty"):
        rows(book, TableOptions(sheet="Empty"))
    (tmp_path / "no.xlsx").write_text("time,a\n")
    with pytest.raises(HistoryError, match="cannot be read as an Excel workbook"):
        rows(tmp_path / "no.xlsx")


def test_a_title_above_the_names_and_units_below_them_are_left_out(tmp_path: Path) -> None:
    """And said; a sheet that is no table names the others."""
    path = tmp_path / "titled.xlsx"
    workbook = xlsxwriter.Workbook(path)
    moment = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    sheets = {name: workbook.add_worksheet(name) for name in ("Info", "Data")}
    sheets["Info"].write_column(0, 0, ["Author", "me"])
    for row, cells in enumerate((["Readings of the house"], ["", "Time", "a"], ["", "", "°C"])):
        sheets["Data"].write_row(row, 0, cells)
    for row in range(2):
        when = datetime(2026, 1, 15, 12) + timedelta(hours=row)  # noqa: DTZ001 - a workbook knows no zones
        sheets["Data"].write_datetime(row + 3, 1, when, moment)
        sheets["Data"].write_number(row + 3, 2, 1.5 + row)
    workbook.close()
    read, notes = rows(path, TableOptions(sheet="Data"))
    assert read == [("a", NOON, 1.5), ("a", NOON + HOUR, 2.5)]
    assert notes[:3] == [
        "1 row above the names of the columns, left out",
        "column 1 has no name and no content, and is left out",
        "1 row of words below the names, left out: °C",
    ]
    with pytest.raises(HistoryError, match=r"this is sheet 'Info', and --sheet NAME chooses another one: 'Data'"):
        rows(path)

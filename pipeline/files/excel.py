"""Excel workbooks as tables of frames."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import fastexcel
import polars as pl

from edge.errors import ConfigurationError, HistoryError
from edge.quoting import counted
from edge.tables.layout import Layout, layout_of
from edge.tables.notes import Notes
from edge.tables.options import TableOptions
from edge.tables.sample import MORE_ROWS, TITLES, Sample, has_names, rows_of_words, rows_to_judge, words_note
from edge.tables.words import empty_file
from pipeline.files.frames import FrameTable

SHOWN = 5  # sheets that a message names
NO_DATE = r"^1899-12-3[01] "  # what a time of day without a date begins with
MIDNIGHT = " 00:00:00"  # what a date without a time of day ends with


def open_excel(path: Path, cells: int, options: TableOptions, latest: int, notes: Notes) -> Iterator[FrameTable]:
    """The table of one sheet of a workbook; arguments and errors as of `open_text`.

    A cell that is formatted as a date or a time counts as one. A workbook is read whole; a sheet has at most a million rows.
    """
    try:
        book = fastexcel.read_excel(str(path))
        sheet = _sheet(path, book.sheet_names, options, notes)
        texts = book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string").to_polars()
        numbers = book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="float").to_polars()
    except fastexcel.FastExcelError as error:
        reason = str(error).strip().split("\n", 1)[0]
        raise HistoryError(f"{path} cannot be read as an Excel workbook: {reason}; save it again, or as CSV") from error
    others = [] if options.sheet else [name for name in book.sheet_names if name != sheet]
    grid = _Grid(str(path), sheet, texts, numbers)
    try:
        table = _table(grid, options, latest)
    except HistoryError as error:
        if not others:
            raise
        further = ", ".join(map(repr, others[:SHOWN]))
        raise HistoryError(f"{error}; this is sheet {sheet!r}, and --sheet NAME chooses another one: {further}") from error
    notes.decide(table.layout.notes)
    height = max(1, cells // len(table.layout.names))
    parts = (table.frame[position : position + height] for position in range(0, table.frame.height, height))
    yield FrameTable(str(path), table.layout, parts, table.row)


@dataclass(frozen=True, slots=True)
class _Grid:
    """The cells of a sheet.

    Args:
        source: name of the file, for messages.
        sheet: name of the sheet.
        texts: cells as texts.
        numbers: cells as numbers, null where they are none.
    """

    source: str
    sheet: str
    texts: pl.DataFrame
    numbers: pl.DataFrame


@dataclass(frozen=True, slots=True)
class _Understood:
    """The table of a sheet.

    Args:
        layout: meaning of the columns.
        frame: its rows.
        row: function that gives the words for a row.
    """

    layout: Layout
    frame: pl.DataFrame
    row: "_Words"


def _table(grid: _Grid, options: TableOptions, latest: int) -> _Understood:
    """The table below the first row with content; or, where it is none, below a row with the name of a column of times."""
    filled = [column.is_not_null() & (column.str.strip_chars() != "") for column in grid.texts]
    first = pl.DataFrame(filled).select(pl.any_horizontal(pl.all())).to_series().arg_max() if grid.texts.height else None
    if first is None:
        raise HistoryError(empty_file(f"{grid.source}, sheet {grid.sheet!r}"))
    try:
        return _below(grid, first, options, latest)
    except HistoryError:
        rows = grid.texts[first : first + TITLES].select(pl.all().fill_null("")).rows()
        names = next((number for number, row in enumerate(rows) if has_names(row)), 0)
        if options.columns or not names:
            raise
        understood = _below(grid, first + names, options, latest)
        note = f"{counted(names, 'row')} above the names of the columns, left out"
        return replace(understood, layout=replace(understood.layout, notes=(note, *understood.layout.notes)))


def _below(grid: _Grid, first: int, options: TableOptions, latest: int) -> _Understood:
    """The table of which a row holds the names, or its first cells where the user gives these."""
    begin = first if options.columns else first + 1
    names = options.columns or tuple((name or "").strip() for name in grid.texts.row(first))
    frame = pl.DataFrame(
        [
            _exact(text[begin:], number[begin:]).alias(str(position))
            for position, (text, number) in enumerate(zip(grid.texts, grid.numbers, strict=True))
        ]
    )
    rows = frame.head(rows_to_judge(MORE_ROWS, len(names))).select(pl.all().fill_null("")).rows()
    words = 0 if options.columns else rows_of_words(names, rows)
    row = _Words(begin + words)
    layout = layout_of(Sample(grid.source, names, rows[words:], row, latest), options)
    if words:
        layout = replace(layout, notes=(*layout.notes, words_note(words, rows[0], "row")))
    return _Understood(layout, frame[words:], row)


class _Words:
    """Words for a row below so many others.

    Args:
        above: number of rows above the first.
    """

    def __init__(self, above: int) -> None:
        self._above = above

    def __call__(self, row: int) -> str:
        """The row as the program shows it."""
        return f"row {self._above + row + 1}"


def _sheet(path: Path, names: list[str], options: TableOptions, notes: Notes) -> str:
    if options.sheet:
        if options.sheet not in names:
            raise ConfigurationError(f"--sheet {options.sheet}: {path} has no such sheet; it has {', '.join(names)}")
        return options.sheet
    if len(names) > 1:
        notes.decide([f"sheet {names[0]!r} is read, not {', '.join(map(repr, names[1:6]))} (--sheet NAME chooses)"])
    return names[0]


def _exact(text: pl.Series, number: pl.Series) -> pl.Series:
    """The cells of a column as texts: numbers with all their digits, dates and times of day without what the cell has not."""
    is_number = number.is_not_null() & text.cast(pl.Float64, strict=False).is_not_null()
    text = number.cast(pl.String).zip_with(is_number, text).str.replace(NO_DATE, "")
    dates = text.drop_nulls()
    if len(dates) and dates.str.ends_with(MIDNIGHT).all():
        text = text.str.strip_suffix(MIDNIGHT)
    return text

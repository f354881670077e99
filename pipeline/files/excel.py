"""Excel workbooks as tables of frames."""

from collections.abc import Iterator
from pathlib import Path

import fastexcel
import polars as pl

from edge.errors import ConfigurationError, HistoryError
from edge.tables.layout import layout_of
from edge.tables.notes import Notes
from edge.tables.options import TableOptions
from edge.tables.sample import MORE_ROWS, Sample, rows_to_judge
from edge.tables.words import empty_file
from pipeline.files.frames import FrameTable

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
    filled = [column.is_not_null() & (column.str.strip_chars() != "") for column in texts]
    first = pl.DataFrame(filled).select(pl.any_horizontal(pl.all())).to_series().arg_max() if texts.height else None
    if first is None:
        raise HistoryError(empty_file(f"{path}, sheet {sheet!r}"))
    begin = first if options.columns else first + 1
    names = options.columns or tuple((name or "") for name in texts.row(first))
    frame = pl.DataFrame(
        [
            _exact(text[begin:], number[begin:]).alias(str(position))
            for position, (text, number) in enumerate(zip(texts, numbers, strict=True))
        ]
    )
    rows = frame.head(rows_to_judge(MORE_ROWS, len(names))).select(pl.all().fill_null("")).rows()
    row = _Words(begin)
    layout = layout_of(Sample(str(path), names, rows, row, latest), options)
    notes.decide(layout.notes)
    height = max(1, cells // len(names))
    parts = (frame[position : position + height] for position in range(0, frame.height, height))
    yield FrameTable(str(path), layout, parts, row)


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

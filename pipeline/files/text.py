"""Text files as tables of frames: CSV and its kin, packed or not, read as a stream of lines."""

import csv
import gzip
import io
import lzma
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, cast

import polars as pl

from edge.contract.times import BLANKS
from edge.errors import HistoryError
from edge.tables.lines import WINDOWS, encoding_of, whole_lines
from edge.tables.notes import Notes
from edge.tables.options import TableOptions
from edge.tables.text_tables import TextTable, text_tables
from edge.tables.words import NO_UTF8, UNCLOSED, no_csv, too_many_cells
from pipeline.files.frames import FrameTable

HEAD = 2**20  # bytes that tell the encoding
ZSTD = ".zst"  # what Python cannot unpack, and polars can
LINES = 100_000  # lines of such a file that are in memory at once


def open_text(path: Path, cells: int, options: TableOptions, latest: int, notes: Notes) -> Iterator[FrameTable]:
    """The tables of a text file.

    Args:
        path: file; `.gz`, `.xz` and `.zst` are unpacked on the way.
        cells: number of cells that are in memory at once.
        options: statement of the user about the file.
        latest: time after which no reading can be, ns UTC.
        notes: notes that get what was decided.

    Raises:
        ConfigurationError: an option does not fit the file.
        HistoryError: it cannot be read.
    """
    try:
        for table in text_tables(str(path), _lines(path, notes), options, latest, notes):
            yield FrameTable(str(path), table.layout, _frames(str(path), table, cells), partial(_line, table.above))
    except (UnicodeError, csv.Error) as error:
        raise no_csv(str(path), error) from error


def _line(above: int, row: int) -> str:
    return f"line {above + row + 1}"


def _lines(path: Path, notes: Notes) -> Iterator[str]:
    if path.suffix.lower() == ZSTD:
        return _unpacked_lines(path)
    with _opened(path) as file:
        encoding = encoding_of(str(path), file.read(HEAD))
    if encoding == WINDOWS:
        notes.decide([NO_UTF8])
    return _text_lines(path, encoding)


def _opened(path: Path) -> IO[bytes]:
    kind = path.suffix.lower()
    return cast("IO[bytes]", gzip.open(path) if kind == ".gz" else lzma.open(path) if kind == ".xz" else path.open("rb"))


def _text_lines(path: Path, encoding: str) -> Iterator[str]:
    with _opened(path) as packed, io.TextIOWrapper(packed, encoding, newline="") as file:
        yield from whole_lines(str(path), file)


def _unpacked_lines(path: Path) -> Iterator[str]:
    frame = pl.scan_csv(
        path, separator="\0", quote_char=None, infer_schema=False, glob=False, has_header=False, truncate_ragged_lines=True
    )
    for part in frame.collect_batches(chunk_size=LINES, maintain_order=True, engine="streaming"):
        for text in part.to_series(0):
            yield f"{text or ''}\n"


def _frames(source: str, table: TextTable, cells: int) -> Iterator[pl.DataFrame]:
    """The rows as texts, some at a time; a cell in quotes that goes on in further lines stays whole."""
    layout = table.layout
    used = sorted({*layout.timing.columns, *layout.values, *layout.owner})
    header = table.separator.join(map(str, range(len(layout.names)))) + "\n"
    before = 0
    while lines := list(islice(table.lines, max(1, cells // len(layout.names)))):
        text = "".join(lines)
        if text.count('"') % 2:
            text += "".join(_rest_of_cell(table.lines))
        # All columns are read: polars finds a cell too many, as a decimal comma makes it, only where it reads the last column.
        try:
            frame = pl.read_csv((header + text).encode(), separator=table.separator, infer_schema=False)
        except pl.exceptions.ComputeError as error:
            if text.count('"') % 2:
                raise HistoryError(f"{source} {UNCLOSED}") from error
            _refuse_long(source, table, text, before)
            frame = pl.read_csv(
                (header + text).encode(), separator=table.separator, infer_schema=False, truncate_ragged_lines=True
            )
        yield frame.select(map(str, used))
        before += frame.height


def _refuse_long(source: str, table: TextTable, text: str, before: int) -> None:
    """Refuse the first row with more cells than there are names, unless these are empty.

    Args:
        source: name of the file, for messages.
        table: table that the rows belong to.
        text: lines of the rows.
        before: number of rows of the table before these.
    """
    names = len(table.layout.names)
    for row, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=table.separator)):
        if any(cell.strip(BLANKS) for cell in cells[names:]):
            raise too_many_cells(source, _line(table.above, before + row), names, len(cells))


def _rest_of_cell(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield line
        if line.count('"') % 2:
            return

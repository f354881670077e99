"""The tables of a text file: most have one, the exports of InfluxDB many."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

from edge.errors import HistoryError
from edge.tables.layout import Layout, layout_of
from edge.tables.lines import Header, Lines
from edge.tables.notes import Notes
from edge.tables.options import TableOptions
from edge.tables.sample import MORE_ROWS, ROWS, Sample, rows_to_judge

TEXTS = ("string", "boolean")  # types of values that are no numbers, in the words of InfluxDB


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table of a text file; its lines have to be taken before the next table is asked for.

    Args:
        layout: meaning of its columns.
        above: number of lines of the file above its first row.
        separator: character between the cells.
        lines: lines of its rows with their ends; empty ones are no rows.
    """

    layout: Layout
    above: int
    separator: str
    lines: Iterator[str]


def text_tables(source: str, lines: Iterator[str], options: TableOptions, latest: int, notes: Notes) -> Iterator[TextTable]:
    """The tables of a file, one after the other; what was decided about them is noted.

    Args:
        source: name of the file, for messages.
        lines: lines of the file with their ends.
        options: statement of the user about the file.
        latest: time after which no reading can be, ns UTC.
        notes: notes that get what was decided.

    Raises:
        ConfigurationError: an option does not fit the file.
        HistoryError: a table cannot be understood.
    """
    file = Lines(source, lines, options.columns)
    while (header := file.header()) is not None:
        body = file.body()
        if _holds_text(header):
            count = sum(1 for line in body if line.strip())
            notes.leave_out("rows of values that are texts", count, f"line {header.above + 1}")
            continue
        begun, layout = _understood(source, header, body, options, latest)
        loose = f"{header.loose} line{'s' if header.loose > 1 else ''} above the names of the columns"
        notes.decide([*([f"{loose}, left out"] if header.loose else []), *layout.notes])
        yield TextTable(layout, header.above, header.separator, chain(begun, body))


def _understood(
    source: str, header: Header, body: Iterator[str], options: TableOptions, latest: int
) -> tuple[list[str], Layout]:
    """The first lines of a table, and its layout; more lines are looked at where the first do not tell what its times are."""
    begun = _some(body, rows_to_judge(ROWS, len(header.cells)))
    try:
        return begun, layout_of(_sample(source, header, begun, latest), options)
    except HistoryError:
        more = _some(body, rows_to_judge(MORE_ROWS, len(header.cells)))
        if not more:
            raise
        begun += more
        return begun, layout_of(_sample(source, header, begun, latest), options)


def _some(body: Iterator[str], count: int) -> list[str]:
    """So many lines, and the rest of a cell that goes on in further ones."""
    lines = list(islice(body, count))
    in_quotes = sum(line.count('"') for line in lines) % 2 == 1
    while in_quotes and len(lines) < 2 * count and (line := next(body, "")):
        lines.append(line)
        in_quotes ^= line.count('"') % 2 == 1
    return lines


def _sample(source: str, header: Header, lines: list[str], latest: int) -> Sample:
    rows = [(row, cells) for row, cells in enumerate(csv.reader(lines, delimiter=header.separator)) if cells]
    return Sample(
        source, header.cells, [cells for _, cells in rows], lambda row: f"line {header.above + 1 + rows[row][0]}", latest
    )


def _holds_text(header: Header) -> bool:
    types = dict(zip((name.lower() for name in header.cells), header.types, strict=False))
    return types.get("_value") in TEXTS

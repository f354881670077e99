"""The tables of a text file: most have one, the exports of InfluxDB many."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice, takewhile

from edge.errors import HistoryError
from edge.quoting import counted
from edge.tables.layout import Layout, layout_of
from edge.tables.lines import QUOTED, Header, Lines
from edge.tables.notes import Notes
from edge.tables.options import TableOptions
from edge.tables.sample import MORE_ROWS, MOST_WORDS, ROWS, TITLES, Sample, has_names, rows_of_words, rows_to_judge, words_note
from edge.tables.words import SEPARATORS

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
        begun, header, layout = _understood(source, header, body, options, latest)
        loose = f"{counted(header.loose, 'line')} above the names of the columns"
        notes.decide([*([f"{loose}, left out"] if header.loose else []), *layout.notes])
        yield TextTable(layout, header.above, header.separator, chain(begun, body))


def _understood(
    source: str, header: Header, body: Iterator[str], options: TableOptions, latest: int
) -> tuple[list[str], Header, Layout]:
    """The first lines of a table, its header and its layout.

    More lines are looked at where the first do not tell what its times are; where these do not either, and a later line has the
    name of a column of times, those above it are titles.
    """
    begun = _some(body, rows_to_judge(ROWS, len(header.cells)))
    original = begun.copy()
    words = _without_words(header, begun)
    try:
        return begun, header, _layout(_sample(source, header, begun, latest), options, words)
    except HistoryError as error:
        below = None if options.columns or has_names(header.cells) else _header_below(header, original)
        if below is not None:
            begun = original[below.above - header.above :]
            words = _without_words(below, begun)
            return begun, below, _layout(_sample(source, below, begun, latest), options, words)
        more = _some(body, rows_to_judge(MORE_ROWS, len(header.cells)))
        if not more:
            raise
        begun += more
        try:
            return begun, header, _layout(_sample(source, header, begun, latest), options, words)
        except HistoryError as second:
            raise second from error


def _layout(sample: Sample, options: TableOptions, words: str) -> Layout:
    """The layout of a table, with a note about the words that stand below its names; empty: there are none."""
    layout = layout_of(sample, options)
    return replace(layout, notes=(*layout.notes, words)) if words else layout


def _without_words(header: Header, begun: list[str]) -> str:
    """Lines of words below the names, such as units, become empty ones; a note about them."""
    whole = takewhile(lambda line: line.count('"') % 2 == 0, begun[: MOST_WORDS + 1])
    rows = [next(csv.reader([line], delimiter=header.separator), []) for line in whole]
    count = rows_of_words(header.cells, rows) if header.named and not header.types else 0
    begun[:count] = ["\n"] * count
    return words_note(count, rows[0], "line") if count else ""


def _header_below(header: Header, begun: list[str]) -> Header | None:
    """The line with the names of the columns, where it stands below titles; None: there is none."""
    for number, line in enumerate(begun[:TITLES]):
        bare = QUOTED.sub("", line)
        separator = next((known for known in SEPARATORS if known in bare), header.separator)
        cells = next(csv.reader([line], delimiter=separator), [])
        if has_names(cells):
            return Header(header.above + number + 1, separator, tuple(cells), loose=header.loose + number + 1)
    return None


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
        source,
        header.cells,
        [cells for _, cells in rows],
        lambda row: f"line {header.above + 1 + rows[row][0]}",
        latest,
        header.separator,
    )


def _holds_text(header: Header) -> bool:
    types = dict(zip((name.lower() for name in header.cells), header.types, strict=False))
    return types.get("_value") in TEXTS

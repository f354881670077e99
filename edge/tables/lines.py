"""The lines of a text file: encoding, comments, the line with the names of the columns, and files of several tables."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TextIO

from edge.errors import HistoryError
from edge.tables.words import SEPARATORS, SHAPES, empty_file

LOOSE = 50  # lines without a separator above a header
LONGEST_LINE = 2**25  # characters; a million columns have fewer
LONGEST_HEADER = 2**24  # characters of a header that goes on in further lines
WINDOWS = "cp1252"
PAIRS = 64  # bytes at the beginning of a file that tell UTF-16 without a mark
NO_TEXT = {  # by the first bytes: what a file is that is called a text, and what to do
    b"\x1f\x8b": ("a file packed with gzip", "give its name the ending .csv.gz"),
    b"PK\x03\x04": ("a zip archive or an Excel workbook", "unpack it, or give its name the ending .xlsx"),
    b"\xd0\xcf\x11\xe0": ("a workbook of an old Excel (.xls)", "save it as .xlsx or as CSV"),
    b"PAR1": ("a Parquet file", "give its name the ending .parquet"),
    b"SQLite format 3\0": ("a SQLite database", "name it in a [[history]] section, see docs/history.md"),
    b"<!DOCTYPE": ("a web page", "export the data again; a page that asks for a password is saved in their place"),
    b"<html": ("a web page", "export the data again; a page that asks for a password is saved in their place"),
}
QUOTED = re.compile(r'"[^"]*"')
_NAMED_SEPARATOR = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_ANNOTATION = re.compile(r"#(?:group|datatype|default)\b")
# The line with the names in a file of several tables: InfluxDB's annotated CSV, and the CSV of its older command line.
_REPEATED = re.compile(r",result,table,|name,(?:tags,)?time,")


@dataclass(frozen=True, slots=True)
class Header:
    """The line with the names of the columns.

    Args:
        above: number of lines of the file above the first row of the table, that line included.
        separator: character between the cells.
        cells: names of the columns as they stand there.
        types: types of the columns, where the file has a line that says them.
        named: whether the file has such a line; without it the names were given by the user.
        loose: number of lines without any separator above it.
    """

    above: int
    separator: str
    cells: tuple[str, ...]
    types: tuple[str, ...] = ()
    named: bool = True
    loose: int = 0


def encoding_of(source: str, head: bytes) -> str:
    """The encoding of a text file: UTF-8 or UTF-16 where its beginning is, else that of Western Windows.

    Args:
        source: name of the file, for messages.
        head: bytes from the beginning of the file, as many as one likes.

    Raises:
        HistoryError: the file holds no text, whatever its name says.
    """
    for beginning, (what, advice) in NO_TEXT.items():
        if head.lstrip()[: len(beginning)].lower() == beginning.lower():
            raise HistoryError(f"{source}: expected text with {SHAPES}; got {what}: {advice}")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    zeros = head[:PAIRS:2].count(0), head[1:PAIRS:2].count(0)
    if 4 * max(zeros) > len(head[:PAIRS]) and not min(zeros):
        return "utf-16-be" if zeros[0] else "utf-16-le"
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.end < len(head) - 3:  # a character that is cut at the end is no fault
            return WINDOWS
    return "utf-8-sig"


def whole_lines(source: str, file: TextIO) -> Iterator[str]:
    """The lines of a file; one that never ends, as in a device file or a small packed one, must not fill the memory.

    Args:
        source: name of the file, for messages.
        file: file, open for reading.

    Raises:
        HistoryError: a line is far too long.
    """
    while line := file.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise HistoryError(
                f"{source} is no CSV: a line is longer than {LONGEST_LINE:,} characters; expected a table with {SHAPES}"
            )
        yield line


def _plain(line: str) -> str:
    """A line that ends in a line feed, without the zeros that a loss of power leaves before it."""
    if line[:1] == "\0":
        line = line.lstrip("\0") or "\n"
    return f"{line[:-1]}\n" if line[-1:] == "\r" else line


class Lines:
    """The lines of a file, cut into tables.

    Args:
        source: name of the file, for messages.
        lines: lines with their ends.
        columns: names of the columns, where the user gives them because the file does not.
    """

    def __init__(self, source: str, lines: Iterator[str], columns: tuple[str, ...] = ()) -> None:
        self._source, self._lines, self._columns = source, map(_plain, lines), columns
        self._count = 0  # lines taken so far
        self._next: list[str] = []  # lines that were given back
        self._last = ""  # header of this table
        self._comments = False

    def header(self) -> Header | None:
        """The header of the next table, cut at the first separator that it has outside of quotes; None: the file has ended.

        Empty lines, comments (`#`), `sep=;`, the annotations of InfluxDB and some lines without any separator, as loggers write
        them, stand above it and are no part of the table.

        Raises:
            HistoryError: a quotation mark is not closed, or a name is far too long; or the first table is missing.
        """
        separator = types = ""
        first = self._count == 0
        loose: list[str] = []
        while line := self._take():
            text = line.rstrip("\r\n")
            if not text:
                continue
            if (named := _NAMED_SEPARATOR.fullmatch(text)) is not None:
                separator = named[1]
            elif text.startswith("#") and not (self._columns or self._is_header(text)):
                self._comments = True
                types = text if text.startswith("#datatype") else types
            elif separator or self._columns or self._is_cut(text):
                return replace(self._cut(line, separator, types), loose=len(loose))
            else:
                loose.append(line)
                if len(loose) > LOOSE:
                    break
        if loose:
            self._give_back(*loose[1:])
            return self._cut(loose[0], separator, types)
        if first:
            raise HistoryError(empty_file(self._source))
        return None

    def body(self) -> Iterator[str]:
        """The lines below the header, up to the next table; a comment, or a header that comes again, is an empty line."""
        header = self._last
        sections = _REPEATED.match(header) is not None
        if not (sections or self._comments):
            again = {f"{header}\n", f"{header}\r\n"} if header and not self._columns else ()
            while self._next:
                yield self._take()
            for line in self._lines:
                yield "\n" if line in again else line
            return
        while line := self._take():
            if line[0] == "#" and self._comments:
                if _ANNOTATION.match(line):
                    return self._give_back(line)
                yield "\n"
            elif sections and _REPEATED.match(line):
                if line.rstrip("\r\n") != header:
                    return self._give_back(line)
                yield "\n"
            else:
                yield line

    def _is_header(self, text: str) -> bool:
        """Whether a line that begins with # is the line with the names all the same: a column may be called #."""
        return text[1:2] in SEPARATORS

    def _is_cut(self, text: str) -> bool:
        """Whether a line has a separator outside of quotes, and a letter, or begins a name in quotes that goes on."""
        bare = QUOTED.sub("x", text)
        return '"' in bare or (any(separator in bare for separator in SEPARATORS) and any(map(str.isalpha, bare)))

    def _give_back(self, *lines: str) -> None:
        self._next[:0] = lines
        self._count -= len(lines)

    def _take(self) -> str:
        line = self._next.pop(0) if self._next else next(self._lines, "")
        self._count += bool(line)
        return line

    def _cut(self, line: str, separator: str, types: str) -> Header:
        text = self._whole(line)
        self._last = text.rstrip("\r\n")
        bare = QUOTED.sub("", text)
        if self._columns:
            fitting = (known for known in reversed(SEPARATORS) if bare.count(known) == len(self._columns) - 1)
            separator = separator or next(fitting, SEPARATORS[0])
            self._give_back(line)
            return Header(self._count, separator, self._columns, named=False)
        separator = separator or next((known for known in SEPARATORS if known in bare), SEPARATORS[0])
        try:
            cells, kinds = (
                next(csv.reader(io.StringIO(part, newline=""), delimiter=separator)) for part in (text, types or "-")
            )
        except csv.Error as error:
            raise HistoryError(f"{self._source}: expected {SHAPES}; got a header that cannot be read: {error}") from error
        return Header(self._count, separator, tuple(cells), tuple(kinds) if types else ())

    def _whole(self, line: str) -> str:
        """The header with the lines in which a name in quotes goes on, but not through the whole file."""
        begun, length, in_quotes = [line.rstrip("\r\n")], len(line), line.count('"') % 2 == 1
        while in_quotes and not self._columns:
            further = self._take()
            if not further or length > LONGEST_HEADER:
                raise HistoryError(f"{self._source}: expected {SHAPES}; got a header with a quotation mark that is not closed")
            begun.append(further.rstrip("\r\n"))
            length += len(further)
            in_quotes ^= further.count('"') % 2 == 1
        return "\n".join([*begun, ""])

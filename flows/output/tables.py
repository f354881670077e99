"""Tables and numbers of the terminal, and of JSON documents."""

import math
from collections.abc import Collection

from rich.table import Table as RichTable
from rich.text import Text

from edge.quoting import one_line
from pipeline.report.page import Grid


def finite(value: float | None) -> float | None:
    """A number for a JSON document, in full precision; None where it is not finite, as JSON has no word for that."""
    return None if value is None or not math.isfinite(value) else value


def known(value: float | None) -> float | None:
    """The same, rounded to six decimals."""
    number = finite(value)
    return None if number is None else round(number, 6)


def rich_table(grid: Grid, *, title: str | None = None, gap: int = 2, words: Collection[str] = ()) -> RichTable:
    """A table for a terminal, without lines: the first column and those of words to the left, numbers to the right.

    Args:
        grid: headers and cells.
        title: line above the table; None: there is none.
        gap: number of spaces between two columns.
        words: headers of further columns that hold words.
    """
    table = RichTable(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, gap, 0, 0))
    for column, header in enumerate(grid.headers):
        left = column == 0 or header in words
        table.add_column(header, justify="left" if left else "right", no_wrap=column == 0, overflow="fold")
    for row in grid.rows:
        table.add_row(*(Text(one_line(cell)) for cell in row))  # names of series may look like markup of rich
    return table

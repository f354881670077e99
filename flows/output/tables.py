"""Tables and numbers of the terminal."""

import math

from rich.table import Table as RichTable

from pipeline.report.page import Grid


def known(value: float | None) -> float | None:
    """A number for a JSON document: six decimals, None where it is not finite."""
    return None if value is None or not math.isfinite(value) else round(value, 6)


def rich_table(grid: Grid) -> RichTable:
    """A table for a terminal: text left, numbers right, no lines."""
    table = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for place, header in enumerate(grid.headers):
        table.add_column(header, justify="left" if place == 0 else "right", no_wrap=place == 0)
    for row in grid.rows:
        table.add_row(*row)
    return table

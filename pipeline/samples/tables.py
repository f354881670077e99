"""Where rows and lines have their time, and in which unit."""

from collections.abc import Iterator, Sequence

from edge.contract.times import TimeUnit, parse_time, unit_of
from edge.errors import PayloadError
from pipeline.samples.leaves import TIMES
from pipeline.samples.payloads import is_number
from pipeline.samples.plans import Seen, is_time


def time_column(topics: Sequence[Seen]) -> str | None:
    """Name of the column with the time, or its number where there is no header; None where there is none."""
    for seen in topics:
        for sample, content in seen.contents:
            for row in content.document if isinstance(content.document, list) else ():
                cells = row.items() if isinstance(row, dict) else enumerate(row) if isinstance(row, list) else ()
                for name, cell in cells:
                    named = str(name).lower() in TIMES
                    if isinstance(cell, str) and is_time(cell, sample, named=named) and (named or not is_number(cell)):
                        return str(name)
    return None


def line_unit(topics: Sequence[Seen]) -> TimeUnit | None:
    """Unit of the times in line protocol where they are no nanoseconds; None where they are."""
    for time in _line_times(topics):
        try:
            parse_time(time, "ns")
        except PayloadError:
            return unit_of(time)
        return None
    return None


def _line_times(topics: Sequence[Seen]) -> Iterator[int]:
    for seen in topics:
        for _, content in seen.contents:
            for line in content.document if isinstance(content.document, list) else ():
                if isinstance(line, dict) and isinstance(line.get("time"), int):
                    yield line["time"]

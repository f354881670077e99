"""The columns of a table that hold its times: one, a date and a time of day, or the parts of a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.contract.times import BLANKS
from edge.errors import PayloadError
from edge.tables.formats import EXCEL, pattern_of
from edge.tables.options import TableOptions
from edge.tables.sample import Sample
from edge.tables.times import TimeRule, expected_time, is_clock, judge, read_cell
from edge.tables.words import CLOCK_NAMES, DATE_NAMES, PART_NAMES, TIME_NAMES, refused

ANY = TimeRule()


@dataclass(frozen=True, slots=True)
class Timing:
    """The times of a sample.

    Args:
        columns: number of the column of the times; those of a date and of its time of day; or those of year, month, day, hour,
            minute and second, as far as there are any.
        rule: form in which a time is written, once its columns are put together.
        named: whether they were found by their names.
        note: decision that nobody asked for; empty: none.
    """

    columns: tuple[int, ...]
    rule: TimeRule = ANY
    named: bool = True
    note: str = ""

    def text(self, cells: Sequence[str]) -> str:
        """The time as one text; empty where a cell is.

        Args:
            cells: those of the columns, in their order.
        """
        if len(cells) == 1:
            return cells[0]
        parts = [cell.strip(BLANKS) for cell in cells]
        if not all(parts):
            return ""
        if len(parts) == 2:
            return f"{parts[0]} {parts[1]}" if parts[1][1:2] != ":" or self.rule.pattern else f"{parts[0]} 0{parts[1]}"
        year, month, day, *clock = (part.removesuffix(".0") for part in parts)
        return f"{year}-{month:0>2}-{day:0>2}" + (f"T{':'.join(f'{part:0>2}' for part in clock)}" if clock else "")


def timing_of(sample: Sample, names: Sequence[str], usable: Sequence[int], options: TableOptions) -> Timing:
    """The columns of the times.

    Args:
        sample: names and first rows.
        names: names of the columns.
        usable: numbers of the columns that may be looked at.
        options: statement of the user about the file.

    Raises:
        HistoryError: no column holds times.
        ConfigurationError: the format of the times is none.
    """
    looked_at = set(usable)
    low = [names[column].lower() if column in looked_at else "" for column in range(len(names))]
    columns = _pair(sample, low) or _single(sample, low, options) or _parts(low) or _single(sample, low, options, certain=False)
    if not columns:
        return _unnamed(sample, names, usable, options)
    if options.time_format:
        return Timing(columns, _rule(options))
    timing = Timing(columns)
    if len(columns) > 1:
        return timing
    judged = judge(sample.cells(columns[0]), sample.latest)
    if judged.rule is None:
        _refuse(sample, names, columns[0], judged.bad or 0, named=True)
    return Timing(columns, judged.rule or TimeRule())


def _rule(options: TableOptions) -> TimeRule:
    return TimeRule(excel=True) if options.time_format == EXCEL else TimeRule(pattern=pattern_of(options.time_format))


def _pair(sample: Sample, low: Sequence[str]) -> tuple[int, ...]:
    """A column of dates and one of times of day."""
    clock = next((low.index(name) for name in CLOCK_NAMES if name in low and is_clock(sample.cells(low.index(name)))), None)
    day = next((low.index(name) for name in DATE_NAMES if name in low and low.index(name) != clock), None)
    return () if clock is None or day is None else (day, clock)


def _parts(low: Sequence[str]) -> tuple[int, ...]:
    """Columns of year, month and day, and of hour, minute and second as far as there are any."""
    parts = [next((low.index(name) for name in known if name in low), None) for known in PART_NAMES]
    if None in parts[:3]:
        return ()
    return tuple(column for column in parts[: parts.index(None) if None in parts else len(parts)] if column is not None)


def _single(sample: Sample, low: Sequence[str], options: TableOptions, *, certain: bool = True) -> tuple[int, ...]:
    """The column with the name of a time.

    Args:
        sample: names and first rows.
        low: names of the columns in lower case.
        options: statement of the user about the file.
        certain: whether its cells have to be times.
    """
    named = [low.index(name) for name in TIME_NAMES if name in low]
    if certain:
        named = [
            column for column in named if options.time_format or judge(sample.cells(column), sample.latest).rule is not None
        ]
    return tuple(named[:1])


def _unnamed(sample: Sample, names: Sequence[str], usable: Sequence[int], options: TableOptions) -> Timing:
    """The first column where all of its cells are times, or else the only other one."""
    rule = _rule(options) if options.time_format else None
    fitting: list[tuple[int, TimeRule]] = []
    for column in usable:
        cells = sample.cells(column)
        if rule is not None:
            if all(_reads(cell, rule) for cell in cells):
                fitting.append((column, rule))
        else:
            judged = judge(cells, sample.latest)
            certain = column == usable[0] or (judged.rule is not None and judged.rule.unit == "iso")
            if judged.rule is not None and judged.whole and certain:
                fitting.append((column, judged.rule))
        if fitting and column == usable[0]:
            break
    if len(fitting) == 1:
        column, rule_of_column = fitting[0]
        note = "" if column == usable[0] else f"the times are those of column {names[column]!r}, the only one that holds some"
        return Timing((column,), rule_of_column, named=False, note=note)
    first = usable[0] if usable else 0
    judged = judge(sample.cells(first), sample.latest)
    _refuse(sample, names, first, judged.bad or 0, named=False)
    return Timing((first,), named=False)


def _reads(cell: str, rule: TimeRule) -> bool:
    try:
        return not cell.strip(BLANKS) or read_cell(cell, rule)[0] is not None
    except PayloadError:
        return False


def _refuse(sample: Sample, names: Sequence[str], column: int, row: int, *, named: bool) -> None:
    """Refuse a column that is no time, by the first cell that is none; without any row nothing is refused."""
    if row >= len(sample.rows):
        return
    cell = sample.cells(column)[row]
    raise refused(sample.source, sample.row(row), names[column], expected_time(cell, TimeRule(), named=named), cell)

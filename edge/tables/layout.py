"""Which column of a table holds what, told from the names of the columns, some rows and what the user says."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from edge.contract.times import BLANKS
from edge.errors import ConfigurationError, HistoryError
from edge.tables.numbers import NumberRule, doubtful_point, has_decimal_comma, number_of, units_of
from edge.tables.options import NO_OPTIONS, TableOptions
from edge.tables.sample import Sample, has_names
from edge.tables.times import is_clock, judge
from edge.tables.timing import Timing, timing_of
from edge.tables.words import (
    BESIDE_VALUE,
    INDEX_NAMES,
    INFLUX,
    LONGEST_SHOWN,
    MISSING,
    SERIES_NAMES,
    SHAPES,
    VALUE_NAMES,
    refused,
    shown,
)

KEY = r"(?:^|,)[^=,]*="  # what stands before the value of a tag in `host=a,region=b`
SHOWN = 5  # columns that a note names
SILENT_FIELD = "value"  # a field of InfluxDB that says nothing beside the name of its series
_KEY = re.compile(KEY)


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column of a table holds what; columns are numbered from 0.

    Args:
        names: names of all columns, without blanks around them.
        timing: columns of the times, and how these are written.
        owner: columns whose cells make the name of a series, empty in a wide table.
        values: columns of the values: one in a long table, one per series in a wide one.
        labels: name that each column of values adds to that of the series; empty: none.
        number: form in which numbers are written.
        units: unit that stands behind each number of a column of values; empty: none.
        notes: decisions that nobody asked for, for the user.
    """

    names: tuple[str, ...]
    timing: Timing
    owner: tuple[int, ...]
    values: tuple[int, ...]
    labels: tuple[str, ...]
    number: NumberRule = field(default_factory=NumberRule)
    units: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def numbers(self) -> tuple[NumberRule, ...]:
        """How the numbers of each column of values are written."""
        units = self.units or ("",) * len(self.values)
        return tuple(replace(self.number, unit=unit) if unit else self.number for unit in units)


def layout_of(sample: Sample, options: TableOptions = NO_OPTIONS) -> Layout:
    """The layout of a table.

    Args:
        sample: names of the columns and some rows.
        options: statement of the user about the file.

    Raises:
        ConfigurationError: an option names a column that is not there.
        HistoryError: the names are missing or come twice, or no column holds times.
    """
    names = tuple(name.strip(BLANKS) for name in sample.names)
    _check_names(sample, names, options)
    low = [name.lower() for name in names]
    dropped = {_numbered(names, name, "--ignore") for name in options.ignore}
    usable = [column for column in range(len(names)) if column not in dropped]
    notes: list[str] = []
    timing = timing_of(sample, names, usable, options)
    index = _index_column(sample, low, usable, timing)
    if index is not None:
        notes.append(f"column {index + 1}{f' ({names[index]!r})' if names[index] else ''} counts the rows, and is left out")
    if timing.note:
        notes.append(timing.note)
    rest = [column for column in usable if column not in timing.columns and column != index]
    owner, values = _owner_and_values(names, rest, options, sample)
    labels = tuple("" if owner and len(values) == 1 and low[column] in VALUE_NAMES else names[column] for column in values)
    empty = [column for column in values if not names[column] and not any(cell.strip(BLANKS) for cell in sample.cells(column))]
    if empty:
        notes += [f"column {column + 1} has no name and no content, and is left out" for column in empty]
        labels = tuple(label for column, label in zip(values, labels, strict=True) if column not in empty)
        values = tuple(column for column in values if column not in empty)
    nameless = next((column for column in values if not names[column]), None)
    if nameless is not None:
        raise HistoryError(
            f"{sample.source}: expected a name for every column; column {nameless + 1} has none, name or remove it"
        )
    if not values:
        raise HistoryError(f"{sample.source}: expected {SHAPES}; got no column of values beside the time")
    layout = Layout(names, timing, owner, values, labels)
    return _with_numbers(layout, sample, options, notes)


def is_tags(layout: Layout, column: int) -> bool:
    """Whether the cells of a column are tags such as `host=a,region=b`."""
    return column == 1 and layout.names[1].lower() == "tags" and layout.names[0].lower() == "name"


def is_field(layout: Layout, column: int) -> bool:
    """Whether the cells of a column are names of fields of InfluxDB."""
    return layout.names[column].lower() == "_field"


def owner_of(layout: Layout, cells: Sequence[str]) -> str:
    """The name of the series of a row, before the label of a column is added; empty where there is none.

    Args:
        layout: meaning of the columns.
        cells: cells of the row.
    """
    parts = []
    for column in layout.owner:
        text = cells[column].strip(BLANKS)
        if is_tags(layout, column):
            text = _KEY.sub(".", text)[1:]
        if is_field(layout, column) and text == SILENT_FIELD:
            text = ""
        if text:
            parts.append(text)
    return ".".join(parts)


def labelled(owner: str, label: str) -> str:
    """The name of a series: that of its row with the label of its column."""
    return f"{owner}.{label}" if owner and label else owner or label


def _check_names(sample: Sample, names: tuple[str, ...], options: TableOptions) -> None:
    if len(names) < 2:
        raise HistoryError(f"{sample.source}: expected {SHAPES}; got one column, {shown(names[0] if names else '')}")
    if options.columns and sample.rows and has_names(sample.rows[0]):
        raise HistoryError(
            f"{sample.source}: expected data in the first line, as --columns is for files without names; got the names "
            f"{shown(','.join(sample.rows[0]))}: leave --columns out"
        )
    times = [name for name in names if name and (judged := judge([name], sample.latest)).rule is not None and judged.whole]
    if not options.columns and len(times) > 1 and times != [*names[: len(times)]]:
        raise HistoryError(
            f"{sample.source}: expected a row for each time; got times as names of columns, such as {shown(times[0])}: "
            "export the data with its times in one column"
        )
    if not options.columns and (times or _are_numbers(names)):
        clock = ["date", "time"] if is_clock(names[1:2]) else ["time"]
        example = ",".join([*clock, *(f"sensor{position}" for position in range(1, len(names) - len(clock) + 1))])
        raise HistoryError(
            f"{sample.source}: expected the names of the columns in the first line; got the data {shown(','.join(names))}: "
            f"write a line with names above it, or give them, such as --columns {example[:LONGEST_SHOWN]}"
        )
    twice = next((name for name, count in Counter(names).items() if name and count > 1), None)
    if twice is not None:
        raise HistoryError(f"{sample.source}: expected every column once; got {shown(twice)} twice, rename or remove one")


def _are_numbers(names: Sequence[str]) -> bool:
    """Whether a line that should have the names has nothing but numbers."""
    try:
        return bool([number_of(name) for name in names])
    except ValueError:
        return False


def _numbered(names: Sequence[str], name: str, option: str) -> int:
    low = [known.lower() for known in names]
    if name.lower() not in low:
        raise ConfigurationError(
            f"{option} {name}: there is no such column; the file has {', '.join(filter(None, names))[:200]}"
        )
    return low.index(name.lower())


def _index_column(sample: Sample, low: Sequence[str], usable: Sequence[int], timing: Timing) -> int | None:
    """The first column, where it does nothing but count the rows."""
    column = usable[0] if usable else 0
    if not usable or column in timing.columns or low[column] not in INDEX_NAMES:
        return None
    cells = [cell.strip(BLANKS) for cell in sample.cells(column)]
    if not all(cell.isdigit() and cell.isascii() for cell in cells if cell) or not any(cells):
        return None
    counted = [int(cell) for cell in cells if cell]
    steady = all(after == before + 1 for before, after in pairwise(counted))
    return column if steady or not low[column] else None


def _owner_and_values(
    names: Sequence[str], rest: Sequence[int], options: TableOptions, sample: Sample
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Columns of the names of series, and those of the values."""
    left = set(rest)
    low = {name.lower(): column for column, name in reversed([*enumerate(names)]) if column in left}
    value = next((low[name] for name in VALUE_NAMES if name in low), None)
    if options.series:
        owner = tuple(_numbered(names, name, "--series") for name in options.series)
    elif "_measurement" in low or "_field" in low:
        owner = _influx_owner(names, rest, sample, None if value is None else names[value])
    elif names[0].lower() == "name" and 0 in rest and "time" in [name.lower() for name in names[1:3]]:
        tags = {1} if names[1].lower() == "tags" else {column for column in rest if _has_no_number(sample.cells(column))}
        owner = tuple(column for column in rest if column == 0 or column in tags)
    else:
        names_beside = BESIDE_VALUE if value is not None else ()
        owner = tuple(low[name] for name in (*SERIES_NAMES, *names_beside) if name in low)[:1]
    if owner and value is not None and value not in owner and _is_long(names, owner, options):
        return owner, (value,)
    skipped = {*owner, *(low[name] for name in INFLUX if name in low and name != "_value" and "_measurement" in low)}
    return owner, tuple(column for column in rest if column not in skipped)


def _is_long(names: Sequence[str], owner: Sequence[int], options: TableOptions) -> bool:
    """Whether the column of values is the only one of them: the older InfluxDB writes every field into its own."""
    return bool(options.series) or names[owner[0]].lower() != "name"


def _influx_owner(names: Sequence[str], rest: Sequence[int], sample: Sample, value: str | None) -> tuple[int, ...]:
    """Tags and names of a table that InfluxDB wrote: the tag with the name of the series, or else all of them."""
    low = [name.lower() for name in names]
    tags = [column for column in rest if low[column] not in INFLUX and names[column] and names[column] != value]
    if value is None:  # one column per field: what holds no number is a tag
        tags = [column for column in tags if _is_text(sample.cells(column))]
    known = next((low.index(name) for name in SERIES_NAMES if name in low), None)
    if known is not None:
        tags = [*(column for column in tags if low[column] == "domain" and low[known] == "entity_id"), known]
    measurement = [low.index("_measurement")] if "_measurement" in low and known is None else []
    fields = [low.index("_field")] if "_field" in low else []
    return (*measurement, *tags, *fields)


def _is_text(cells: Sequence[str]) -> bool:
    """Whether no cell with content holds a number or a digit, and there is one."""
    filled = [text for cell in cells if (text := cell.strip(BLANKS)) and text.lower() not in MISSING]
    return bool(filled) and not any(character.isdigit() for text in filled for character in text[:64])


def _has_no_number(cells: Sequence[str]) -> bool:
    """Whether no cell with content is a number, and there is one."""
    filled = [cell.strip(BLANKS) for cell in cells if cell.strip(BLANKS)]
    return bool(filled) and not any(text[:1].isdigit() or text[:1] in "+-." for text in filled)


def _with_numbers(layout: Layout, sample: Sample, options: TableOptions, notes: list[str]) -> Layout:
    """The layout with the rule for its numbers; a column of words, or of several units, is refused."""
    missing = frozenset((*MISSING, *(word.strip(BLANKS).lower() for word in options.missing)))
    names = [layout.names[column].lower() for column in (*layout.owner, *layout.values)]
    states = names == ["entity_id", "state"]
    units = tuple("" if states else _unit(sample, layout.names[column], column, missing) for column in layout.values)
    bare = {
        column: [cell.strip(BLANKS).removesuffix(unit) for cell in sample.cells(column)]
        for column, unit in zip(layout.values, units, strict=True)
    }
    comma = options.decimal_comma or has_decimal_comma(bare.values())
    if comma and not options.decimal_comma:
        notes.append("numbers have a decimal comma")
    if not comma and sample.separator == ";" and (example := doubtful_point(bare.values())):
        notes.append(f"numbers such as {example} have a decimal point (--decimal-comma: it stands between thousands)")
    number = NumberRule(comma, missing, states=states, groups=True)
    if not (number.states or layout.owner):
        for column in layout.values:
            _refuse_words(sample, layout.names[column], sample.cells(column), number)
    behind = [f"{unit!r} of {layout.names[column]!r}" for column, unit in zip(layout.values, units, strict=True) if unit]
    if behind:
        more = f" and {len(behind) - SHOWN:,} more" if len(behind) > SHOWN else ""
        notes.append(f"units behind the numbers are left out: {', '.join(behind[:SHOWN])}{more}")
    return replace(layout, number=number, units=units, notes=tuple(notes))


def _unit(sample: Sample, name: str, column: int, missing: frozenset[str]) -> str:
    """The unit behind every number of a column; empty where there is none."""
    units = units_of(sample.cells(column), missing)
    named = [unit or "none" for unit in units]
    if len(units) > 1:
        raise HistoryError(
            f"{sample.source}, column {name!r}: expected the number alone, or one unit; got numbers in several units, "
            f"{', '.join(named[:5])}: export the raw values, or convert them to one unit"
        )
    return units[0] if units else ""


def _refuse_words(sample: Sample, name: str, cells: Sequence[str], number: NumberRule) -> None:
    words = [
        (row, text) for row, cell in enumerate(cells) if (text := cell.strip(BLANKS)) and text.lower() not in number.missing
    ]
    if len(words) > 1 and _is_text([text for _, text in words]):
        advice = f"a number (--ignore {name} leaves this column out, --series {name} makes it part of the names of series)"
        raise refused(sample.source, sample.row(words[0][0]), name, advice, words[0][1])

"""Tables as frames of polars become readings, a column at once, by the rules of `edge.tables`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np
import polars as pl

from edge.contract.columns import Bool, Int32, Int64, Readings, SeriesTable
from edge.contract.times import BLANKS
from edge.errors import HistoryError
from edge.tables.layout import KEY, SILENT_FIELD, Layout, is_field, is_tags, labelled
from edge.tables.notes import Notes
from edge.tables.numbers import COMMA_GROUPS, MARKS, POINT_GROUPS, NumberRule, expected_number
from edge.tables.times import expected_time
from edge.tables.words import NAME_BESIDE_VALUE, STATES, TIME_BESIDE_VALUE, TIME_NAMES, refused
from pipeline.files.times import Times, parse_times


@dataclass(frozen=True, slots=True)
class FrameTable:
    """A table, some rows at a time.

    Args:
        source: name of the file, for messages.
        layout: meaning of the columns.
        frames: rows in the order of the file; the columns have the numbers of the layout as names.
        row: function that gives the words for a row that a person can find, by its number from 0.
    """

    source: str
    layout: Layout
    frames: Iterator[pl.DataFrame]
    row: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some readings of a table, with the rows that they come from.

    Args:
        readings: readings in the order of the file for each series, at times as they are written.
        zoned: whether a time is UTC for sure, bool `[n]`.
        row: number of the row in the table, int64 `[n]`.
    """

    readings: Readings
    zoned: Bool
    row: Int64


@dataclass(frozen=True, slots=True)
class _Cells:
    """Some rows as numbers.

    Args:
        frame: cells as they are in the file.
        text: times as they are in the file, put together where they stand in several columns.
        times: times, null where the cell is empty or cannot be read.
        value: values, Float64 `[columns x rows]`, column by column, NaN where missing, null where the cell cannot be read.
        owner: names of series without the labels of the columns, String `[rows]`, null where there is none; None: a wide table.
    """

    frame: pl.DataFrame
    text: pl.Series
    times: Times
    value: pl.Series
    owner: pl.Series | None


def pieces(table: FrameTable, series: SeriesTable, notes: Notes) -> Iterator[Piece]:
    """The readings of a table.

    Args:
        table: table to read.
        series: table that the series are added to.
        notes: notes that get the states which are no numbers.

    Raises:
        HistoryError: a cell cannot be read; says where and what was expected.
    """
    layout = table.layout
    wide: Int32 = np.array([] if layout.owner else [series.add(label) for label in layout.labels], np.int32)
    before = 0
    for frame in table.frames:
        if not frame.height:
            continue
        cells = _cells(table, frame, before, notes)
        _refuse(table, cells, before)
        height = frame.height
        value = cells.value.to_numpy()
        chosen = np.flatnonzero(~np.isnan(value))
        rows = chosen % height
        # A column with nulls becomes floats, which have no room for nanoseconds.
        time, zoned = cells.times.time.fill_null(0).to_numpy()[rows], cells.times.zoned.to_numpy()[rows]
        owners = wide[chosen // height] if cells.owner is None else _owners(cells.owner, chosen, layout.labels, series)
        if len(chosen):
            yield Piece(Readings(owners, time, value[chosen]), zoned, rows + before)
        before += height


def _owners(owner: pl.Series, chosen: Int64, labels: tuple[str, ...], series: SeriesTable) -> Int32:
    """Numbers of the series of the chosen cells; new ones are added in their order, int32 `[n]`."""
    parts = []
    for block, label in enumerate(labels):
        rows = chosen[chosen // len(owner) == block] % len(owner)
        if not len(rows):
            continue
        names = owner.gather(rows).cast(pl.Categorical)
        different = names.unique(maintain_order=True)
        code = different.to_physical().to_numpy()
        index = np.zeros(int(code.max()) + 1, np.int32)
        index[code] = [series.add(labelled(name, label)) for name in different.to_list()]
        parts.append(index[names.to_physical().to_numpy()])
    return np.concatenate(parts) if parts else np.zeros(0, np.int32)


def _cells(table: FrameTable, frame: pl.DataFrame, before: int, notes: Notes) -> _Cells:
    layout = table.layout
    text = _time_text(frame, layout)
    value = _numbers(table, frame)
    if layout.number.states and value.is_null().any():
        words = value.is_null().arg_true()
        notes.leave_out(STATES, len(words), table.row(before + int(words[0]) % frame.height))
        value = value.fill_null(np.nan)
    owner = _owner_text(frame, layout) if layout.owner else None
    return _Cells(frame, text, parse_times(text, layout.timing.rule), value, owner)


def _time_text(frame: pl.DataFrame, layout: Layout) -> pl.Series:
    """As `Timing.text`."""
    columns = layout.timing.columns
    if len(columns) == 1:
        return frame[str(columns[0])]
    cells = [pl.col(str(column)).cast(pl.String).str.strip_chars(BLANKS) for column in columns]
    filled = reduce(lambda left, right: left & right, [(cell != "").fill_null(value=False) for cell in cells])
    if len(cells) == 2:
        short = (cells[1].str.slice(1, 1) == ":") & pl.lit(not layout.timing.rule.pattern)
        text = pl.concat_str(cells[0], pl.when(short).then(pl.lit(" 0")).otherwise(pl.lit(" ")), cells[1])
    else:
        year, *rest = (cell.str.strip_suffix(".0") for cell in cells)
        marks = ["-", "-", "T", ":", ":"]
        parts = [part for cell, mark in zip(rest, marks, strict=False) for part in (pl.lit(mark), cell.str.zfill(2))]
        text = pl.concat_str(year, *parts)
    return frame.select(pl.when(filled).then(text).otherwise(pl.lit("")).alias("time"))["time"]


def _owner_text(frame: pl.DataFrame, layout: Layout) -> pl.Series:
    """As `owner_of`, null where there is no name."""
    parts = []
    for column in layout.owner:
        cell = pl.col(str(column)).cast(pl.String).str.strip_chars(BLANKS).fill_null("")
        if is_tags(layout, column):
            cell = cell.str.replace_all(KEY, ".").str.slice(1)
        if is_field(layout, column):
            cell = pl.when(cell == SILENT_FIELD).then(pl.lit("")).otherwise(cell)
        parts.append(cell)
    if len(parts) == 1:
        return frame.select(parts[0].replace("", None).alias("owner"))["owner"]
    dotted = [pl.when(part == "").then(pl.lit("")).otherwise(pl.lit(".") + part) for part in parts]
    return frame.select(pl.concat_str(dotted).str.slice(1).replace("", None).alias("owner"))["owner"]


def _numbers(table: FrameTable, frame: pl.DataFrame) -> pl.Series:
    """Float64, column by column; NaN for a missing value, null for one that cannot be read."""
    layout = table.layout
    names = [str(column) for column in layout.values]
    if all(frame[name].dtype == pl.String for name in names) and not any(layout.units):
        return _from_text(frame.select(names).unpivot(names, value_name="cell")["cell"], layout.number)
    titles = [layout.names[column] for column in layout.values]
    columns = zip(names, titles, layout.numbers, strict=True)
    return pl.concat([_from_any(table, frame[name], title, rule) for name, title, rule in columns])


def _from_any(table: FrameTable, column: pl.Series, name: str, rule: NumberRule) -> pl.Series:
    kind = column.dtype
    if kind == pl.String:
        return _from_text(column.alias(""), rule)
    if kind.is_numeric() or kind in (pl.Boolean, pl.Null):
        return column.cast(pl.Float64).fill_null(np.nan).alias("")
    advice = f" or name it {TIME_NAMES[0]!r} if it is the time" if kind.is_temporal() else ""
    raise HistoryError(f"{table.source}, column {name!r}: expected numbers; got {kind}, remove the column{advice}")


def _from_text(column: pl.Series, rule: NumberRule) -> pl.Series:
    """As `number_of`: the numbers that polars reads are the same."""
    text = column.fill_null("").str.strip_chars(BLANKS)
    number = text
    if rule.unit:
        number = text.set(~text.str.ends_with(rule.unit), "x").str.strip_suffix(rule.unit).str.strip_chars_end(BLANKS)
    if rule.comma:
        number = number.set(number.str.contains(".", literal=True), "x").str.replace(",", ".", literal=True)
    value = number.cast(pl.Float64, strict=False)
    rest = value.is_null().arg_true()
    texts = text.gather(rest)
    missing = texts.str.to_lowercase().is_in(rule.missing)
    value = value.scatter(rest.filter(missing), np.nan)
    if not rule.groups or missing.all():
        return value
    rest, texts = rest.filter(~missing), texts.filter(~missing)
    bare = texts.str.strip_suffix(rule.unit).str.strip_chars_end(BLANKS)
    pattern, marks = (COMMA_GROUPS, f"[{MARKS}.]") if rule.comma else (POINT_GROUPS, f"[{MARKS},]")
    grouped = texts.str.ends_with(rule.unit) & bare.str.contains(f"^(?:{pattern})$")
    numbers = bare.filter(grouped).str.replace_all(marks, "").str.replace(",", ".", literal=True).cast(pl.Float64)
    return value.scatter(rest.filter(grouped), numbers)


def _refuse(table: FrameTable, cells: _Cells, before: int) -> None:
    """Refuse the first row that cannot be read.

    Args:
        table: table that the rows belong to.
        cells: rows that are looked at.
        before: number of rows of the table before these.

    Raises:
        HistoryError: says where, what was expected and what is there.
    """
    layout, frame, text = table.layout, cells.frame, cells.text
    empty = text.is_null()
    if text.dtype == pl.String:
        empty |= text.str.strip_chars(BLANKS) == ""
    faults: list[tuple[int, int, str, object]] = []  # row, column, words for what was expected, cell
    if (row := _first(cells.times.time.is_null() & ~empty)) is not None:
        words = expected_time(str(text[row]), layout.timing.rule, named=layout.timing.named)
        faults.append((row, layout.timing.columns[0], words, text[row]))
    unread = cells.value.is_null()
    if unread.any():
        bad = unread.arg_true().to_numpy()
        row = int((bad % frame.height).min())
        column = layout.values[int((bad[bad % frame.height == row] // frame.height).min())]
        cell = frame[row, str(column)]
        rule = layout.numbers[layout.values.index(column)]
        faults.append((row, column, expected_number(str(cell), rule), cell))
    incomplete = empty if cells.owner is None else empty | cells.owner.is_null()
    if incomplete.any():
        filled = ~np.isnan(cells.value.fill_null(np.nan).to_numpy()).reshape(-1, frame.height)
        filled_rows = pl.Series(filled.any(axis=0))
        if (row := _first(empty & filled_rows)) is not None:
            faults.append((row, layout.timing.columns[0], TIME_BESIDE_VALUE, None))
        if cells.owner is not None and (row := _first(cells.owner.is_null() & filled_rows)) is not None:
            faults.append((row, layout.owner[0], NAME_BESIDE_VALUE, None))
    if faults:
        row, column, expected, cell = min(faults, key=lambda fault: fault[0])
        raise refused(table.source, table.row(before + row), layout.names[column], expected, cell)


def _first(rows: pl.Series) -> int | None:
    return rows.arg_max() if rows.any() else None

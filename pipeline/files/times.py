"""Times of any spelling as nanoseconds since 1970, a column at once.

Rules, patterns and bounds are those of `edge.contract.times` and `edge.tables.times`; a time that `read_cell` refuses is null.
"""

from typing import NamedTuple

import polars as pl

from edge.contract.times import (
    BLANKS,
    DAY,
    FRACTIONAL,
    ISO,
    LONGEST_TIME,
    NANOSECONDS,
    READABLE,
    SECOND,
    UNITS,
    UNIX_UNITS,
    WHOLE,
    TimeUnit,
)
from edge.tables.formats import FIRST_SERIAL
from edge.tables.times import TimeRule

COMMON = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-5][0-9]Z?$"  # what the fast parser is right about
UNIX = r"^[0-9]{9,19}$"  # as long as no date is
LARGEST = 2**63 - 1
LARGEST_DAY = LARGEST // DAY - 1
ANY = TimeRule()


class Times(NamedTuple):
    """A column of times.

    Args:
        time: nanoseconds since 1970, Int64 `[n]`, null where there is no time of the rule.
        zoned: whether it is UTC for sure, Boolean `[n]`; the others are clocks on the wall, read as if they were UTC.
    """

    time: pl.Series
    zoned: pl.Series


def parse_times(column: pl.Series, rule: TimeRule = ANY) -> Times:
    """The times of a column of any type.

    Args:
        column: text, Unix numbers, dates or datetimes.
        rule: form in which its texts and numbers are written.
    """
    if (rule.pattern and column.dtype != pl.String) or isinstance(column.dtype, pl.Categorical | pl.Enum):
        column = column.cast(pl.String)
    time, zoned = _nanoseconds(column, rule)
    return Times(time.set(~time.is_between(*READABLE, closed="left").fill_null(value=False), None), zoned)


def _nanoseconds(column: pl.Series, rule: TimeRule) -> Times:
    kind = column.dtype
    if isinstance(kind, pl.Datetime | pl.Date):
        unit = UNITS[kind.time_unit] if isinstance(kind, pl.Datetime) else DAY
        return _all(_scaled(column.cast(pl.Int64), unit), zoned=isinstance(kind, pl.Datetime) and kind.time_zone is not None)
    if rule.excel and (kind.is_numeric() or kind == pl.String):
        return _from_serials(column)
    if kind.is_integer():
        return _all(_from_integers(column.cast(pl.Int64, strict=False), rule.unit), zoned=True)
    if kind.is_numeric():
        return _all(_from_floats(column.cast(pl.Float64), rule.unit), zoned=True)
    if kind == pl.String:
        return _from_pattern(column, rule.pattern) if rule.pattern else _from_text(column, rule.unit)
    return _all(pl.Series(column.name, [None] * len(column), pl.Int64), zoned=True)


def _all(time: pl.Series, *, zoned: bool) -> Times:
    return Times(time, pl.repeat(zoned, len(time), dtype=pl.Boolean, eager=True))


def _from_text(text: pl.Series, unit: TimeUnit) -> Times:
    """The common spellings by fast parsers, the rest by the general ones."""
    head = text.str.slice(0, 19).str.replace(" ", "T", literal=True)
    fast = head.to_frame("t").select(
        pl.col("t").str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False, cache=False).cast(pl.Int64)
    )["t"]
    common = text.str.contains(COMMON).fill_null(value=False)
    time = _scaled(fast, UNITS["us"]).zip_with(common, pl.Series([None], dtype=pl.Int64))
    unix = text.str.contains(UNIX).fill_null(value=False)
    zoned = unix | text.str.ends_with("Z").fill_null(value=False)
    if unix.any():
        time = _from_integers(text.set(~unix, None).cast(pl.Int64, strict=False), unit).zip_with(unix, time)
    rest = (time.is_null() & ~unix & (text.str.len_chars() <= LONGEST_TIME)).arg_true()
    if len(rest):
        others = _from_any_text(text.gather(rest).str.strip_chars(BLANKS), unit)
        time, zoned = time.scatter(rest, others.time), zoned.scatter(rest, others.zoned)
    return Times(time.alias(text.name), zoned)


def _from_any_text(text: pl.Series, unit: TimeUnit) -> Times:
    frame = text.to_frame("text")
    iso = frame.select(pl.col("text").str.extract_groups(f"^(?:{ISO})$"))["text"].struct.unnest()
    whole = pl.col("text").str.contains(f"^(?:{WHOLE})$")
    fractional = pl.col("text").str.contains(f"^(?:{FRACTIONAL})$")
    number = frame.select(
        pl.when(whole).then("text").cast(pl.Int64, strict=False).alias("whole"),
        pl.when(~whole & fractional).then("text").cast(pl.Float64, strict=False).alias("real"),
    )
    unix = _from_integers(number["whole"], unit).zip_with(number["real"].is_null(), _from_floats(number["real"], unit))
    written = iso["date"].is_not_null()
    if unit not in ("auto", "iso"):  # eight digits are a date, unless the unit is known
        written &= ~text.str.contains(r"^[0-9]*$").fill_null(value=False)
    time = _from_groups(iso.with_columns(short=pl.col("date").str.replace_all("-", "", literal=True)))
    return Times(time.zip_with(written, unix), ~written | iso["zone"].is_not_null())


def _from_pattern(text: pl.Series, pattern: str) -> Times:
    """Times in the format that the user named."""
    groups = text.str.strip_chars(BLANKS).to_frame("text").select(pl.col("text").str.extract_groups(f"^(?:{pattern})$"))
    parts = groups["text"].struct.unnest()

    def group(name: str) -> pl.Expr:
        return pl.col(name) if name in parts.columns else pl.lit(None, pl.String)

    def padded(name: str) -> pl.Expr:
        return group(name).str.zfill(2)

    short = group("short_year").cast(pl.Int64, strict=False)
    year = group("year").fill_null((short + pl.when(short < 69).then(2000).otherwise(1900)).cast(pl.String))
    half = group("half_hour").cast(pl.Int64, strict=False)
    noon = pl.when(group("half").str.to_lowercase() == "p").then(12).otherwise(0)
    hour = pl.when(half.is_between(1, 12)).then(half % 12 + noon).when(half.is_null()).then(group("hour").cast(pl.Int64))
    names = ("minute", "second", "fraction", "sign", "east_hour", "east_minute")
    whole = parts.with_columns(
        *(group(name).alias(name) for name in names),
        short=pl.concat_str(year, padded("month"), padded("day")),
        hour=pl.when(half.is_null() & group("hour").is_null()).then(0).otherwise(hour),
    )
    valid = whole.select(
        (pl.col("hour").fill_null(99) < 24)
        & (pl.col("minute").cast(pl.Int64).fill_null(0) < 60)
        & (pl.col("second").cast(pl.Int64).fill_null(0) < 60)
    ).to_series()
    zoned = parts["zone"].is_not_null() if "zone" in parts.columns else pl.repeat(False, len(text), eager=True)
    return Times(_from_groups(whole).zip_with(valid, pl.Series([None], dtype=pl.Int64)), zoned)


def _from_groups(groups: pl.DataFrame) -> pl.Series:
    """Moments of the groups of a pattern, with `short` as the eight digits of the date.

    A date that does not exist is null, digits beyond nanoseconds are dropped.
    """

    def whole(name: str) -> pl.Expr:
        return pl.col(name).cast(pl.Int64, strict=False).fill_null(0)

    date = pl.col("short").str.to_date("%Y%m%d", strict=False).cast(pl.Int64)
    fraction = (pl.col("fraction").fill_null("") + "0" * 9).str.slice(0, 9).cast(pl.Int64)
    east = (whole("east_hour") * 60 + whole("east_minute")) * pl.when(pl.col("sign") == "-").then(-1).otherwise(1)
    seconds = whole("hour") * 3600 + (whole("minute") - east) * 60 + whole("second")
    return groups.select(pl.when(date.abs() < LARGEST_DAY).then(date * DAY + seconds * SECOND + fraction).alias("time"))["time"]


def _from_serials(column: pl.Series) -> Times:
    """Days since 1899-12-30, to the second; texts that are no numbers are ISO 8601."""
    text = column.cast(pl.String).str.strip_chars(BLANKS)
    is_number = text.str.contains(f"^(?:{FRACTIONAL})$").fill_null(value=False)
    number = text.set(~is_number, None).cast(pl.Float64, strict=False)
    seconds = (number * 86_400).round(mode="half_to_even").cast(pl.Int64, strict=False)
    times = _all(_scaled(seconds + FIRST_SERIAL * 86_400, SECOND), zoned=False)
    rest = (~is_number & text.is_not_null()).arg_true()
    if not len(rest):
        return times
    others = _from_text(text.gather(rest), "iso")
    return Times(times.time.scatter(rest, others.time), times.zoned.scatter(rest, others.zoned))


def _from_integers(number: pl.Series, unit: TimeUnit) -> pl.Series:
    if unit == "iso":
        return pl.Series(number.name, [None] * len(number), pl.Int64)
    if unit != "auto":
        return _scaled(number, NANOSECONDS[unit])
    size = number.abs()
    time = number
    for bound, named in reversed(UNIX_UNITS):
        time = _scaled(number, NANOSECONDS[named]).zip_with((size < bound).fill_null(value=False), time)
    return time


def _from_floats(number: pl.Series, unit: TimeUnit) -> pl.Series:
    """Whole and fractional part apart, as a product of the whole number would lose nanoseconds."""
    if unit == "iso":
        return pl.Series(number.name, [None] * len(number), pl.Int64)
    whole = number.cast(pl.Int64, strict=False)

    def scaled(named: str) -> pl.Series:
        fraction = ((number - whole) * NANOSECONDS[named]).round().cast(pl.Int64, strict=False)
        return _scaled(whole, NANOSECONDS[named]) + fraction

    if unit != "auto":
        return scaled(unit)
    size = number.abs()
    time = whole
    for bound, named in reversed(UNIX_UNITS):
        time = scaled(named).zip_with((size < bound).fill_null(value=False), time)
    return time


def _scaled(number: pl.Series, unit: int) -> pl.Series:
    """Number x unit, null where that is no int64."""
    limit = LARGEST // unit - 1
    fits = number.is_between(-limit, limit).fill_null(value=False)  # not by abs(), which the smallest int64 does not have
    return (number * unit).zip_with(fits, pl.Series([None], dtype=pl.Int64))

"""Times of any spelling as nanoseconds since 1970 in UTC, a column at once.

Rules, patterns and bounds are those of `edge.contract.times`; a time that `read_time` refuses becomes null.
"""

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
)

COMMON = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-5][0-9]Z?$"  # what the fast parser is right about
UNIX = r"^[0-9]{9,19}$"  # as long as no date is
LARGEST = 2**63 - 1
LARGEST_DAY = LARGEST // DAY - 1


def _only(pattern: str) -> str:
    """The pattern for a whole text."""
    return f"^(?:{pattern})$"


def parse_times(column: pl.Series) -> pl.Series:
    """Moments of a column of any type, Int64 ns UTC `[n]`, null where `read_time` would refuse.

    Args:
        column: text, Unix numbers, dates or datetimes (without a zone: UTC).
    """
    time = _nanoseconds(column)
    return time.set(~time.is_between(*READABLE, closed="left").fill_null(value=False), None)


def _nanoseconds(column: pl.Series) -> pl.Series:
    kind = column.dtype
    if isinstance(kind, pl.Datetime):
        return _scaled(column.cast(pl.Int64), UNITS[kind.time_unit])
    if kind == pl.Date:
        return _scaled(column.cast(pl.Int64), DAY)
    if kind.is_integer():
        return _from_integers(column.cast(pl.Int64, strict=False))
    if kind.is_numeric():
        return _from_floats(column.cast(pl.Float64))
    if isinstance(kind, pl.Categorical | pl.Enum):
        column = column.cast(pl.String)
    return _from_text(column) if column.dtype == pl.String else pl.Series(column.name, [None] * len(column), pl.Int64)


def _from_text(text: pl.Series) -> pl.Series:
    """The common spellings by fast parsers, the rest by the general ones."""
    head = text.str.slice(0, 19).str.replace(" ", "T", literal=True)
    fast = head.to_frame("t").select(
        pl.col("t").str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False, cache=False).cast(pl.Int64)
    )["t"]
    common = text.str.contains(COMMON).fill_null(value=False)
    time = _scaled(fast, UNITS["us"]).zip_with(common, pl.Series([None], dtype=pl.Int64))
    unix = text.str.contains(UNIX).fill_null(value=False)
    if unix.any():
        time = _from_integers(text.set(~unix, None).cast(pl.Int64, strict=False)).zip_with(unix, time)
    rest = (time.is_null() & ~unix & (text.str.len_chars() <= LONGEST_TIME)).arg_true()
    if len(rest):
        time = time.scatter(rest, _from_any_text(text.gather(rest).str.strip_chars(BLANKS)))
    return time.alias(text.name)


def _from_any_text(text: pl.Series) -> pl.Series:
    frame = text.to_frame("text")
    iso = frame.select(pl.col("text").str.extract_groups(_only(ISO)))["text"].struct.unnest()
    whole = pl.col("text").str.contains(_only(WHOLE))
    fractional = pl.col("text").str.contains(_only(FRACTIONAL))
    number = frame.select(
        pl.when(whole).then("text").cast(pl.Int64, strict=False).alias("whole"),
        pl.when(~whole & fractional).then("text").cast(pl.Float64, strict=False).alias("real"),
    )
    unix = _from_integers(number["whole"]).zip_with(number["real"].is_null(), _from_floats(number["real"]))
    return _from_iso(iso).zip_with(iso["date"].is_not_null(), unix)


def _from_iso(groups: pl.DataFrame) -> pl.Series:
    """Moments of the groups of `ISO`; a date that does not exist is null, digits beyond nanoseconds are dropped."""

    def whole(name: str) -> pl.Expr:
        return pl.col(name).cast(pl.Int64, strict=False).fill_null(0)

    date = pl.col("date").str.replace_all("-", "", literal=True).str.to_date("%Y%m%d", strict=False).cast(pl.Int64)
    fraction = (pl.col("fraction").fill_null("") + "0" * 9).str.slice(0, 9).cast(pl.Int64)
    east = (whole("east_hour") * 60 + whole("east_minute")) * pl.when(pl.col("sign") == "-").then(-1).otherwise(1)
    seconds = whole("hour") * 3600 + (whole("minute") - east) * 60 + whole("second")
    return groups.select(pl.when(date.abs() < LARGEST_DAY).then(date * DAY + seconds * SECOND + fraction).alias("time"))["time"]


def _from_integers(number: pl.Series) -> pl.Series:
    size = number.abs()
    time = number
    for bound, unit in reversed(UNIX_UNITS):
        time = _scaled(number, NANOSECONDS[unit]).zip_with((size < bound).fill_null(value=False), time)
    return time


def _from_floats(number: pl.Series) -> pl.Series:
    """Whole and fractional part apart, as a product of the whole number would lose nanoseconds."""
    whole = number.cast(pl.Int64, strict=False)
    size = number.abs()
    time = whole
    for bound, unit in reversed(UNIX_UNITS):
        fraction = ((number - whole) * NANOSECONDS[unit]).round().cast(pl.Int64, strict=False)
        time = (_scaled(whole, NANOSECONDS[unit]) + fraction).zip_with((size < bound).fill_null(value=False), time)
    return time


def _scaled(number: pl.Series, unit: int) -> pl.Series:
    """Number x unit, null where that is no int64."""
    limit = LARGEST // unit - 1
    fits = number.is_between(-limit, limit).fill_null(value=False)  # not by abs(), which the smallest int64 does not have
    return (number * unit).zip_with(fits, pl.Series([None], dtype=pl.Int64))

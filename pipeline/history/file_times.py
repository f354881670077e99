"""Times of any spelling as nanoseconds since 1970 in UTC, a column at once.

The rules are those of `edge.contract.times.parse_time`: ISO 8601 with `Z`, an offset or neither (then it is UTC), or a Unix
number whose magnitude tells its unit. What cannot be read, or lies outside the years 1678…2261, becomes null.
"""

import polars as pl

from edge.contract.times import DAY, SECOND, UNITS

ISO = (
    r"^(?<date>\d{4}-\d{2}-\d{2}|\d{8})"
    r"(?:[Tt ](?<hour>[01]\d|2[0-3])(?::?(?<minute>[0-5]\d)(?::?(?<second>[0-5]\d)(?:[.,](?<fraction>\d+))?)?)?"
    r" ?(?:[Zz]|(?:UTC)|(?<sign>[+-])(?<east_hour>[01]\d|2[0-3])(?::?(?<east_minute>[0-5]\d))?)?)?$"
)
WHOLE = r"^[+-]?\d+$"
FRACTIONAL = r"^[+-]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?$"
# Unix numbers below each bound are of that unit.
MAGNITUDES = ((10**11, "s"), (10**14, "ms"), (10**17, "us"))
LARGEST = 2**63 - 1
LARGEST_DAY = LARGEST // DAY - 1


def parse_times(column: pl.Series) -> pl.Series:
    """Moments of a column of any type, Int64 ns UTC `[n]`, null where there is none or it cannot be read.

    Args:
        column: text, Unix numbers, dates or datetimes (without a zone: UTC).
    """
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
    """The common spelling by a fast parser, the rest by the general ones."""
    length = text.str.len_bytes()
    plain = ((length == 19) | ((length == 20) & text.str.ends_with("Z"))) & (text.str.slice(17, 1) != "6")
    plain &= text.str.slice(10, 1).is_in(["T", " "])
    head = text.str.slice(0, 19).str.replace(" ", "T", literal=True)
    fast = head.to_frame("t").select(
        pl.col("t").str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False, cache=False).cast(pl.Int64)
    )["t"]
    found = _scaled(fast, UNITS["us"]).zip_with(plain.fill_null(value=False), pl.Series([None], dtype=pl.Int64))
    rest = (found.is_null() & text.is_not_null()).arg_true()
    if len(rest):
        found = found.scatter(rest, _from_any_text(text.gather(rest).str.strip_chars()))
    return found.alias(text.name)


def _from_any_text(text: pl.Series) -> pl.Series:
    frame = text.to_frame("text")
    iso = frame.select(pl.col("text").str.extract_groups(ISO))["text"].struct.unnest()
    whole = pl.col("text").str.contains(WHOLE)
    number = frame.select(
        pl.when(whole).then("text").cast(pl.Int64, strict=False).alias("whole"),
        pl.when(~whole & pl.col("text").str.contains(FRACTIONAL)).then("text").cast(pl.Float64, strict=False).alias("real"),
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
    for bound, unit in reversed(MAGNITUDES):
        time = _scaled(number, UNITS[unit]).zip_with((size < bound).fill_null(value=False), time)
    return time


def _from_floats(number: pl.Series) -> pl.Series:
    """Whole and fractional part apart, as a product of the whole number would lose nanoseconds."""
    whole = number.cast(pl.Int64, strict=False)
    size = number.abs()
    time = whole
    for bound, unit in reversed(MAGNITUDES):
        fraction = ((number - whole) * UNITS[unit]).round().cast(pl.Int64, strict=False)
        time = (_scaled(whole, UNITS[unit]) + fraction).zip_with((size < bound).fill_null(value=False), time)
    return time


def _scaled(number: pl.Series, unit: int) -> pl.Series:
    """Number x unit, null where that is no int64."""
    limit = LARGEST // unit - 1
    return (number * unit).zip_with((number.abs() <= limit).fill_null(value=False), pl.Series([None], dtype=pl.Int64))

"""What a user says about a file that the file does not say of itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TableOptions:
    """What a user says about a file of readings; everything may be left open.

    Args:
        columns: names of the columns of a file that has no line with names.
        series: names of the columns whose cells make the name of a series, joined with dots.
        ignore: names of columns that are no series.
        missing: words that stand for a missing value, beside those that always do.
        decimal_comma: whether numbers have a comma where others have a point.
        time_format: form in which times are written, such as `%d.%m.%Y %H:%M`, or `excel` for the day numbers of spreadsheets.
        timezone: zone of the times that name none; empty: UTC.
        sheet: name of the sheet of a workbook; empty: the first.
    """

    columns: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    decimal_comma: bool = False
    time_format: str = ""
    timezone: str = ""
    sheet: str = ""


NO_OPTIONS = TableOptions()

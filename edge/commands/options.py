"""Options that several commands have."""

import argparse
from pathlib import Path

from edge.tables.options import TableOptions

FILE_TEXT = "CSV: series,time,value, or time and one column per series; times in ISO 8601 or Unix time"


def add_config(command: argparse.ArgumentParser, text: str = "configuration") -> None:
    """Add `--config`.

    Args:
        command: parser of a command.
        text: noun for what the file is to the command, for its help.
    """
    command.add_argument(
        "--config", type=Path, default=Path("gatecast.toml"), metavar="FILE", help=f"{text}; default: gatecast.toml"
    )


def add_table_options(command: argparse.ArgumentParser) -> None:
    """Add what a user may say about a file of readings."""
    table = command.add_argument_group("how the file is written, where it does not say so itself")
    table.add_argument("--timezone", default="", metavar="NAME", help="zone of times that name none, such as Europe/Berlin")
    table.add_argument(
        "--time-format",
        default="",
        metavar="FORMAT",
        help="way in which times are written, such as '%%d.%%m.%%Y %%H:%%M', or excel",
    )
    table.add_argument("--decimal-comma", action="store_true", help="numbers have a comma where others have a point")
    table.add_argument("--missing", action="append", default=[], metavar="WORD", help="word for a missing value; repeatable")
    table.add_argument("--columns", default="", metavar="A,B,…", help="names of the columns of a file that has none")
    table.add_argument("--series", default="", metavar="A,B,…", help="columns whose cells make the name of a series")
    table.add_argument("--ignore", action="append", default=[], metavar="COLUMN", help="column to leave out; repeatable")


def table_options(options: argparse.Namespace, sheet: str = "") -> TableOptions:
    """What the user says about the file.

    Args:
        options: parsed options of a command that has `add_table_options`.
        sheet: name of the sheet of a workbook; empty: the first.
    """
    return TableOptions(
        columns=_names(options.columns),
        series=_names(options.series),
        ignore=tuple(options.ignore),
        missing=tuple(options.missing),
        decimal_comma=options.decimal_comma,
        time_format=options.time_format,
        timezone=options.timezone,
        sheet=sheet,
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",")) if text else ()

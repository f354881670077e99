"""Options that several commands have."""

import argparse
import importlib
import platform
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from edge.errors import ConfigurationError
from edge.quoting import did_you_mean
from edge.tables.options import TableOptions

FILE_TEXT = "CSV: series,time,value, or time and one column per series; times in ISO 8601 or Unix time"


def check_command(
    parser: argparse.ArgumentParser, arguments: Sequence[str], commands: Iterable[str], others: Iterable[str] = ()
) -> None:
    """End with exit code 2 where no command or none that is known is given, with what to type.

    Args:
        parser: parser of all commands.
        arguments: words of the command line; without any all commands are listed.
        commands: names of the commands.
        others: commands of the other program, each behind the name of that.
    """
    if not arguments:
        parser.print_help(sys.stderr)
        parser.exit(ConfigurationError.code)
    word, known = next((argument for argument in arguments if not argument.startswith("-")), None), list(commands)
    if word is None or word in known:
        return
    whole = {name.partition(" ")[2]: name for name in others}
    if word in whole:
        parser.error(f"{word!r} is a command of the other program: {whole[word]}")
    near = did_you_mean(word, known)
    parser.error(f"{word!r} is no command{near or f'; {parser.prog} --help lists all'}")


class _Versions(argparse.Action):
    """Prints the versions of the project, of Python and of some packages, and ends."""

    def __init__(self, option_strings: Sequence[str], dest: str, packages: Sequence[str] = ()) -> None:
        super().__init__(
            option_strings, dest, nargs=0, default=argparse.SUPPRESS, help="versions of this program and its runtime"
        )
        self._packages = packages

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print the line; packages that are not installed are left out."""
        metadata = importlib.import_module("importlib.metadata")  # half a megabyte that nothing else needs
        told = [f"{parser.prog} {metadata.version('gatecast')}", f"Python {platform.python_version()}"]
        for package in self._packages:
            with suppress(metadata.PackageNotFoundError):
                told.append(f"{package} {metadata.version(package)}")
        print(", ".join(told))
        parser.exit()


def add_version(parser: argparse.ArgumentParser, packages: Sequence[str]) -> None:
    """Add `--version`.

    Args:
        parser: parser of all commands.
        packages: names of the packages whose versions it tells as well, where they are installed.
    """
    parser.add_argument("--version", action=_Versions, packages=packages)


def add_config(command: argparse.ArgumentParser, text: str = "configuration") -> None:
    """Add `--config`.

    Args:
        command: parser of a command.
        text: noun for what the file is to the command, for its help.
    """
    command.add_argument(
        "--config", type=Path, default=Path("gatecast.toml"), metavar="FILE", help=f"{text}; default: gatecast.toml"
    )


def add_table_options(command: argparse.ArgumentParser, *, shown: bool = True) -> None:
    """Add what a user may say about a file of readings.

    Args:
        command: parser of a command.
        shown: whether its help lists them; one that does not must say where they are listed.
    """
    table = command.add_argument_group("how the file is written, where it does not say so itself") if shown else command
    texts = {
        "--timezone NAME": "zone of times that name none, such as Europe/Berlin",
        "--time-format FORMAT": "how times are written, such as '%%d.%%m.%%Y %%H:%%M', or excel",
        "--columns A,B,…": "names of the columns of a file that has none",
        "--series A,B,…": "columns whose cells make the name of a series",
    }
    for option, text in texts.items():
        name, metavar = option.split(" ")
        table.add_argument(name, default="", metavar=metavar, help=text if shown else argparse.SUPPRESS)
    repeated = {
        "--missing WORD": "word for a missing value; repeatable",
        "--ignore COLUMN": "column to leave out; repeatable",
    }
    for option, text in repeated.items():
        name, metavar = option.split(" ")
        table.add_argument(name, action="append", default=[], metavar=metavar, help=text if shown else argparse.SUPPRESS)
    comma = "numbers have a comma where others have a point"
    table.add_argument("--decimal-comma", action="store_true", help=comma if shown else argparse.SUPPRESS)


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

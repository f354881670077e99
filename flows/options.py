"""What the commands have in common: how one is added, options in the same words, and where the history comes from."""

import argparse
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from edge.errors import ConfigurationError, HistoryError, PayloadError
from edge.tables.options import NO_OPTIONS, TableOptions

if TYPE_CHECKING:
    from edge.config.sections import Config
    from edge.config.training_sections import Fleet
    from pipeline.history.prepared import Prepared
    from pipeline.release.registry import Registry

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - it has no public name


def add_command(
    commands: Commands,
    name: str,
    run: Callable[[argparse.Namespace], int],
    text: str,
    description: str | None = None,
    *,
    grace: float | None = None,
) -> argparse.ArgumentParser:
    """Add a command to those of `gatecast`.

    Args:
        commands: commands of `gatecast` so far.
        name: word that the user writes.
        run: function that takes the parsed options and returns the exit code.
        text: half a line that says what the command does, for the list of commands.
        description: whole sentences that say what the command does; None: the half line.
        grace: None for a command that takes a moment. A command that takes longer runs in a process of its own, and has
            this many seconds to end by itself after Ctrl-C or SIGTERM; 0: it is killed at once.

    Returns:
        Parser of the new command, for its options.
    """
    parser = commands.add_parser(name, help=text, description=description or f"{text[0].upper()}{text[1:]}.")
    parser.set_defaults(run=run, grace=grace)
    return parser


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add `--json`, which prints the result as a JSON document."""
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def add_channel(parser: argparse.ArgumentParser) -> None:
    """Add `--channel`, which names another channel than the configuration."""
    parser.add_argument("--channel", metavar="NAME", help="name of the channel; default: [registry] channel (live)")


def trainer_config(path: Path) -> "Config":
    """The configuration in a file, as a trainer reads it: a country whose holidays nobody knows is refused as well.

    Raises:
        ConfigurationError: as `read_config`, or nothing is known of `[fleet] holidays`.
    """
    from edge.config.reading import read_config

    config = read_config(path)
    if config.fleet.holidays is not None:
        from pipeline.history.defaults import check_holidays

        check_holidays(config.fleet)
    return config


def open_registry(options: argparse.Namespace) -> "tuple[Registry, str]":
    """The registry of the configuration, and the name of the channel that the options or the configuration name.

    Raises:
        ConfigurationError: the configuration cannot be used.
    """
    from pipeline.release.registry import Registry

    config = trainer_config(options.config)
    return Registry(Path(config.registry.path)), options.channel or config.registry.channel


def check_written(option: str, path: Path | None) -> None:
    """Refuse at once a file that could not be written after minutes.

    Raises:
        ConfigurationError: it would lie in no folder, or there is a folder of that name.
    """
    if path is not None and not path.resolve().parent.is_dir():
        raise ConfigurationError(f"{option} {path}: there is no such folder")
    if path is not None and path.is_dir():
        raise ConfigurationError(f"{option} {path}: that is a folder; name a file")


def check_data(path: Path | None) -> None:
    """Refuse a history that is not there.

    Raises:
        ConfigurationError: there is no such file.
    """
    if path is not None and not path.is_file():
        raise ConfigurationError(f"--data {path}: there is no such file; give a CSV, Parquet or Excel file")


def moment(option: str, text: str | None) -> int | None:
    """A time that an option names, ns UTC; None where it is not given.

    Raises:
        ConfigurationError: it cannot be read.
    """
    from edge.contract.times import parse_time

    try:
        return parse_time(text) if text else None
    except PayloadError as error:
        raise ConfigurationError(f"{option}: {error}") from error


def history(
    data: Path | None,
    config: "Config",
    fleet: "Fleet",
    folder: Path,
    stop: int | None = None,
    table: TableOptions = NO_OPTIONS,
) -> "Prepared":
    """The readings of a file, or else of the configured store and `[[history]]`, before a moment.

    Args:
        data: file of readings; None reads store and `[[history]]`.
        config: configuration that names the store.
        fleet: interval, window and horizon as the user wants them.
        folder: folder where a large table becomes a file; it has to outlast the result.
        stop: first moment that is left out, ns UTC; None: all readings are taken.
        table: statement of the user about the file.

    Raises:
        GatecastError: it cannot be read or trained on; one line that says what to do.
    """
    from edge.contract.columns import SeriesTable
    from edge.contract.times import iso
    from edge.messages.reading import meaning_of
    from pipeline.files.reading import read_file
    from pipeline.history.cells import Workspace
    from pipeline.history.defaults import derive_contract
    from pipeline.history.prepared import prepare, prepare_history
    from pipeline.inputs.gathering import gather
    from pipeline.sources.opening import configured_history

    if data is not None:
        series, readings = read_file(data, table)
        if stop is not None:
            readings = readings.take(readings.time < stop)
            if not len(readings):
                raise HistoryError(f"{data} has no readings before {iso(stop)}; choose a later end")
        meaning = partial(meaning_of, config.ingests())
        prepared = prepare(SeriesTable(series.names, meaning), readings, derive_contract(fleet, readings))
        gathered = gather(config.input, prepared.table.interval, stop)
        told = replace(prepared.table, ahead=gathered.ahead)
        return replace(prepared, table=told, warnings=(*prepared.warnings, *gathered.notes))
    return prepare_history(configured_history(config, fleet, Workspace(folder), stop=stop))

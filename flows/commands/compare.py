"""`gatecast compare`: which recurrent cell and design, answered by measurement on the data at hand."""

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.options import FILE_TEXT, add_table_options, table_options
from edge.errors import ConfigurationError
from flows.options import Commands, add_command, check_data, check_written, history, trainer_config

if TYPE_CHECKING:
    from edge.forecaster.manifest import Cell

SHIPPED = Path(__file__).parents[1] / "data" / "nyc-weather-2013.csv.xz"
TEXT = "measure the recurrent cells side by side"
DESCRIPTION = """\
Train every cell in three designs (segment, plain, and the tutorials' window of
10) with the same budget, and measure memory retention, speed, size and accuracy
on held-out readings. Nothing is released. Takes minutes.
"""


def add_parser(commands: Commands) -> None:
    """Add `compare` to the commands."""
    command = add_command(commands, "compare", run, TEXT, DESCRIPTION, grace=0.0)
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    source = command.add_mutually_exclusive_group()
    source.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        help=f"{FILE_TEXT}; or as for import, with its options; default: a year of hourly weather",
    )
    source.add_argument("--config", type=Path, metavar="FILE", help="take the history of this gatecast.toml's store")
    size = command.add_mutually_exclusive_group()
    size.add_argument(
        "--quick", action="store_true", help="two designs, almost no training, a minute: only to see that all runs"
    )
    size.add_argument(
        "--full", action="store_true", help="train as long as retrain does; default: a quarter of it, four minutes"
    )
    command.add_argument("--seed", type=int, default=0, metavar="N", help="seed of every random choice; default: 0")
    command.add_argument("--workers", type=int, default=2, metavar="N", help="trainings at once; default: 2")
    command.add_argument("--json", type=Path, metavar="FILE", help="write every figure to a file as JSON")
    command.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables to a file as Markdown")
    add_table_options(command, shown=False)
    command.add_argument("--pdf", type=Path, metavar="FILE", help="write a poster of two A4 pages: cells, charts")


def run(options: argparse.Namespace, cells: "tuple[Cell, ...] | None" = None) -> int:
    """Compare, print, write.

    Args:
        options: parsed command line.
        cells: recurrent cells to compare; None takes all of them.

    Raises:
        GatecastError: one line that says what to do.
    """
    for name in ("json", "markdown", "pdf"):
        check_written(f"--{name}", getattr(options, name))
    if options.workers < 1 or options.seed < 0:
        raise ConfigurationError(f"expected --workers from 1 and --seed from 0; got {options.workers} and {options.seed}")
    check_data(options.data)
    from flows.progress import CURRENT, Show

    show = Show()
    CURRENT.set(show)
    with tempfile.TemporaryDirectory(prefix="gatecast-") as folder:
        with show.stage("history"):
            from edge.config.sections import Config
            from flows.comparing.run import compare
            from flows.output.comparison import document, markdown_text, text
            from pipeline.cells.comparison import budget

            config = Config() if options.config is None else trainer_config(options.config)
            data = options.data or (SHIPPED if options.config is None else None)
            prepared = history(data, config, config.fleet, Path(folder), table=table_options(options))
            for warning in prepared.warnings:
                show.note(f"  {warning}")
        given = budget("quick" if options.quick else "full" if options.full else "usual", options.seed)
        if cells is not None:
            given = replace(given, cells=cells)
        comparison = compare(prepared, given, options.workers, show)
    from edge.files import replace_file

    print(text(comparison))
    if options.json is not None:
        replace_file(options.json, json.dumps(document(comparison), indent=2).encode())
    if options.markdown is not None:
        replace_file(options.markdown, markdown_text(comparison).encode())
    if options.pdf is not None:
        with show.stage("poster"):
            from pipeline.cells.poster import write_poster

            write_poster(comparison, options.pdf)
    for name, path in (("figures", options.json), ("tables", options.markdown), ("poster", options.pdf)):
        if path is not None:
            print(f"{name}: {path}")
    return 0

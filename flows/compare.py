"""`gatecast compare`: SimpleRNN, LSTM or GRU, answered by measurement on the data at hand."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.cli import FILE_TEXT
from edge.errors import ConfigurationError

if TYPE_CHECKING:
    from pipeline.candidates import Prepared

SHIPPED = Path(__file__).parent / "data" / "nyc-weather-2013.csv.xz"
TEXT = "measure SimpleRNN, LSTM and GRU side by side"
DESCRIPTION = """\
Train every cell in three designs (segment, plain, and the tutorials' window of
10) with the same budget, and measure memory retention, speed, size and accuracy
on held-out readings. Nothing is released. Takes minutes.
"""


def add_parser(commands: Any) -> None:  # noqa: ANN401 - argparse keeps the class to itself
    """Add `compare` to the commands."""
    command = commands.add_parser(
        "compare", help=TEXT, description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    source = command.add_mutually_exclusive_group()
    source.add_argument("--data", type=Path, metavar="FILE", help=f"{FILE_TEXT}; default: a year of hourly weather")
    source.add_argument("--config", type=Path, metavar="FILE", help="take the history of this gatecast.toml's store")
    size = command.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="two designs, next to no training: try the command")
    size.add_argument("--full", action="store_true", help="train as long as retrain does; default: a quarter of it")
    command.add_argument("--seed", type=int, default=0, metavar="N", help="of every random choice; default: 0")
    command.add_argument("--workers", type=int, default=2, metavar="N", help="trainings at once; default: 2")
    command.add_argument("--json", type=Path, metavar="FILE", help="write every figure to a file as JSON")
    command.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables to a file as Markdown")
    command.add_argument("--pdf", type=Path, metavar="FILE", help="write a poster of two A4 pages: cells, charts")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Compare, print, write.

    Raises:
        GatecastError: one line that says what to do.
    """
    for name in ("json", "markdown", "pdf"):
        path = getattr(options, name)
        if path is not None and not path.resolve().parent.is_dir():
            raise ConfigurationError(f"--{name} {path}: there is no such folder")
    if options.workers < 1 or options.seed < 0:
        raise ConfigurationError(f"expected --workers from 1 and --seed from 0; got {options.workers} and {options.seed}")
    if options.data is not None and not options.data.is_file():
        raise ConfigurationError(f"--data {options.data}: there is no such file; give a CSV or Parquet file")
    from flows.progress import CURRENT, Show  # noqa: PLC0415 - `--help` and wrong options answer at once

    show = Show()
    CURRENT.set(show)
    with show.stage("history"):
        from flows.compare_output import document, markdown_text, text  # noqa: PLC0415
        from flows.comparing import compare  # noqa: PLC0415
        from pipeline.compare import budget  # noqa: PLC0415

        prepared = _prepared(options)
        for warning in prepared.warnings:
            show.note(f"  {warning}")
    given = budget("quick" if options.quick else "full" if options.full else "usual", options.seed)
    comparison = compare(prepared, given, options.workers, show)
    if options.json is not None:
        options.json.write_text(json.dumps(document(comparison), indent=2), encoding="utf-8")
    if options.markdown is not None:
        options.markdown.write_text(markdown_text(comparison), encoding="utf-8")
    if options.pdf is not None:
        with show.stage("poster"):
            from pipeline.compare_poster import write_poster  # noqa: PLC0415

            write_poster(comparison, options.pdf)
    print(text(comparison))  # noqa: T201 - a command prints
    return 0


def _prepared(options: argparse.Namespace) -> "Prepared":
    from edge.config import Fleet, read_config  # noqa: PLC0415
    from edge.store import open_store  # noqa: PLC0415
    from pipeline.candidates import prepare, prepare_history  # noqa: PLC0415
    from pipeline.extract import derive_contract, read_history  # noqa: PLC0415
    from pipeline.reading_files import read_file  # noqa: PLC0415

    if options.config is None:
        series, readings = read_file(options.data or SHIPPED)
        return prepare(series, readings, derive_contract(Fleet(), readings))
    config = read_config(options.config)
    store = open_store(config.store.url, config.store.token_file)
    try:
        return prepare_history(read_history(store, config.fleet))
    finally:
        store.close()

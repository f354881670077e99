"""`gatecast import`: readings of a file into the store, and what a person can check about them."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.options import FILE_TEXT, add_config, add_table_options, table_options
from flows.options import Commands, add_command, add_json, trainer_config

if TYPE_CHECKING:
    from edge.config.sections import Config


def add_parser(commands: Commands) -> None:
    """Add `import` to the commands."""
    text = "bring readings from a file into the store"
    description = f"{text.capitalize()}, and count them there. A second time changes nothing."
    parser = add_command(commands, "import", run, text, description, grace=0.0)
    parser.add_argument("--history", action="store_true", help="copy the sources of [[history]] instead of a file")
    parser.add_argument(
        "file", type=Path, nargs="?", metavar="FILE", help=f"{FILE_TEXT}; or the same as Parquet or Excel (.xlsx)"
    )
    parser.add_argument("--dry-run", action="store_true", help="say how the file is understood, and write nothing")
    add_config(parser)
    add_json(parser)
    add_table_options(parser)
    parser.add_argument("--sheet", default="", metavar="NAME", help="sheet of an Excel workbook; default: the first")


def run(options: argparse.Namespace) -> int:
    """Import, count, print.

    Raises:
        GatecastError: one line that says what to do.
    """
    from edge.errors import ConfigurationError, HistoryError
    from flows.output.imported import imported_document, imported_text, survey_document, survey_text
    from pipeline.files.importing import import_file, survey_file
    from pipeline.files.reading import File
    from pipeline.history.from_store import needs_of

    if (options.file is None) != options.history:
        raise ConfigurationError("name a FILE, or --history for the sources of [[history]]")
    if options.history and options.dry_run:
        raise ConfigurationError("--dry-run goes with a FILE; gatecast history shows what the sources of [[history]] hold")
    config = trainer_config(options.config)
    if options.history:
        return _copy(config, as_json=options.json)
    file = File.of(options.file, table_options(options, options.sheet))
    ingests = config.ingests()
    if options.dry_run:
        understood = survey_file(file, ingests)
        lines = survey_text(understood, str(options.file))
        print(json.dumps(survey_document(understood)) if options.json else "\n".join(lines))
        return 0
    store = config.store.open()
    try:
        imported = import_file(file, store, ingests)
        try:
            needs = needs_of(store, config.fleet)
        except HistoryError:
            needs = None  # no series has two readings yet
    finally:
        store.close()
    if options.json:
        print(json.dumps(imported_document(imported, needs)))
    else:
        print("\n".join(imported_text(imported, config.store.url, needs)))
    return 0


def _copy(config: "Config", *, as_json: bool) -> int:
    """Copy the sources of `[[history]]` into the store."""
    from flows.output.copied import copied_document, copied_text
    from pipeline.sources.copying import copy_history

    copied = copy_history(config)
    print(json.dumps(copied_document(copied)) if as_json else "\n".join(copied_text(copied, config.store.url)))
    return 0

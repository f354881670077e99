"""`gatecast history`: what there is in the store and in the sources of `[[history]]`, and what a training can use."""

import argparse
import json
import tempfile
from pathlib import Path

from edge.commands.options import add_config
from flows.options import Commands, add_command, add_json, trainer_config


def add_parser(commands: Commands) -> None:
    """Add `history` to the commands."""
    text = "list the series of the store and of [[history]]"
    description = "List every series of the store and of [[history]]: since when, how often, with what gaps, usable or why not."
    parser = add_command(commands, "history", run, text, description, grace=0.0)
    add_config(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Read everything and list it.

    Returns:
        1 where a source cannot be read, else 0.

    Raises:
        GatecastError: one line that says what to do.
    """
    from flows.output.history import survey_document, survey_text
    from pipeline.history.cells import Workspace
    from pipeline.sources.survey import survey

    config = trainer_config(options.config)
    with tempfile.TemporaryDirectory(prefix="gatecast-") as folder:
        surveyed = survey(config, Workspace(Path(folder)))
    print(json.dumps(survey_document(surveyed)) if options.json else survey_text(surveyed))
    return int(any(source.fault is not None for source in surveyed.sources))

"""`gatecast forecast`: the newest forecast of one series, as numbers, blocks and a picture."""

import argparse
import json
import shutil
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.options import add_config
from edge.errors import ConfigurationError, GatecastError
from flows.options import Commands, add_command, add_json, check_written

if TYPE_CHECKING:
    from edge.config.sections import Config
    from flows.commands.looking.outlook import Outlook


def add_parser(commands: Commands) -> None:
    """Add `forecast` to the commands."""
    parser = add_command(
        commands,
        "forecast",
        run,
        "show the newest forecast of a series",
        "Show the newest forecast of a series as the agent wrote it to the store: quantiles by time, in the unit of the series "
        "and on the clock of this machine, and a line of blocks.",
    )
    parser.add_argument("name", metavar="NAME", help="name of the series; gatecast series lists them")
    add_config(parser)
    add_json(parser)
    parser.add_argument("--all", action="store_true", help="a row for each interval; default: at most 24 rows")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw it into this PNG file as well")


def run(options: argparse.Namespace) -> int:
    """Print the forecast, and draw it where that is asked for.

    Raises:
        GatecastError: one line that says what to do.
    """
    from edge.config.reading import read_config
    from edge.files import replace_file
    from flows.commands.looking.outlook_text import ROWS, outlook_document, outlook_picture, outlook_text

    check_written("--picture", options.picture)
    if options.picture is not None and options.picture.suffix.lower() != ".png":
        raise ConfigurationError(f"--picture {options.picture}: expected a name that ends with .png")
    outlook = _look(read_config(options.config), options.name)
    if options.picture is not None:
        replace_file(options.picture, outlook_picture(outlook))
    if options.json:
        print(json.dumps(outlook_document(outlook)))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 80
        print(outlook_text(outlook, rows=None if options.all else ROWS, width=width))
        if options.picture is not None:
            print(f"picture: {options.picture}")
    return 0


def _look(config: "Config", name: str) -> "Outlook":
    """Read what is forecast of a series, and what it was before."""
    from edge.stores.asking.rows import scored_over, usual_interval
    from edge.stores.asking.series import ahead, known_series, readings, scored
    from flows.commands.looking.outlook import Outlook, interval_of, on_the_grid, past_of
    from flows.commands.looking.series import fleet_interval
    from flows.commands.looking.standing import nobody, standings

    with closing(config.store.open()) as store:
        known = known_series(store)
        name = name if any(row.name == name for row in known) else store.name_of(name)
        now = max((row.time for row in known), default=0) if config.agent.clock == "event" else time.time_ns()
        usual = usual_interval(known, fleet_interval(config))
        over = scored_over(known, usual)
        errors = scored(store, over, [name])
        standing = next((row for row in standings(known, errors, usual, now) if row.series.name == name), None)
        if standing is None:
            raise GatecastError(nobody(name, [row.name for row in known]))
        rows = None if standing.series.origin is None else ahead(store, name, standing.series.origin)
        interval = None if rows is None else interval_of(rows, standing.interval)
        if rows is None or interval is None:
            reason = standing.reason or "no interval is known: set [fleet] interval"
            raise GatecastError(f"{name!r} has no forecast: {reason}")
        span = past_of(rows, interval)
        time_read, values = readings(store, name, *span)
    facts = on_the_grid(time_read, values, span, interval, config.fleet.aggregation)
    if standing.series.counter:  # its readings are totals, and its forecasts are what is added
        facts[:] = float("nan")
    return Outlook(standing, rows, interval, facts, over[1] - over[0])

"""`gatecast series`: every series of the store, how good its forecasts are, and which want a look."""

import argparse
import json
import shutil
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

from edge.commands.options import add_config
from edge.errors import GatecastError
from flows.options import Commands, add_command, add_json

if TYPE_CHECKING:
    from edge.config.sections import Config

WIDE = 1 << 16  # columns of a file or a pipe
SORTS = ("name", "last", "error", "gain", "state")


def add_parser(commands: Commands) -> None:
    """Add `series` to the commands."""
    parser = add_command(
        commands,
        "series",
        run,
        "list the series: last reading, forecaster, error, state",
        "List the series of the store: last reading and interval, who forecasts it, its error beside the value one day before "
        "(in the unit of the series), and whether it is live, silent or without forecasts.",
    )
    parser.add_argument(
        "pattern", nargs="?", default="*", metavar="GLOB", help="names to list, such as 'freezer.*'; default: all"
    )
    add_config(parser)
    add_json(parser)
    parser.add_argument(
        "--sort", choices=SORTS, default="name", help="what comes first: the oldest reading, the largest error …; default: name"
    )
    parser.add_argument(
        "--over",
        metavar="TIME",
        help="average errors over this time, such as 7d; default: 1d, or 24 intervals where longer",
    )


def run(options: argparse.Namespace) -> int:
    """Print the series.

    Raises:
        GatecastError: one line that says what to do.
    """
    from edge.config.reading import read_config
    from edge.contract.times import parse_duration
    from edge.stores.asking.rows import scored_over, usual_interval
    from edge.stores.asking.series import known_series, scored
    from flows.commands.looking.series_text import series_document, series_text
    from flows.commands.looking.standing import in_order, matching, nobody, standings

    config = read_config(options.config)
    over = None if options.over is None else parse_duration(options.over)
    with closing(config.store.open()) as store:
        known = known_series(store)
        names = matching((series.name for series in known), options.pattern)
        if not names:
            raise GatecastError(nobody(options.pattern, [series.name for series in known]))
        interval = usual_interval(known, fleet_interval(config))
        # Recorded readings have no other time than their own.
        recorded = config.agent.clock == "event"
        now = max(row.time for row in known) if recorded else time.time_ns()
        start, end = scored_over(known, interval, over)
        errors = scored(store, (start, end))
    chosen = [row for row in standings(known, errors, interval, now) if row.series.name in names]
    rows = in_order(chosen, options.sort)
    if options.json:
        print(json.dumps(series_document(rows, end - start)))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDE
        print(series_text(rows, end - start, time.time_ns(), width=width))
    return 0


def fleet_interval(config: "Config") -> int | None:
    """The interval of the configuration, else that of the live bundle, ns; None where there is neither."""
    from edge.checks.configured import usable_bundle
    from edge.contract.times import parse_duration

    if config.fleet.interval is not None:
        return parse_duration(config.fleet.interval)
    bundle = usable_bundle(config)
    return None if bundle is None else bundle.manifest.contract.interval

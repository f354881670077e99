"""`gatecast page`: the page in the browser."""

import argparse
from pathlib import Path

from edge.commands.options import add_config
from flows.options import Commands, add_command

PORT = 8090


def add_parser(commands: Commands) -> None:
    """Add `page` to the commands."""
    text = "show forecasts, series and agents in the browser"
    description = (
        "Serve a page with every series, its forecast, errors, agents and alerts, and keep it up to date. It only reads the "
        "store. Ctrl-C ends it."
    )
    parser = add_command(commands, "page", run, text, description)
    add_config(parser)
    add = parser.add_argument
    add("--port", type=int, default=PORT, help=f"port that it listens on; 0: any free one; default: {PORT}")
    add("--host", default="127.0.0.1", metavar="ADDRESS", help="address that it listens on; default: this machine only")
    add(
        "--password-file",
        type=Path,
        metavar="FILE",
        help="file with the password that visitors have to know; else GATECAST_PAGE_PASSWORD",
    )


def run(options: argparse.Namespace) -> int:
    """Serve the page.

    Raises:
        GatecastError: one line that says what to do.
    """
    from edge.config.reading import read_config
    from flows.commands.looking.series import fleet_interval
    from flows.page.serving import bound, serve, title_of

    config = read_config(options.config)
    where = bound(options.host, options.port, options.password_file)
    title = title_of(config, options.config)
    return serve(config, where, title, lambda line: print(f"gatecast page: {line}", flush=True), fleet_interval(config))

"""`gatecast-agent check`: whether a device is ready."""

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from edge.commands.options import add_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.checks.configured import Checked
    from edge.checks.finding import Finding

TEXT = "validate configuration and bundle; --connect tries the rest"
DESCRIPTION = (
    "Validate configuration and bundle, without the network. With --connect everything outside is really tried as well: "
    "broker, subscriptions, readings, store, release channel, disk and clock. Nothing of it leaves a trace, and a running "
    "agent is not disturbed."
)
LONGEST = 3600.0  # seconds


def add_parser(commands: Any) -> None:  # noqa: ANN401 - argparse keeps the class to itself
    """Add `check` to the commands."""
    command = commands.add_parser("check", help=TEXT, description=DESCRIPTION)
    add_config(command)
    add_connecting(command)
    command.add_argument("--json", action="store_true", help="print the result as one JSON object")


def add_connecting(command: argparse.ArgumentParser) -> None:
    """Add `--connect` and `--listen`."""
    command.add_argument("--connect", action="store_true", help="really try broker, store, channel, disk and clock")
    add_listen(command)


def add_listen(command: argparse.ArgumentParser) -> None:
    """Add `--listen`."""
    text = "how long to wait for readings; default: 5; 0: not at all"
    command.add_argument("--listen", type=_seconds, default=5.0, metavar="SECONDS", help=text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST:
        raise argparse.ArgumentTypeError(f"expected a number of seconds, at most 3600; got {text!r}")
    return seconds


def run(options: argparse.Namespace) -> int:
    """Print one line per finding; a terminal gets a long one in several.

    Returns:
        The largest code of a finding: 0 fine, 1 failed, 2 wrong configuration.
    """
    from edge.checks.configured import checked
    from edge.checks.finding import exit_code
    from edge.checks.wrapping import width_of

    width = width_of(sys.stdout)
    known = checked(options.config, contacts=options.connect)
    findings = []
    for finding in _all(known, options):
        findings.append(finding)
        if not options.json:
            print(finding.shown(width), flush=True)
    failed = exit_code(findings)
    if options.json:
        print(json.dumps({"ok": failed == 0, "checks": [finding.document() for finding in findings]}))
    return failed


def _all(known: "Checked", options: argparse.Namespace) -> "Iterator[Finding]":
    yield from known.findings
    if options.connect:
        from edge.checks.connected.broker import Listening
        from edge.checks.connected.run import connected

        yield from connected(known, Listening(options.listen))

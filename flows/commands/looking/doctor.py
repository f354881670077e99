"""`gatecast doctor`: whether everything works, the trainer's side and the device's, and what to do next."""

import argparse
import json
import sys

from edge.commands.check import add_listen
from edge.commands.options import add_config
from flows.options import Commands, add_command, add_json


def add_parser(commands: Commands) -> None:
    """Add `doctor` to the commands."""
    text = "try everything, say what is wrong and what to do"
    description = (
        "Try everything that training and forecasting need: configuration, packages, memory, disks, clock, broker, store, "
        "history, registry, release channel and Prefect. One line for each, then what to do next. Nothing is changed."
    )
    parser = add_command(commands, "doctor", run, text, description)
    add_config(parser)
    add_listen(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print a table and what to do next.

    Returns:
        The largest code of a finding: 0 fine, 1 failed, 2 wrong configuration.
    """
    from edge.checks.connected.broker import Listening
    from edge.checks.finding import exit_code
    from edge.checks.wrapping import width_of
    from flows.doctor.run import examined
    from flows.doctor.text import row, steps

    findings, width = [], width_of(sys.stdout)
    for finding in examined(options.config, Listening(options.listen)):
        findings.append(finding)
        if not options.json:
            print(row(finding, coloured=sys.stdout.isatty(), width=width), flush=True)
    failed = exit_code(findings)
    if options.json:
        print(json.dumps({"ok": failed == 0, "checks": [finding.document() for finding in findings]}))
    else:
        print("\n".join(steps(findings, width)))
    return failed

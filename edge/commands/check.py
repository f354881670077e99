"""`gatecast-agent check`: whether a device is ready."""

import argparse
import json
from typing import Any

from edge.commands.options import add_config
from edge.quoting import one_line

TEXT = "validate configuration and bundle, without the network"


def add_parser(commands: Any) -> None:  # noqa: ANN401 - argparse keeps the class to itself
    """Add `check` to the commands."""
    command = commands.add_parser("check", help=TEXT, description=TEXT[0].upper() + TEXT[1:] + ".")
    add_config(command)
    command.add_argument("--json", action="store_true", help="print the result as one JSON object")


def run(options: argparse.Namespace) -> int:
    """Print one line per finding.

    Returns:
        The largest code of a finding: 0 fine, 1 failed, 2 wrong configuration.
    """
    from edge.commands.checking import check

    findings = check(options.config)
    failed = max((finding.code for finding in findings), default=0)
    if options.json:
        print(json.dumps({"ok": failed == 0, "checks": [finding.document() for finding in findings]}))
        return failed
    for finding in findings:
        print(f"{'ok   ' if not finding.code else 'WRONG'} {finding.subject}: {one_line(finding.text)}")
    return failed

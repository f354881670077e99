"""`gatecast store check` and `gatecast store vacuum`."""

import argparse
import json
from contextlib import closing
from typing import TYPE_CHECKING

from edge.commands.options import add_config
from edge.errors import ConfigurationError
from flows.options import Commands, add_command, add_json, trainer_config

if TYPE_CHECKING:
    from edge.config.sections import Config


def add_parser(commands: Commands) -> None:
    """Add `store` to the commands."""
    parser = add_command(commands, "store", run, "try the store, or write an SQLite file anew")
    parts = parser.add_subparsers(dest="part", required=True, metavar="check | vacuum")
    check = "write, read and delete a row; tell version, rights, retention, clock and size"
    vacuum = "write an SQLite file anew, so that it gives free pages back; agents may go on"
    for name, text in (("check", check), ("vacuum", vacuum)):
        part = parts.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        add_config(part)
        add_json(part)


def run(options: argparse.Namespace) -> int:
    """Try the store, or write its file anew.

    Returns:
        0 where it is ready, 1 where something is wrong.

    Raises:
        GatecastError: one line that says what to do.
    """
    config = trainer_config(options.config)
    return _check(config, as_json=options.json) if options.part == "check" else _vacuum(config, as_json=options.json)


def _check(config: "Config", *, as_json: bool) -> int:
    from edge.checks.configured import usable_bundle
    from edge.checks.connected.store import wanted
    from edge.checks.connected.store_words import document, findings
    from edge.checks.finding import Finding, Grade
    from edge.stores.looking.looking import look_at

    with closing(config.store.open()) as store:
        look = look_at(store)
    results = findings(look, wanted(config, usable_bundle(config)))
    if (warning := config.store.in_the_open()) is not None:
        results.append(Finding("encryption", warning, Grade.WARNING))
    if as_json:
        print(json.dumps(document(look, results)))
    else:
        for finding in results:
            print(finding.line)
    return int(any(finding.grade is Grade.WRONG for finding in results))


def _vacuum(config: "Config", *, as_json: bool) -> int:
    from edge.stores.looking.vacuum import vacuum
    from edge.stores.sqlite import SqliteStore

    with closing(config.store.open()) as store:
        if not isinstance(store, SqliteStore):
            raise ConfigurationError("gatecast store vacuum is for SQLite; an InfluxDB does that itself")
        sizes = vacuum(store)
    before, after = sizes.before.total, sizes.after.total
    if as_json:
        print(json.dumps({"before": before, "after": after}))
    else:
        print(f"{store.path}: {before / 1e6:,.1f} MB before, {after / 1e6:,.1f} MB now; from now on it gives free pages back")
    return 0

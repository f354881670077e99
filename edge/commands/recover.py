"""`gatecast-agent recover`: what a spool that was moved aside still holds goes into the store."""

import argparse
import json
from pathlib import Path
from typing import Any

from edge.commands.options import add_config

TEXT = "bring what a damaged spool still holds into the store"


def add_parser(commands: Any) -> None:  # noqa: ANN401 - argparse keeps the class to itself
    """Add `recover` to the commands."""
    command = commands.add_parser("recover", help=TEXT, description=TEXT[0].upper() + TEXT[1:] + ".")
    command.add_argument("file", type=Path, metavar="FILE", help="a spool.db.damaged-… in the folder of [agent] state")
    add_config(command)
    command.add_argument("--json", action="store_true", help="print the result as one JSON object")


def run(options: argparse.Namespace) -> int:
    """Read the file, write its blocks, and say what became of them.

    Returns:
        0, also where parts of the file could not be read.

    Raises:
        ConfigurationError: the file is no spool, or its blocks are for a store of another kind.
        StoreError: the store takes nothing; the same command goes on later.
    """
    from edge.config.reading import read_config
    from edge.errors import ConfigurationError
    from edge.spool.delivery import Delivery
    from edge.spool.salvage import salvage
    from edge.stores.store import open_store

    config = read_config(options.config)
    store = open_store(config.store.url, config.store.token_file, config.store.tls)
    delivery = Delivery(store, lambda: (), lambda: False)
    written = rows = refused = lost = 0
    try:
        for salvaged in salvage(options.file):
            if salvaged.block is None:
                lost += 1
                continue
            if salvaged.store != store.kind:
                message = (
                    f"the blocks of {options.file} are for a store of kind {salvaged.store}, [store] url names {store.kind}"
                )
                raise ConfigurationError(f"{message}; run this with a configuration that names the old one")
            refused += sum(refusal.rows for refusal in delivery.deliver([salvaged.block]))
            written, rows = written + 1, rows + sum(store.count(salvaged.block).values())
    finally:
        store.close()
    if options.json:
        print(json.dumps({"blocks": written, "rows": rows - refused, "refused_rows": refused, "lost_parts": lost}))
    else:
        print(f"{rows - refused} rows of {written} blocks are in the store; {lost} parts of the file could not be read", end="")
        print(f", {refused} rows were refused by the store" if refused else "")
    return 0

"""`gatecast-agent recover`: what a spool that was moved aside still holds goes into the store."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.commands.options import add_config
from edge.contract.schema import FORECAST
from edge.quoting import counted

if TYPE_CHECKING:
    from edge.stores.store import Store

TEXT = "bring what a damaged spool still holds into the store"


def add_parser(commands: Any) -> None:  # noqa: ANN401 - argparse keeps the class to itself
    """Add `recover` to the commands."""
    command = commands.add_parser("recover", help=TEXT, description=TEXT[0].upper() + TEXT[1:] + ".")
    command.add_argument("file", type=Path, metavar="FILE", help="a spool.db.damaged-… in the folder of [agent] state")
    add_config(command)
    command.add_argument("--json", action="store_true", help="print the result as one JSON object")


def run(options: argparse.Namespace) -> int:
    """Read the file, write its blocks, and say what became of them.

    The newest forecasts of moments that are over are left out: the store may have newer ones by now.

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

    config = read_config(options.config)
    store = config.store.open()
    delivery = Delivery(store, lambda: (), lambda: False)
    written = rows = refused = lost = old = 0
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
            parts = _without_forecasts(store, salvaged.block)
            refused += sum(refusal.rows for refusal in delivery.deliver(parts))
            count = sum(sum(store.count(part).values()) for part in parts)
            written, rows, old = written + 1, rows + count, old + sum(store.count(salvaged.block).values()) - count
    finally:
        store.close()
    if options.json:
        result = {"blocks": written, "rows": rows - refused, "refused_rows": refused, "old_forecasts": old, "lost_parts": lost}
        print(json.dumps(result))
    else:
        unread = f"; {counted(lost, 'part')} of the file could not be read"
        print(f"{counted(rows - refused, 'row')} of {counted(written, 'block')} are in the store{unread}", end="")
        print(f", {counted(old, 'forecast')} left out, as the store may have newer ones" if old else "", end="")
        print(f", {counted(refused, 'row')} refused by the store" if refused else "")
    return 0


def _without_forecasts(store: "Store", block: bytes) -> list[bytes]:
    """The rows of a block, in order and in as few parts as they need, but for those that an older forecast must not replace."""
    kinds = store.count(block).keys()
    if FORECAST.name not in kinds:
        return [block]
    halves = store.split(block) if len(kinds) > 1 else None
    return [part for half in halves or () for part in _without_forecasts(store, half)]

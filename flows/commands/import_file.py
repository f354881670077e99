"""`gatecast import`: readings of a file into the store, and what a person can check about them."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.commands.options import FILE_TEXT

if TYPE_CHECKING:
    from pipeline.history.from_store import Plan
    from pipeline.history.importing import Imported


def add_parser(commands: Any) -> None:  # noqa: ANN401 - argparse keeps the class to itself
    """Add `import` to the commands."""
    text = "bring readings from a file into the store"
    parser = commands.add_parser(
        "import", help=text, description=f"{text.capitalize()}, and count them there. A second time changes nothing."
    )
    parser.set_defaults(run=run)
    add = parser.add_argument
    add("file", type=Path, metavar="FILE", help=f"{FILE_TEXT}; or the same as Parquet")
    add("--config", type=Path, default=Path("gatecast.toml"), metavar="FILE", help="configuration; default: gatecast.toml")
    add("--json", action="store_true", help="print the result as JSON")


def run(options: argparse.Namespace) -> int:
    """Import, count, print.

    Returns:
        0; what goes wrong is raised.

    Raises:
        GatecastError: one line that says what to do.
    """
    from edge.config import read_config  # noqa: PLC0415 - `--help` and wrong options answer at once
    from edge.errors import HistoryError  # noqa: PLC0415
    from edge.stores.store import open_store  # noqa: PLC0415
    from pipeline.history.from_store import plan_of  # noqa: PLC0415
    from pipeline.history.importing import import_file  # noqa: PLC0415

    config = read_config(options.config)
    store = open_store(config.store.url, config.store.token_file)
    try:
        imported = import_file(options.file, store, [rule.build() for rule in config.ingest])
        try:
            plan = plan_of(store, config.fleet)
        except HistoryError:
            plan = None  # no series has two readings yet
    finally:
        store.close()
    if options.json:
        print(json.dumps(document(imported, plan)))  # noqa: T201 - a command prints
    else:
        print("\n".join(text(imported, config.store.url, plan)))  # noqa: T201
    return 0


def text(imported: "Imported", url: str, plan: "Plan | None") -> list[str]:
    """What came in, what did not and why, and what `retrain` will make of it; one fact a line."""
    from edge.contract.times import DAY, iso  # noqa: PLC0415

    count = len(imported.series)
    readings = f"{imported.stored:,} readings" + (f" from {imported.rows:,} rows" if imported.repeated else "")
    lines = [
        f"{readings} of {count:,} series are in {url}",
        f"  time: {iso(imported.first)} to {iso(imported.last)}",
    ]
    if (repeated := imported.repeated) is not None:
        lines.append(
            f"  overwritten by a later row of the same series and time: {repeated.rows:,} rows, first {repeated.series!r} at "
            f"{iso(repeated.time)}"
        )
    if imported.not_finite:
        lines.append(f"  infinite values, left out: {imported.not_finite:,}")
    if imported.strange:
        lines.append(
            f"  in no [[ingest]] topic: {len(imported.strange):,} of {count:,} series, such as {imported.strange[0]!r}; live "
            "readings never continue them, check [[ingest]] series"
        )
    if plan is not None:
        short = plan.held < plan.needed
        needs = f"; this needs {plan.needed / DAY:.1f} days of history, the store holds {plan.held / DAY:.1f}" if short else ""
        lines.append(f"  retrain takes: {plan.contract.words}{needs}")
    ready = plan is not None and plan.held >= plan.needed
    return [*lines, "next: gatecast retrain" if ready else "next: import or collect more, then gatecast retrain"]


def document(imported: "Imported", plan: "Plan | None") -> dict[str, object]:
    """The same as data."""
    from edge.contract.times import format_duration, iso  # noqa: PLC0415

    return {
        "readings": imported.stored,
        "rows": imported.rows,
        "repeated": 0 if imported.repeated is None else imported.repeated.rows,
        "not_finite": imported.not_finite,
        "series": len(imported.series),
        "unmatched": list(imported.strange),
        "first": iso(imported.first),
        "last": iso(imported.last),
        "interval": None if plan is None else format_duration(plan.contract.interval),
        "window": None if plan is None else plan.contract.window,
        "horizon": None if plan is None else plan.contract.horizon,
    }

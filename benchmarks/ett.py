"""Accuracy on the ETT benchmark (Zhou et al., Informer, 2021) by its published protocol, through the product's own way.

Training, conversion, choice of precision and the device's state and runtime are those of `gatecast retrain`; nothing is
fitted to or chosen on the test part. Errors are in units of each series' standard deviation in the training part, on
every test window. Data: https://github.com/zhouhaoyi/ETDataset, files such as ETTm1.csv or ETTm1.csv.xz in one folder.

    python benchmarks/ett.py --data DIR --sets ETTm1 --horizons 96 --cells gru --seeds 0 1 2 --json out.json
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import msgspec
import numpy as np
from ett_rows import Row, choose_window, load, network_rows, peer_rows, say, tutorial_rows, unseen_rows

from edge.config.training_sections import Train
from edge.contract.contract import Contract
from edge.contract.times import DAY
from edge.errors import GatecastError
from edge.forecaster.manifest import Cell

METHODS = ("baselines", "ridge", "lightgbm", "tutorial")


def table_of(rows: Sequence[Row]) -> str:
    """Markdown: mean ± standard deviation over the seeds."""
    lines = [
        "| set | horizon | method | seeds | MSE | MAE | weighted quantile loss | 80 % interval holds | kB | training |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.set, row.horizon, row.method, row.cell, row.design, row.members, row.window), []).append(row)
    for (name, horizon, method, cell, design, members, window), some in groups.items():
        label = method
        if cell is not None:
            label += f": {cell}" + (f" {design}" if design != method else "") + f", window {window}"
            label += f", {members} members" if members > 1 else ""
        cells = [name, str(horizon), label, str(len(some)) if cell else "-"]
        for field, digits in (("mse", 4), ("mae", 4), ("weighted_quantile_loss", 4), ("coverage_80", 3)):
            values = [getattr(row, field) for row in some if getattr(row, field) is not None]
            spread = f" ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else ""
            cells.append(f"{np.mean(values):.{digits}f}{spread}" if values else "-")
        sizes = [row.bytes / 1000 for row in some if row.bytes]
        seconds = [row.train_seconds for row in some if row.train_seconds is not None]
        cells += [f"{np.mean(sizes):.0f}" if sizes else "-", f"{np.mean(seconds):.0f} s" if seconds else "-"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the CSV files")
    parser.add_argument("--sets", nargs="+", default=["ETTm1", "ETTh1"], help="names of files; default: ETTm1 ETTh1")
    parser.add_argument("--horizons", nargs="+", type=int, default=[96], help="intervals; default: 96")
    parser.add_argument("--cells", nargs="*", choices=get_args(Cell), default=["gru"], help="default: gru")
    parser.add_argument("--designs", nargs="+", default=["segment"], help="segment, plain; default: segment")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="default: 0 1 2")
    parser.add_argument("--members", type=int, default=1, help="networks averaged in one model; default: 1")
    parser.add_argument("--methods", nargs="*", choices=METHODS, default=METHODS, help="beside ours; default: all")
    parser.add_argument("--window", type=int, default=0, help="intervals; default: a week or four, by the validation part")
    parser.add_argument("--units", type=int, default=0, help="of the state; default: by the window")
    parser.add_argument("--missing", type=float, default=0.0, help="also measure with this share of every window missing")
    parser.add_argument("--unknown", action="store_true", help="also measure without telling the network which series it is")
    parser.add_argument("--unseen", action="store_true", help="each series by a network that never saw it, instead")
    parser.add_argument("--split", nargs=3, type=float, metavar="SHARE", help="of sets without a published split")
    parser.add_argument("--json", type=Path, help="file for the rows")
    parser.add_argument("--markdown", type=Path, help="file for the table")
    options = parser.parse_args()
    train = Train(cells=tuple(options.cells), designs=tuple(options.designs), units=options.units, members=options.members)
    rows: list[Row] = []
    try:
        for name in options.sets:
            data = load(options.data, name, options.split)
            window = options.window or (
                choose_window(data, options.horizons[0], train) if options.cells else 7 * DAY // data.table.interval
            )
            for horizon in options.horizons:
                contract = Contract(data.table.interval, window, horizon)
                parts = (
                    [unseen_rows(data, contract, train)]
                    if options.unseen
                    else [
                        peer_rows(data, contract, options.methods),
                        tutorial_rows(data, contract, options.seeds[:1] if "tutorial" in options.methods else ()),
                        network_rows(data, contract, train, options.seeds, options.missing, options.unknown),
                    ]
                )
                for part in parts:
                    for row in part:
                        rows.append(row)
                        where = f"{row.set} {row.horizon} {row.method} {row.cell or ''} seed {row.seed}"
                        say(f"{where}: MSE {row.mse:.4f}, MAE {row.mae:.4f}")
                        if options.json:  # as far as it got: a run takes long
                            options.json.write_text(json.dumps([msgspec.to_builtins(one) for one in rows], indent=1) + "\n")
    except GatecastError as error:
        sys.exit(str(error))
    if options.markdown:
        options.markdown.write_text(table_of(rows))
    print(table_of(rows), end="")


if __name__ == "__main__":
    main()

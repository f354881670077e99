"""Accuracy on the ETT benchmark (Zhou et al., Informer, 2021) by its published protocol, through the product's own way.

Training, conversion, choice of precision and the device's state and runtime are those of `gatecast retrain`; nothing is
fitted to or chosen on the test part. Errors are in units of each series' standard deviation in the training part, on
every test window. Data: https://github.com/zhouhaoyi/ETDataset, files such as ETTm1.csv or ETTm1.csv.xz in one folder.

    python benchmarks/ett.py --data DIR --sets ETTm1 --horizons 96 --cells gru --seeds 0 1 2 --json out.json
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from edge.baselines import Forecaster, baselines
from edge.bundle import Precision
from edge.config import Train
from edge.contract import DAY, Contract, Float32, Float64, Int32
from edge.errors import GatecastError
from edge.model import Model, runtime_name
from pipeline.candidates import Prepared, architectures, make_candidate, settings_of
from pipeline.evaluation import Evaluation, backtest, contender
from pipeline.history import Report
from pipeline.peers import lightgbm_direct, ridge
from pipeline.reading_files import read_file
from pipeline.table import Table, to_table
from pipeline.windows import Split, samples, training_scale

# Published splits: 12, 4 and 4 months of 30 days.
MONTHS = (12, 4, 4)
LONGEST_WINDOW = 720


@dataclass(frozen=True, slots=True)
class Data:
    """One set.

    Args:
        name: of the file.
        table: all series.
        split: training, validation and test part.
        scale: standard deviation in the training part, float64 `[series]`.
    """

    name: str
    table: Table
    split: Split
    scale: Float64


@dataclass(frozen=True, slots=True)
class Row:
    """One method on one set and horizon; what does not apply is None."""

    set: str
    horizon: int
    method: str
    cell: str | None
    design: str | None
    seed: int | None
    mse: float
    mae: float
    weighted_quantile_loss: float | None
    coverage_80: float | None
    bytes: int | None
    parameters: int | None
    train_seconds: float | None
    runtime: str | None
    precision: str | None
    members: int = 1
    window: int | None = None
    error_by_precision: dict[Precision, float | None] | None = None


class Thinned:
    """A forecaster whose windows lose values at random.

    Args:
        forecaster: that forecasts from what is left.
        share: of the values that are lost.
    """

    def __init__(self, forecaster: Forecaster, share: float) -> None:
        self.name, self.contract = f"{forecaster.name} without {share:.0%} of the values", forecaster.contract
        self._forecaster, self._share, self._random = forecaster, share, np.random.default_rng(0)

    def predict(self, windows: Float32, series: Int32) -> Float32:
        """As `Forecaster.predict`."""
        lost = self._random.random(windows.shape) < self._share
        return self._forecaster.predict(np.where(lost, np.float32(np.nan), windows), series)


def load(folder: Path, name: str, shares: Sequence[float] | None) -> Data:
    """A set of the folder.

    Raises:
        SystemExit: it is not there; says what to do.
    """
    path = next(
        (folder / f"{name}{ending}" for ending in (".csv", ".csv.xz", ".csv.gz") if (folder / f"{name}{ending}").is_file()),
        None,
    )
    if path is None:
        sys.exit(f"{folder} has no {name}.csv, .csv.xz or .csv.gz; get the file from https://github.com/zhouhaoyi/ETDataset")
    series, readings = read_file(path)
    times = np.unique(readings.time)
    table = to_table(series.names, readings, int(np.min(np.diff(times))), "mean")
    if shares is None:
        month = 30 * DAY // table.interval
        edges = np.cumsum(MONTHS) * month
    else:
        edges = np.round(np.cumsum(shares) * table.values.shape[1]).astype(int)
    table = Table(table.names, table.start, table.interval, np.ascontiguousarray(table.values[:, : edges[2]]))
    split = Split(range(edges[0]), range(edges[0], edges[1]), range(edges[1], edges[2]))
    return Data(name, table, split, np.nanstd(table.values[:, : edges[0]].astype(np.float64), axis=1))


def prepared(data: Data, contract: Contract) -> Prepared:
    """What the product makes candidates from."""
    return Prepared(
        data.table,
        contract,
        data.split,
        Report((), data.table.start, data.table.end, data.table.interval),
        (),
        training_scale(data.table, data.split),
    )


def errors(evaluation: Evaluation, scale: Float64) -> dict[str, Any]:
    """Errors over all series and leads."""
    mse, mae = evaluation.pooled(scale)
    return {
        "mse": mse,
        "mae": mae,
        "weighted_quantile_loss": _known(evaluation.quantile_loss),
        "coverage_80": _known(evaluation.coverage),
    }


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None


def network_rows(data: Data, contract: Contract, train: Train, seeds: Sequence[int], missing: float) -> Iterator[Row]:
    """One row per cell, design and seed: the bundle that `gatecast retrain` would judge, on the device runtime."""
    ready = prepared(data, contract)
    for architecture in architectures(train, contract):
        for seed in seeds:
            settings = settings_of(msgspec.structs.replace(train, seed=seed))
            with tempfile.TemporaryDirectory() as folder:
                made = make_candidate(ready, architecture, settings, Path(folder), precisions=train.precisions)
            manifest = made.bundle.manifest
            shares = {one.precision: one.error for one in manifest.conversions}
            rivals = [contender(Model(made.bundle), data.table.names, manifest.series)]
            if missing:
                rivals.append(contender(Thinned(Model(made.bundle), missing), data.table.names, manifest.series))
            for place, one in enumerate(_measure(rivals, data, contract)):
                if manifest.model is None:
                    raise TypeError
                yield Row(
                    data.name, contract.horizon, "gatecast" if place == 0 else f"gatecast, {missing:.0%} missing",
                    architecture.cell, architecture.design, seed, **errors(one, data.scale),
                    bytes=manifest.model.size, parameters=manifest.model.parameters, train_seconds=made.record.seconds,
                    runtime=runtime_name(), precision=manifest.model.precision, members=settings.members,
                    window=contract.window, error_by_precision=shares,
                )  # fmt: skip


def _measure(rivals: Sequence[Any], data: Data, contract: Contract) -> tuple[Evaluation, ...]:
    """Each by itself: a method without a forecast must not take facts from another."""
    return tuple(backtest([one], data.table, contract, data.split.held_out)[0] for one in rivals)


def peer_rows(data: Data, contract: Contract, methods: Sequence[str]) -> Iterator[Row]:
    """Baselines, ridge and LightGBM on the same windows."""
    scale = data.scale.astype(np.float32)
    training, validation = (samples(data.table, contract, part) for part in (data.split.training, data.split.validation))
    makers: dict[str, Callable[..., Forecaster]] = {"ridge": ridge, "lightgbm": lightgbm_direct}
    entrants: list[tuple[Forecaster, float | None]] = [(one, None) for one in baselines(contract) if "baselines" in methods]
    for method in methods:
        if method in makers:
            started = time.perf_counter()
            entrants.append((makers[method](training, validation, contract, scale), time.perf_counter() - started))
    for forecaster, seconds in entrants:
        known = data.table.names if seconds is not None else ()
        found = _measure([contender(forecaster, data.table.names, known)], data, contract)[0]
        yield Row(
            data.name, contract.horizon, forecaster.name, None, None, None, **errors(found, data.scale),
            bytes=None, parameters=None, train_seconds=seconds, runtime=None, precision=None, window=contract.window,
        )  # fmt: skip


def unseen_rows(data: Data, contract: Contract, train: Train) -> Iterator[Row]:
    """Every series forecast by a network that never saw it, beside the baselines and a ridge of its own."""
    for left_out, name in enumerate(data.table.names):
        others = [row for row in range(len(data.table.names)) if row != left_out]
        rest = replace(data, table=_series(data.table, others), scale=data.scale[others])
        alone = replace(data, name=f"{data.name}/{name}", table=_series(data.table, [left_out]), scale=data.scale[[left_out]])
        architecture = architectures(train, contract)[0]
        with tempfile.TemporaryDirectory() as folder:
            made = make_candidate(
                prepared(rest, contract), architecture, settings_of(train), Path(folder), precisions=train.precisions
            )
        found = _measure([contender(Model(made.bundle), alone.table.names)], alone, contract)[0]
        file = made.bundle.manifest.model
        if file is None:
            raise TypeError
        yield Row(
            alone.name, contract.horizon, "gatecast, series unseen", architecture.cell, architecture.design, train.seed,
            **errors(found, alone.scale), bytes=file.size, parameters=file.parameters, train_seconds=made.record.seconds,
            runtime=runtime_name(), precision=file.precision, window=contract.window,
        )  # fmt: skip
        yield from peer_rows(alone, contract, ("baselines", "ridge"))


def _series(table: Table, rows: Sequence[int]) -> Table:
    return Table(
        tuple(table.names[row] for row in rows), table.start, table.interval, np.ascontiguousarray(table.values[list(rows)])
    )


def choose_window(data: Data, horizon: int, train: Train) -> int:
    """A week or four, at most 720 intervals: what forecasts the validation part better with the first seed."""
    week = 7 * DAY // data.table.interval
    choices = sorted({min(weeks * week, LONGEST_WINDOW) for weeks in (1, 4)} - {LONGEST_WINDOW} or {LONGEST_WINDOW})
    losses = {}
    for window in choices if len(choices) > 1 else ():
        contract = Contract(data.table.interval, window, horizon)
        with tempfile.TemporaryDirectory() as folder:
            made = make_candidate(prepared(data, contract), architectures(train, contract)[0], settings_of(train), Path(folder))
        losses[window] = made.loss(data.scale.astype(np.float32))
        _say(f"{data.name}: window {window}: {losses[window]:.4f} on the validation part")
    return min(losses, key=lambda one: losses[one]) if losses else choices[0]


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
        label = (
            method
            if cell is None
            else f"{method}: {cell} {design}, window {window}" + (f", {members} members" if members > 1 else "")
        )
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


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the CSV files")
    parser.add_argument("--sets", nargs="+", default=["ETTm1", "ETTh1"], help="names of files; default: ETTm1 ETTh1")
    parser.add_argument("--horizons", nargs="+", type=int, default=[96], help="intervals; default: 96")
    parser.add_argument("--cells", nargs="*", default=["gru"], help="gru, lstm, simplernn; default: gru")
    parser.add_argument("--designs", nargs="+", default=["segment"], help="segment, plain; default: segment")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="default: 0 1 2")
    parser.add_argument("--members", type=int, default=1, help="networks averaged in one model; default: 1")
    parser.add_argument("--methods", nargs="*", default=["baselines", "ridge"], help="beside: baselines, ridge, lightgbm")
    parser.add_argument("--window", type=int, default=0, help="intervals; default: a week or four, by the validation part")
    parser.add_argument("--units", type=int, default=0, help="of the state; default: by the window")
    parser.add_argument("--missing", type=float, default=0.0, help="also measure with this share of every window missing")
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
                        network_rows(data, contract, train, options.seeds, options.missing),
                    ]
                )
                for part in parts:
                    for row in part:
                        rows.append(row)
                        where = f"{row.set} {row.horizon} {row.method} {row.cell or ''} seed {row.seed}"
                        _say(f"{where}: MSE {row.mse:.4f}, MAE {row.mae:.4f}")
                        if options.json:  # as far as it got: a run takes long
                            options.json.write_text(json.dumps([msgspec.to_builtins(one) for one in rows], indent=1) + "\n")
    except GatecastError as error:
        sys.exit(str(error))
    if options.markdown:
        options.markdown.write_text(table_of(rows))
    print(table_of(rows), end="")


if __name__ == "__main__":
    main()

"""The rows of `benchmarks/ett.py`: every method of the comparison, measured on one set and horizon."""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import msgspec
import numpy as np

from edge.config.training_sections import Train
from edge.contract.columns import Float64, Int32
from edge.contract.contract import Contract
from edge.contract.times import DAY
from edge.forecaster.baselines import baselines
from edge.forecaster.bundle import Bundle
from edge.forecaster.forecaster import Forecaster
from edge.forecaster.manifest import Cell, Precision
from edge.forecaster.model import Model, runtime_name
from pipeline.backtest.peers import lightgbm_direct, ridge
from pipeline.cells.comparison import StudyPlan, study
from pipeline.files.reading import read_file
from pipeline.history.checks import Report
from pipeline.history.prepared import Prepared, some_windows
from pipeline.history.table import Table, to_table
from pipeline.history.windows import Split, evenly, samples, training_scale
from pipeline.judging.evaluation import Evaluation, Facts, backtest, contender
from pipeline.release.candidates import PARITY_WINDOWS, Candidate, Plan, make_candidate
from pipeline.release.parity import model_file
from pipeline.training.architecture import Architecture, architectures
from pipeline.training.settings import Settings, settings_of
from pipeline.training.worker import FORECASTS_FILE, model_name

# Published splits: 12, 4 and 4 months of 30 days.
MONTHS = (12, 4, 4)
LONGEST_WINDOW = 720


@dataclass(frozen=True, slots=True)
class Data:
    """One set.

    Args:
        name: name of the file.
        table: all series.
        split: training, validation and test part.
        scale: standard deviation in the training part, float64 `[series]`.
    """

    name: str
    table: Table
    split: Split
    scale: Float64


@dataclass(frozen=True, slots=True)
class Conversions:
    """What conversion does to the error: mean squared error on some windows of the test part, evenly chosen.

    Args:
        windows: number of them.
        network: error of the network before conversion.
        files: error of the TFLite file by its precision, on the device runtime.
        validation: mean absolute error on the whole validation part, as a share of float32's, by precision.
    """

    windows: int
    network: float
    files: dict[Precision, float]
    validation: dict[Precision, float | None]


@dataclass(frozen=True, slots=True)
class Row:
    """One method on one set and horizon; what does not apply is None. Only `validation_mae` is not of the test part."""

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
    validation_mae: float | None = None
    conversion: Conversions | None = None


class Thinned:
    """A forecaster whose windows lose values at random.

    Args:
        forecaster: forecaster that sees what is left.
        share: share of the values that are lost.
    """

    def __init__(self, forecaster: Forecaster, share: float) -> None:
        self.name, self.contract = f"{forecaster.name} without {share:.0%} of the values", forecaster.contract
        self.intervals = forecaster.intervals
        self._forecaster, self._share, self._random = forecaster, share, np.random.default_rng(0)

    def predict(self, windows: Float64, series: Int32) -> Float64:
        """As `Forecaster.predict`."""
        lost = self._random.random(windows.shape) < self._share
        return self._forecaster.predict(np.where(lost, np.nan, windows), series)

    def self_test(self) -> float | None:
        """As `Forecaster.self_test`, with all values."""
        return self._forecaster.self_test()


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


def network_rows(
    data: Data, contract: Contract, train: Train, seeds: Sequence[int], missing: float, unknown: bool
) -> Iterator[Row]:
    """Rows per cell, design and seed: the bundle that `gatecast retrain` would judge, on the device runtime.

    If asked for, the same bundle once more with a share of every window missing, and without knowing the series.
    """
    ready, names = prepared(data, contract), data.table.names
    for architecture in architectures(train, contract):
        for seed in seeds:
            settings = settings_of(msgspec.structs.replace(train, seed=seed))
            with tempfile.TemporaryDirectory() as name:
                made = make_candidate(ready, architecture, settings, Path(name), plan=Plan(train.precisions))
                conversions = _conversions(ready, made, Path(name), data.scale)
            known = made.bundle.manifest.series
            rivals = {"gatecast": contender(Model(made.bundle), names, known)}
            if unknown:
                rivals["gatecast, series not known"] = contender(Model(made.bundle), names)
            if missing:
                thinned = Thinned(Model(made.bundle), missing)
                rivals[f"gatecast, {missing:.0%} missing"] = contender(thinned, names, known)
            for method, one in rivals.items():
                (found,) = backtest([one], Facts(data.table, contract, data.split.held_out))
                yield _network_row(data, method, made, found, settings, conversions)


def _network_row(
    data: Data, method: str, made: Candidate, found: Evaluation, settings: Settings, conversions: Conversions | None = None
) -> Row:
    contract, file = made.bundle.manifest.contract, made.bundle.manifest.model
    if file is None:
        raise TypeError
    learned = made.bundle.manifest.series == list(data.table.names)  # validation is of the series that it learned
    return Row(
        data.name,
        contract.horizon,
        method,
        file.cell,
        file.design,
        settings.seed,
        **errors(found, data.scale),
        bytes=file.size,
        parameters=file.parameters,
        train_seconds=made.record.seconds,
        runtime=runtime_name(),
        precision=file.precision,
        members=settings.members,
        window=contract.window,
        conversion=conversions,
        validation_mae=made.loss(data.scale) if learned else None,
    )


def _conversions(ready: Prepared, made: Candidate, folder: Path, scale: Float64) -> Conversions:
    """Read from the exchange with the training process, where the network's forecasts and every converted file lie."""
    manifest, contract = made.bundle.manifest, ready.contract
    windows, series = some_windows(ready, contract, PARITY_WINDOWS)
    chosen = samples(ready.table, contract, ready.split.held_out)
    facts = chosen.targets(evenly(len(chosen), PARITY_WINDOWS), contract) / scale[series - 1, None]

    def squared(forecasts: Float64) -> float:
        error = forecasts[:, :, contract.median] / scale[series - 1, None] - facts
        return float(np.nanmean(np.square(error)))

    files = {}
    for one in manifest.conversions:
        path = folder / model_name(one.precision)
        if manifest.model is None or not path.is_file():
            continue
        content = path.read_bytes()
        file = model_file(content, Architecture(manifest.model.cell, manifest.model.design), 0, one.precision)
        bundle = Bundle(msgspec.structs.replace(manifest, model=file, golden=None), content)
        files[one.precision] = squared(Model(bundle).predict(windows, series))
    network = squared(np.load(folder / FORECASTS_FILE, allow_pickle=False)[: len(windows)])
    return Conversions(len(windows), network, files, {one.precision: one.error for one in manifest.conversions})


def tutorial_rows(data: Data, contract: Contract, seeds: Sequence[int]) -> Iterator[Row]:
    """`Sequential([SimpleRNN|LSTM|GRU(64), Dense(1)])` on windows of 10, converted; its own forecasts are fed back."""
    for cell in get_args(Cell):
        for seed in seeds:
            settings = Settings(seed=seed)
            with tempfile.TemporaryDirectory() as folder:
                made, _ = study(cell, prepared(data, contract), StudyPlan(64, settings), Path(folder), lambda *_: None)
            known, file = made.bundle.manifest.series, made.bundle.manifest.model
            if file is None:
                raise TypeError
            rival = contender(Model(made.bundle), data.table.names, known)
            (found,) = backtest([rival], Facts(data.table, contract, data.split.held_out))
            yield Row(
                data.name,
                contract.horizon,
                "tutorial",
                cell,
                "tutorial",
                seed,
                **errors(found, data.scale),
                bytes=file.size,
                parameters=file.parameters,
                train_seconds=made.seconds_per_epoch * settings.epochs,
                runtime=runtime_name(),
                precision=file.precision,
                window=made.bundle.manifest.contract.window,
            )


def peer_rows(data: Data, contract: Contract, methods: Sequence[str]) -> Iterator[Row]:
    """Baselines, ridge and LightGBM on the same windows."""
    scale = data.scale
    training, validation = (samples(data.table, contract, part) for part in (data.split.training, data.split.validation))
    makers: dict[str, Callable[..., Forecaster]] = {"ridge": ridge, "lightgbm": lightgbm_direct}
    entrants: list[tuple[Forecaster, float | None]] = [(one, None) for one in baselines(contract) if "baselines" in methods]
    for method in methods:
        if method in makers:
            started = time.perf_counter()
            entrants.append((makers[method](training, validation, contract, scale), time.perf_counter() - started))
    for forecaster, seconds in entrants:
        known = data.table.names if seconds is not None else ()
        (found,) = backtest([contender(forecaster, data.table.names, known)], Facts(data.table, contract, data.split.held_out))
        yield Row(
            data.name,
            contract.horizon,
            forecaster.name,
            None,
            None,
            None,
            **errors(found, data.scale),
            bytes=None,
            parameters=None,
            train_seconds=seconds,
            runtime=None,
            precision=None,
            window=contract.window,
        )


def unseen_rows(data: Data, contract: Contract, train: Train) -> Iterator[Row]:
    """Every series forecast by a network that never saw it, beside the baselines and a ridge of its own."""
    for left_out, name in enumerate(data.table.names):
        others = [row for row in range(len(data.table.names)) if row != left_out]
        rest = replace(data, table=_series(data.table, others), scale=data.scale[others])
        alone = replace(data, name=f"{data.name}/{name}", table=_series(data.table, [left_out]), scale=data.scale[[left_out]])
        architecture, settings = architectures(train, contract)[0], settings_of(train)
        with tempfile.TemporaryDirectory() as folder:
            made = make_candidate(prepared(rest, contract), architecture, settings, Path(folder), plan=Plan(train.precisions))
        (found,) = backtest(
            [contender(Model(made.bundle), alone.table.names)], Facts(alone.table, contract, alone.split.held_out)
        )
        yield _network_row(alone, "gatecast, series unseen", made, found, settings)
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
        losses[window] = made.loss(data.scale)
        say(f"{data.name}: window {window}: {losses[window]:.4f} on the validation part")
    return min(losses, key=lambda one: losses[one]) if losses else choices[0]


def say(text: str) -> None:
    """One line of progress."""
    print(text, file=sys.stderr, flush=True)

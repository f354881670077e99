"""History in, candidate bundles out: what `retrain` does between reading and judging.

Each function takes and returns values; order, retries and visibility are the flow's business.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec
import numpy as np

from edge.config import Train
from edge.contract.contract import Contract, Float32, Int32, Readings, SeriesTable, format_duration, iso
from edge.errors import HistoryError
from edge.forecaster.baselines import Baseline, baselines
from edge.forecaster.bundle import Bundle, Manifest, Metric, Precision, Training, version_of
from edge.forecaster.model import Model
from pipeline.history.checks import Report, Table, can_judge, refuse, strays, stream_table, trainable, validate
from pipeline.history.from_store import History
from pipeline.history.windows import Split, evenly, samples, split, training_scale
from pipeline.judging.evaluation import Evaluation
from pipeline.release.precision import Pairs, choose_precision, mean_error
from pipeline.training.build import Architecture
from pipeline.training.conversion import golden, model_file
from pipeline.training.fit import Progress, Record, Settings
from pipeline.training.worker import Request, train_candidate

PARITY_WINDOWS = 256
UNITS, LONG_WINDOW = 64, 336


@dataclass(frozen=True, slots=True)
class Prepared:
    """History that can be trained on.

    Args:
        table: the series that are left, on the grid.
        contract: of the models to come.
        split: by time.
        report: of every series, also those left out.
        warnings: one line per series left out, or of which something is.
        scale: spread of each series in the training part, float32 `[series]`.
    """

    table: Table
    contract: Contract
    split: Split
    report: Report
    warnings: tuple[str, ...]
    scale: Float32


@dataclass(frozen=True, slots=True)
class Candidate:
    """A trained network as the device will run it.

    Args:
        bundle: without metrics yet.
        record: how the training went.
        parity: largest error against the network it was made from, as a share of the spread of the series.
        validation: its evaluation on the validation part.
    """

    bundle: Bundle
    record: Record
    parity: float
    validation: Evaluation

    @property
    def latency(self) -> float | None:
        """Microseconds per forecast at batch 64 on this machine; None where it was not measured."""
        measured = self.bundle.manifest.conversions[:1]
        return measured[0].microseconds[1] if measured and measured[0].microseconds else None

    def loss(self, scale: Float32) -> float:
        """Mean absolute error on the validation part, each series in units of its scale."""
        return mean_error(self.validation, scale)


def prepare(series: SeriesTable, readings: Readings, contract: Contract) -> Prepared:
    """As `prepare_history`, of readings that are in memory."""
    table, arrivals = stream_table(series.names, [readings], contract.interval, contract.aggregation)
    return prepare_history(History(contract, table, arrivals))


def prepare_history(history: History) -> Prepared:
    """Validate every series, leave out the hopeless, split by time.

    Raises:
        HistoryError: nothing trainable remains; says why and what to do.
    """
    contract = history.contract
    report = validate(history.arrivals, history.table, contract)
    warnings = (*refuse(report), *strays(report))
    kept = trainable(history.table, report)
    parts = split(kept, contract)
    for name, part in (("validation", parts.validation), ("held-out", parts.held_out)):
        if not can_judge(kept, contract, part):
            begin, end = (iso(kept.start + edge * contract.interval) for edge in (part.start, part.stop))
            raise HistoryError(
                f"no window can be judged in the {name} part of the history, {begin} … {end}: too much is missing there, at "
                f"an interval of {format_duration(contract.interval)}; collect newer readings, end before the gap "
                "(retrain --until, backtest --to), or set [fleet] interval"
            )
    return Prepared(kept, contract, parts, report, warnings, training_scale(kept, parts))


def architectures(train: Train, contract: Contract) -> tuple[Architecture, ...]:
    """The candidates the configuration asks for; a long window gives a larger state something to hold."""
    units = train.units or (UNITS if contract.window < LONG_WINDOW else 2 * UNITS)
    return tuple(Architecture(cell, design, units, train.segment or None) for design in train.designs for cell in train.cells)


def settings_of(train: Train) -> Settings:
    """Training settings: the defaults, with what the configuration changes."""
    settings = Settings(seed=train.seed, members=train.members, budget=60 * train.budget / train.rounds)
    return replace(settings, epochs=train.epochs) if train.epochs else settings


def make_candidate(
    prepared: Prepared,
    architecture: Architecture,
    settings: Settings,
    folder: Path,
    progress: Progress | None = None,
    precisions: Sequence[Precision] = ("float32",),
    chosen: Mapping[str, float] | None = None,
    largest: int | None = None,
) -> Candidate:
    """Train, convert, check parity, and measure on the validation part, all on the device runtime.

    Args:
        prepared: history.
        architecture: of the network.
        settings: of the training.
        folder: for the exchange with the training process.
        progress: called after each epoch.
        precisions: of the weights, to choose the quickest from that forecasts as well as float32.
        chosen: settings that a search chose, for the manifest.
        largest: bytes of the model file; a precision that keeps to it goes before one that does not.

    Raises:
        BundleError: the network cannot be converted, or the converted one does not forecast the same.
        HistoryError: the training failed.
    """
    contract, parts = prepared.contract, prepared.split
    training = samples(prepared.table, contract, parts.training)
    validation = samples(prepared.table, contract, parts.validation)
    windows, series = some_windows(prepared, contract, PARITY_WINDOWS)
    strange, unknown = probe_windows(contract)
    both = np.concatenate([windows, strange]), np.concatenate([series, unknown])
    request = Request(architecture, contract, settings, training, validation, *both, tuple(precisions))
    result = train_candidate(request, folder, progress)
    created = datetime.now(UTC)
    history = Training(
        prepared.table.start,
        prepared.table.start + parts.training.stop * contract.interval,
        sum(int(np.isfinite(values[: parts.training.stop]).sum()) for values in prepared.table.rows()),
        result.record.seconds,
        result.record.epochs,
        settings.seed,
        prepared.table.data_hash,
        settings.members,
        dict(chosen or {}),
        prepared.table.start + parts.validation.stop * contract.interval,
        result.record.shares,
    )
    bundles: dict[Precision, Bundle] = {}
    for precision, content in result.models.items():
        manifest = Manifest(
            version_of(created, architecture.cell, content),
            contract,
            list(prepared.table.names),
            created.isoformat(timespec="seconds"),
            version("gatecast"),
            model=model_file(content, architecture, result.record.parameters, precision),
            training=history,
        )
        bundles[precision] = Bundle(manifest, content)
    units = prepared.scale[series - 1]
    known = units if np.isfinite(units).all() else None
    pairs = Pairs(windows, series, result.forecasts[: len(windows)], known)
    probes = Pairs(strange, unknown, result.forecasts[len(windows) :])
    choice = choose_precision(bundles, pairs, probes, prepared.table, parts.validation, prepared.scale, largest)
    manifest = msgspec.structs.replace(
        choice.bundle.manifest,
        golden=golden(Model(choice.bundle), windows, series, known),
        conversions=list(choice.conversions),
    )
    bundle = Bundle(manifest, choice.bundle.model)
    return Candidate(bundle, result.record, choice.conversions[0].parity or 0.0, choice.evaluation)


def choose(candidates: Sequence[Candidate], scale: Float32) -> Candidate:
    """The candidate with the least error on the validation part; the held-out part has no say in the choice."""
    return min(candidates, key=lambda candidate: candidate.loss(scale))


def with_metrics(bundle: Bundle, metrics: Sequence[Metric]) -> Bundle:
    """The same bundle with the figures of its verdict."""
    return Bundle(msgspec.structs.replace(bundle.manifest, metrics=list(metrics)), bundle.model)


def baseline_bundle(prepared: Prepared, chosen: Baseline, metrics: Sequence[Metric]) -> Bundle:
    """A bundle without a model: the device gets its contract and the best baseline, honestly named."""
    created = datetime.now(UTC)
    content = hashlib.sha256(f"{prepared.table.data_hash} {chosen.name}".encode()).digest()
    manifest = Manifest(
        version_of(created, chosen.name, content),
        prepared.contract,
        list(prepared.table.names),
        created.isoformat(timespec="seconds"),
        version("gatecast"),
        baseline=chosen.name,
        metrics=list(metrics),
    )
    return Bundle(manifest)


def best_baseline(evaluations: Sequence[Evaluation], scale: Float32, contract: Contract) -> Baseline:
    """The baseline with the least error, each series in units of its scale."""
    errors = {one.forecaster: mean_error(one, scale) for one in evaluations}
    return min(baselines(contract), key=lambda one: errors.get(one.name, float("inf")))


def probe_windows(contract: Contract) -> tuple[Float32, Int32]:
    """Windows that no history may have and any device may meet, float32 `[n, window]`, and their series, int32 `[n]`.

    A sensor nobody knows that says 0, one that counts past a million, and a known one that does.
    """
    place = np.arange(contract.window)
    waves = np.float32(2e6) + 1e5 * np.sin(place / 3).astype(np.float32)
    return np.stack([np.zeros_like(waves), waves, waves]), np.array([0, 0, 1], np.int32)


def some_windows(prepared: Prepared, contract: Contract, most: int) -> tuple[Float32, Int32]:
    """Windows of the held-out part, evenly chosen, float32 `[n, window]`, and their series, 0 = unknown, int32 `[n]`.

    Args:
        prepared: history.
        contract: its window may be another one than that of the history.
        most: windows.
    """
    chosen = samples(prepared.table, contract, prepared.split.held_out)
    rows = evenly(len(chosen), most)
    return chosen.windows(rows, contract), chosen.series[rows] + np.int32(1)

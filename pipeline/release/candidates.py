"""History in, candidate bundles out: what `retrain` does between reading and judging.

Each function takes and returns values; order, retries and visibility are the flow's business.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec
import numpy as np

from edge.contract.columns import Float64, Int32
from edge.contract.contract import Context, Contract
from edge.forecaster.bundle import Bundle
from edge.forecaster.manifest import Manifest, Precision, Training, schema_of, version_of
from edge.forecaster.model import Model
from edge.release.ready import try_hard_windows
from pipeline.history.prepared import Prepared, some_windows
from pipeline.history.usual import learned
from pipeline.history.windows import samples
from pipeline.judging.evaluation import Evaluation, Facts
from pipeline.processes.nursery import Nursery
from pipeline.release.parity import Pairs, golden, model_file
from pipeline.release.precision import choose_precision
from pipeline.training.architecture import Architecture, begins
from pipeline.training.settings import Progress, Record, Settings
from pipeline.training.worker import Request, Result, train_candidate

PARITY_WINDOWS = 256


@dataclass(frozen=True, slots=True)
class Candidate:
    """A trained network as the device will run it.

    Args:
        bundle: manifest and model, without the figures of a verdict yet.
        record: course of the training.
        parity: largest error against the network it was made from, as a share of the spread of the series.
        validation: its evaluation on the validation part.
        started: whether its training began with a starter.
    """

    bundle: Bundle
    record: Record
    parity: float
    validation: Evaluation
    started: bool = False

    @property
    def latency(self) -> float | None:
        """Microseconds per forecast at batch 64 on this machine; None where it was not measured."""
        measured = self.bundle.manifest.conversions[:1]
        return measured[0].microseconds[1] if measured and measured[0].microseconds else None

    def loss(self, scale: Float64) -> float:
        """Mean absolute error on the validation part, each series in units of its scale, float64 `[series]`."""
        return self.validation.scaled_error(scale)


@dataclass(frozen=True, slots=True)
class Plan:
    """Bounds of a candidate's bundle, and where its settings come from.

    Args:
        precisions: precisions of the weights; of those that forecast as well as float32 the quickest is chosen.
        largest: bytes of the model file; a precision that keeps to it goes before one that does not. None: any size.
        chosen: settings that a search chose, for the manifest; empty without one.
        nursery: warm processes that the training is forked from; None: it has one that starts from nothing.
    """

    precisions: tuple[Precision, ...] = ("float32",)
    largest: int | None = None
    chosen: Mapping[str, float] = field(default_factory=dict)
    nursery: Nursery | None = None


def make_candidate(
    prepared: Prepared,
    architecture: Architecture,
    settings: Settings,
    folder: Path,
    progress: Progress | None = None,
    plan: Plan | None = None,
) -> Candidate:
    """Train, convert, check parity, and measure on the validation part, all on the device runtime.

    Args:
        prepared: history.
        architecture: cell, design and size of the network.
        settings: epochs, rates and seed of the training.
        folder: empty folder for the exchange with the training process.
        progress: function called after each epoch.
        plan: precisions, largest file and origin of the settings; None: float32 of any size.

    Raises:
        BundleError: the network cannot be converted, or the converted one does not forecast the same, or breaks its promise on
            windows with gaps, constants or huge values.
        HistoryError: the training failed.
    """
    plan = plan or Plan()
    contract, table, part = prepared.contract, prepared.table, prepared.split.validation
    windows, series, context = also_untold(contract, *some_windows(prepared, contract, PARITY_WINDOWS))
    strange, strange_series = probe_windows(contract)
    beside = context.take(np.zeros(len(strange), np.int64))
    request = Request(
        architecture,
        contract,
        settings,
        samples(table, contract, prepared.split.training),
        samples(table, contract, part),
        np.concatenate([windows, strange]),
        np.concatenate([series, strange_series]),
        replace(context, origin=np.concatenate([context.origin, beside.origin])),
        plan.precisions,
    )
    result = train_candidate(request, folder, progress, nursery=plan.nursery)
    bundles = _bundles(result, request, prepared, plan.chosen)
    pairs = Pairs(windows, series, result.forecasts[: len(windows)], _units(prepared, series), context)
    probes = Pairs(strange, strange_series, result.forecasts[len(windows) :], context=beside)
    choice = choose_precision(bundles, pairs, probes, Facts(table, contract, part, prepared.scale), plan.largest)
    manifest = msgspec.structs.replace(
        choice.bundle.manifest,
        golden=golden(Model(choice.bundle), windows, series, pairs.units, context),
        conversions=list(choice.conversions),
    )
    bundle = Bundle(manifest, choice.bundle.model)
    try_hard_windows(bundle, Model(bundle))  # every device does, and would refuse it
    started = bool(settings.starter) and begins(architecture, contract) is not None
    return Candidate(bundle, result.record, choice.conversions[0].parity or 0.0, choice.evaluation, started)


def _bundles(result: Result, request: Request, prepared: Prepared, chosen: Mapping[str, float]) -> dict[Precision, Bundle]:
    """One bundle per converted model, without golden forecasts yet."""
    created, training = datetime.now(UTC), training_of(prepared, request.settings, result.record, chosen)
    bundles: dict[Precision, Bundle] = {}
    for precision, content in result.models.items():
        manifest = Manifest(
            version_of(created, request.architecture.cell, content),
            request.contract,
            list(prepared.table.names),
            created.isoformat(timespec="seconds"),
            version("gatecast"),
            model=model_file(content, request.architecture, result.record.parameters, precision),
            training=training,
            schema=schema_of(prepared.contract, prepared.table.told),
            meanings=learned(prepared.table, prepared.split.training.stop),
        )
        bundles[precision] = Bundle(manifest, content)
    return bundles


def training_of(prepared: Prepared, settings: Settings, record: Record, chosen: Mapping[str, float]) -> Training:
    """What a model was made from, for its manifest.

    Args:
        prepared: history.
        settings: epochs, rates and seed of the training.
        record: course of the training.
        chosen: settings that a search chose.
    """
    table, parts, interval = prepared.table, prepared.split, prepared.contract.interval
    return Training(
        start=table.start,
        end=table.start + parts.training.stop * interval,
        rows=sum(int(np.isfinite(values[: parts.training.stop]).sum()) for values in table.rows()),
        seconds=record.seconds,
        epochs=record.epochs,
        seed=settings.seed,
        data_hash=table.data_hash,
        members=settings.members,
        settings=dict(chosen),
        validated=table.start + parts.validation.stop * interval,
        weights=dict(record.weights),
    )


def _units(prepared: Prepared, series: Int32) -> Float64 | None:
    """Spread of the series of each window, float64 `[n]`; None where the spread of one of them is not known."""
    units = prepared.scale[series - 1]
    return units if np.isfinite(units).all() else None


def also_untold(contract: Contract, windows: Float64, series: Int32, context: Context) -> tuple[Float64, Int32, Context]:
    """The same windows, and where inputs have values each once more at an earlier moment, before any of them is known.

    So the networks for such windows are compared and tested as well. Where a week is a whole number of intervals, the moments
    are the same ones of the week.

    Args:
        contract: contract of the networks.
        windows: float64 `[n, window]`.
        series: their series, int32 `[n]`.
        context: facts known beside them.
    """
    starts = [int(ahead.first[0]) for ahead in context.ahead.values() if len(ahead)]
    if not (contract.known and len(context) and starts):
        return windows, series, context
    origin, step = context.origin, (contract.season(7) or 1) * contract.interval
    late = max(0, int(origin.max()) + (contract.horizon - min(starts)) * contract.interval)
    earlier = replace(context, origin=np.concatenate([origin, origin - -(-late // step) * step]))
    return np.concatenate([windows, windows]), np.concatenate([series, series]), earlier


def probe_windows(contract: Contract) -> tuple[Float64, Int32]:
    """Windows that no history may have and any device may meet, float64 `[n, window]`, and their series, int32 `[n]`.

    An unknown sensor that reads 0, an unknown one that counts past a million, and a known one that does.
    """
    interval = np.arange(contract.columns)
    waves = 2e6 + 1e5 * np.sin(interval / 3)
    return np.stack([np.zeros_like(waves), waves, waves]), np.array([0, 0, 1], np.int32)

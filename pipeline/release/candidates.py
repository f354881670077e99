"""History in, candidate bundles out: what `retrain` does between reading and judging.

Each function takes and returns values; order, retries and visibility are the flow's business.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec
import numpy as np

from edge.contract.columns import Float32, Int32
from edge.contract.contract import Contract
from edge.forecaster.bundle import Bundle
from edge.forecaster.manifest import Manifest, Precision, Training, version_of
from edge.forecaster.model import Model
from pipeline.history.prepared import Prepared, some_windows
from pipeline.history.windows import samples
from pipeline.judging.evaluation import Evaluation
from pipeline.release.parity import golden, model_file
from pipeline.release.precision import Pairs, choose_precision
from pipeline.training.architecture import Architecture
from pipeline.training.settings import Progress, Record, Settings
from pipeline.training.worker import Request, train_candidate

PARITY_WINDOWS = 256


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
        return self.validation.scaled_error(scale)


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


def probe_windows(contract: Contract) -> tuple[Float32, Int32]:
    """Windows that no history may have and any device may meet, float32 `[n, window]`, and their series, int32 `[n]`.

    A sensor nobody knows that says 0, one that counts past a million, and a known one that does.
    """
    place = np.arange(contract.window)
    waves = np.float32(2e6) + 1e5 * np.sin(place / 3).astype(np.float32)
    return np.stack([np.zeros_like(waves), waves, waves]), np.array([0, 0, 1], np.int32)

"""Rows of `benchmarks/accuracy.py` on whole sets: every window of the test part, errors in units of the training part."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import msgspec
import numpy as np
from accuracy_methods import PEERS, Made, Recipe, all_baselines, as_retrain, fitted, judging, peer_contracts
from accuracy_rows import Conversions, Whole
from accuracy_sets import Data, prepared

from edge.config.fleet import contract_at
from edge.contract.columns import Bool, Float64, Int32
from edge.contract.contract import Context, Contract
from edge.contract.times import DAY, parse_duration
from edge.forecaster.bundle import Bundle
from edge.forecaster.forecaster import Forecaster
from edge.forecaster.manifest import Cell
from edge.forecaster.model import Model
from pipeline.cells.comparison import StudyPlan, study
from pipeline.history.prepared import some_windows
from pipeline.history.usual import learned
from pipeline.history.windows import evenly, judged_stride, samples
from pipeline.judging.contender import Contender, contender, on_device
from pipeline.judging.evaluation import Evaluation, Facts, backtest
from pipeline.release.candidates import PARITY_WINDOWS
from pipeline.release.parity import model_file
from pipeline.release.starter import starter_bundle
from pipeline.training.architecture import Architecture
from pipeline.training.settings import Settings
from pipeline.training.worker import FORECASTS_FILE, model_name

YOUNG = 4  # days of a series that the starter forecasts after a beginning
FAST, FAST_WINDOWS = parse_duration("5min"), 3_000  # interval below which some windows are judged, and number of these


class Blinded:
    """A forecaster that does not see all values of its windows.

    Args:
        forecaster: forecaster that sees the rest.
        lost: function that says which values of some windows are lost, bool `[n, window]`, of their shape.
    """

    def __init__(self, forecaster: Forecaster, lost: Callable[[tuple[int, ...]], Bool]) -> None:
        self.name, self.contract = f"{forecaster.name}, not all values", forecaster.contract
        self.intervals = forecaster.intervals
        self._forecaster, self._lost = forecaster, lost

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """As `Forecaster.predict`."""
        return self._forecaster.predict(np.where(self._lost(windows.shape), np.nan, windows), series, context)

    def self_test(self) -> float | None:
        """As `Forecaster.self_test`, with all values."""
        return self._forecaster.self_test()


def thinned(forecaster: Forecaster, share: float) -> Blinded:
    """The forecaster without a share of all values, which are lost at random."""
    random = np.random.default_rng(0)
    return Blinded(forecaster, lambda shape: random.random(shape) < share)


def young(forecaster: Forecaster, days: int) -> Blinded:
    """The forecaster as if every series had begun so many days before."""
    known = days * DAY // forecaster.contract.interval
    return Blinded(forecaster, lambda shape: np.broadcast_to(np.arange(shape[1]) < shape[1] - known, shape))


def contract_of(data: Data, horizon: int, recipe: Recipe | None = None) -> Contract:
    """The contract that the product takes for a set."""
    return contract_at((recipe or Recipe()).fleet(horizon), data.table.interval)


def tested(entrants: Sequence[Contender], data: Data, contract: Contract) -> tuple[Evaluation, ...]:
    """Forecasters on every window of the test part; of sensors faster than five minutes on some, at all times of the day."""
    facts = Facts(data.table, judging(contract), data.split.held_out)
    few = judged_stride(data.table, contract, data.split.held_out, FAST_WINDOWS) if contract.interval < FAST else 1
    return backtest(entrants, facts, few)


def errors(evaluation: Evaluation, scale: Float64) -> dict[str, Any]:
    """Errors over all series and leads, as fields of a row."""
    mse, mae = evaluation.pooled(scale)
    return {
        "mse": mse,
        "mae": mae,
        "weighted_quantile_loss": _known(evaluation.quantile_loss),
        "coverage": _known(evaluation.coverage),
        "facts": int(evaluation.count.sum()),
    }


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None


def peer_rows(data: Data, horizon: int, methods: Sequence[str], window: int | None = None) -> Iterator[Whole]:
    """Baselines, ridge and LightGBM.

    Args:
        data: set.
        horizon: intervals ahead.
        methods: `baselines`, `ridge`, `lightgbm`; others are passed over.
        window: window of the peers; None: a week, and four where they fit, a row for each.
    """
    contract = contract_of(data, horizon)
    if "baselines" in methods:  # together, as the replay of the windows takes longer than these forecasts
        base = [contender(baseline, data.table.names) for baseline in all_baselines(contract)]
        for evaluation in tested(base, data, contract):
            yield Whole(set=data.name, horizon=horizon, method=evaluation.forecaster, **errors(evaluation, data.scale))
    ready, names = prepared(data, contract), data.table.names
    told = learned(ready.table, ready.split.training.stop)
    for method in methods:
        for seen in peer_contracts(contract, window) if method in PEERS else ():
            peer = fitted(method, ready, seen)
            (evaluation,) = tested([contender(peer.forecaster, names, names, meanings=told)], data, contract)
            yield Whole(
                set=data.name,
                horizon=horizon,
                method=method,
                window=seen.window,
                validation=peer.validation,
                seconds=peer.seconds,
                **errors(evaluation, data.scale),
            )


def network_rows(data: Data, horizon: int, recipe: Recipe, missing: float = 0.0, *, unknown: bool = False) -> Iterator[Whole]:
    """The candidates that `gatecast retrain` would judge, on the device runtime.

    Args:
        data: set.
        horizon: intervals ahead.
        recipe: settings of the training.
        missing: share of every window that is missing, in a row beside that of whole windows; 0: no such row.
        unknown: whether there is a row also of the forecasts for series that the network is not told.
    """
    contract = contract_of(data, horizon, recipe)
    for made in as_retrain(prepared(data, contract), recipe):
        bundle, names = made.candidate.bundle, data.table.names
        model = Model(bundle)
        rivals = {"gatecast": on_device(model, bundle, names)}
        if unknown:
            rivals["gatecast, series not known"] = contender(model, names)
        if missing:
            rivals[f"gatecast, {missing:.0%} missing"] = on_device(thinned(model, missing), bundle, names)
        conversion = _conversions(made, data.scale)
        for method, evaluation in zip(rivals, tested([*rivals.values()], data, contract), strict=True):
            row = _network_row(data, method, made, evaluation)
            yield msgspec.structs.replace(row, validation=made.validation, conversion=conversion)


def _network_row(data: Data, method: str, made: Made, evaluation: Evaluation) -> Whole:
    manifest = made.candidate.bundle.manifest
    file, contract = manifest.model, manifest.contract
    if file is None:
        raise TypeError
    return Whole(
        set=data.name,
        horizon=contract.horizon,
        method=method,
        window=contract.window,
        cell=file.cell,
        design=file.design,
        members=made.settings.members,
        seed=made.settings.seed,
        seconds=made.candidate.record.seconds,
        size=file.size,
        parameters=file.parameters,
        precision=file.precision,
        **errors(evaluation, data.scale),
    )


def _conversions(made: Made, scale: Float64) -> Conversions:
    """Read from the exchange with the training process, where the network's forecasts and every converted file lie."""
    ready, manifest = made.prepared, made.candidate.bundle.manifest
    contract = ready.contract
    windows, series, context = some_windows(ready, contract, PARITY_WINDOWS)
    chosen = samples(ready.table, contract, ready.split.held_out)
    facts = chosen.targets(evenly(len(chosen), PARITY_WINDOWS), contract) / scale[series - 1, None]

    def squared(forecasts: Float64) -> float:
        error = forecasts[:, :, contract.median] / scale[series - 1, None] - facts
        return float(np.nanmean(np.square(error)))

    files = {}
    for converted in manifest.conversions:
        path = made.folder / model_name(converted.precision)
        if manifest.model is None or not path.is_file():
            continue
        content = path.read_bytes()
        file = model_file(content, Architecture(manifest.model.cell, manifest.model.design), 0, converted.precision)
        bundle = Bundle(msgspec.structs.replace(manifest, model=file, golden=None), content)
        files[converted.precision] = squared(Model(bundle).predict(windows, series, context))
    network = squared(np.load(made.folder / FORECASTS_FILE, allow_pickle=False)[: len(windows)])
    shares = {converted.precision: converted.error for converted in manifest.conversions}
    return Conversions(len(windows), network, files, shares)


def starter_rows(data: Data, horizon: int) -> Iterator[Whole]:
    """What `gatecast promote starter` releases, which has seen no series of any set; also on the fourth day of a series.

    The naive forecasts of that day see no more of a series than the starter does.
    """
    model = Model(starter_bundle(contract_of(data, horizon), datetime.now(UTC)))
    rivals: dict[str, Forecaster] = {"starter": model}
    rivals |= {f"{each.name}, {YOUNG} days of history": young(each, YOUNG) for each in all_baselines(model.contract)}
    rivals[f"starter, {YOUNG} days of history"] = young(model, YOUNG)
    entrants = [contender(rival, data.table.names) for rival in rivals.values()]
    for method, evaluation in zip(rivals, tested(entrants, data, model.contract), strict=True):
        yield Whole(
            set=data.name, horizon=horizon, method=method, window=model.contract.window, **errors(evaluation, data.scale)
        )


def tutorial_rows(data: Data, horizon: int, seed: int) -> Iterator[Whole]:
    """`Sequential([SimpleRNN|LSTM|GRU(64), Dense(1)])` on windows of 10, converted; its own forecasts are fed back."""
    contract, settings = contract_of(data, horizon), Settings(seed=seed)
    for cell in get_args(Cell):
        with tempfile.TemporaryDirectory() as folder:
            made, _ = study(cell, prepared(data, contract), StudyPlan(64, settings), Path(folder), lambda *_: None)
        manifest = made.bundle.manifest
        (evaluation,) = tested([contender(Model(made.bundle), data.table.names, manifest.series)], data, contract)
        yield Whole(
            set=data.name,
            horizon=horizon,
            method="tutorial",
            window=manifest.contract.window,
            cell=cell,
            seed=seed,
            seconds=made.seconds_per_epoch * settings.epochs,
            size=len(made.bundle.model or b""),
            **errors(evaluation, data.scale),
        )


def unseen_rows(data: Data, horizon: int, recipe: Recipe) -> Iterator[Whole]:
    """Every series forecast by networks that never saw it, beside the baselines and a ridge of its own."""
    for left_out, name in enumerate(data.table.names):
        others = [row for row in range(len(data.table.names)) if row != left_out]
        rest = replace(data, table=data.table.take(others), scale=data.scale[others])
        alone = replace(data, name=f"{data.name}/{name}", table=data.table.take([left_out]), scale=data.scale[[left_out]])
        contract = contract_of(rest, horizon, recipe)
        for made in as_retrain(prepared(rest, contract), recipe):
            (evaluation,) = tested(
                [on_device(Model(made.candidate.bundle), made.candidate.bundle, alone.table.names)], alone, contract
            )
            row = _network_row(alone, "gatecast, series unseen", made, evaluation)
            yield msgspec.structs.replace(row, validation=made.validation)
        yield from peer_rows(alone, horizon, ("baselines", "ridge"))

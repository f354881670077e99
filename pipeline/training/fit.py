"""Fit a network to windows that are cut from the history while it trains.

Quantile loss in units of each series' scale, Adam with cosine decay, short epochs of random windows, and a moving
average of the weights that validation judges and that is kept (see Lin et al. 2023 for the design).
"""

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from edge.contract.columns import Float32, Float64
from edge.contract.contract import Contract
from edge.errors import HistoryError
from pipeline.history.windows import Samples, evenly, spread
from pipeline.training.architecture import Architecture
from pipeline.training.build import assemble, build, forecast, parameters, restore
from pipeline.training.calibration import Calibration, best_share, factors, last_days
from pipeline.training.settings import Fit, Progress, Record, Settings

if TYPE_CHECKING:
    from pipeline.training.network import Members


def series_scale(samples: Samples, contract: Contract) -> Float64:
    """Standard deviation of every series over the columns that the samples cover, float64 `[series]`.

    NaN where a series has no values, 0 where it is constant.
    """
    start, end = int(samples.origin.min()) - contract.reach, int(samples.origin.max()) + contract.horizon
    return np.array([spread(values[max(0, start) : end]) for values in samples.values])


def fit(
    architecture: Architecture,
    contract: Contract,
    training: Samples,
    validation: Samples,
    settings: Settings,
    progress: Progress | None = None,
) -> Fit:
    """Train a network; the same arguments give the same weights, bit by bit.

    Args:
        architecture: cell, design and sizes.
        contract: shapes and levels.
        training: windows to learn from.
        validation: later windows, for early stopping only.
        settings: length, steps and random choices of the training.
        progress: function called after each epoch with its number, the number of epochs, training and validation loss.

    Raises:
        HistoryError: no samples, or the loss is not a number.
    """
    for samples, role in ((training, "training"), (validation, "validation")):
        _check(samples, contract, role)
    import keras  # noqa: PLC0415 - takes seconds, and the device never needs it

    from pipeline.training.trainer import Trainer  # noqa: PLC0415

    started = time.perf_counter()
    keras.utils.set_random_seed(settings.seed)
    random = np.random.default_rng(settings.seed)
    scale = np.nan_to_num(series_scale(training, contract))
    network = build(architecture, contract, scale)
    trainer = Trainer(network, training, scale, settings)
    held = evenly(len(validation), settings.validation_windows)
    losses: list[tuple[float, float]] = []
    best, best_epoch, kept = np.inf, 0, trainer.averaged_weights()
    for epoch in range(1, settings.epochs + 1):
        losses.append((trainer.epoch(epoch - 1, random), trainer.validate(validation, held)))
        if not np.isfinite(losses[-1]).all():
            raise HistoryError(f"expected finite losses; got {losses[-1]} in epoch {epoch}: are there values out of all scale?")
        if progress is not None:
            progress(epoch, settings.epochs, *losses[-1])
        if losses[-1][1] < best:
            best, best_epoch, kept = losses[-1][1], epoch, trainer.averaged_weights()
        elif epoch - best_epoch >= settings.patience:
            break
    record = Record(
        seconds=time.perf_counter() - started,
        epochs=len(losses),
        best_epoch=best_epoch,
        training_loss=tuple(loss for loss, _ in losses),
        validation_loss=tuple(loss for _, loss in losses),
        parameters=parameters(network),
        steps=trainer.taken,
    )
    return Fit([kept], record)


def fit_members(
    architecture: Architecture,
    contract: Contract,
    training: Samples,
    validation: Samples,
    settings: Settings,
    progress: Progress | None = None,
) -> Fit:
    """Train as many networks as the settings ask for, each from a seed of its own; arguments as of `fit`.

    The record has the sums of seconds, epochs and parameters; losses are those of all members one after the other.
    """
    fits = []
    for member in range(settings.members):
        own = replace(settings, seed=settings.seed + member, members=1, budget=settings.budget / settings.members)
        before = member * settings.epochs

        def report(epoch: int, epochs: int, loss: float, validated: float, before: int = before) -> None:
            if progress is not None:
                progress(before + epoch, epochs * settings.members, loss, validated)

        fits.append(fit(architecture, contract, training, validation, own, report))
    records = [trained.record for trained in fits]
    whole = Record(
        seconds=sum(record.seconds for record in records),
        epochs=sum(record.epochs for record in records),
        best_epoch=records[0].best_epoch,
        training_loss=tuple(loss for record in records for loss in record.training_loss),
        validation_loss=tuple(loss for record in records for loss in record.validation_loss),
        parameters=sum(record.parameters for record in records),
        steps=sum(record.steps for record in records),
    )
    return Fit([weights for trained in fits for weights in trained.members], whole)


def calibrated(
    architecture: Architecture, contract: Contract, members: list[list[Float32]], validation: Samples, settings: Settings
) -> "Members":
    """Trained networks as one, with what the validation part adds: a share of the last days, and intervals that hold.

    Args:
        architecture: cell, design and sizes of the networks.
        contract: shapes and levels.
        members: weights, from `fit_members`.
        validation: no weight was fitted to these windows.
        settings: number of validation windows.
    """
    networks = [restore(architecture, contract, len(validation.values), weights) for weights in members]
    held = evenly(len(validation), settings.validation_windows)
    windows, facts, origin = validation.windows(held, contract), validation.targets(held, contract), validation.origin[held]
    rows = validation.series[held]
    # Every window comes twice, first as one of an unknown series: a new sensor is forecast so until the next training.
    series = np.concatenate([np.zeros_like(rows), rows + np.int32(1)])
    twice, context = np.concatenate([windows, windows]), validation.context(np.concatenate([held, held]), contract)
    plain = forecast(assemble(networks, Calibration.of(contract)), twice, series, context)
    usual = (
        forecast(assemble(networks, Calibration.of(contract, (1.0, 1.0))), twice, series, context)
        if last_days(contract)
        else plain
    )
    scale, middle = networks[0].series_scale[rows], contract.median
    shares, widened = [], []
    for forecasts, days in zip(np.split(plain, 2), np.split(usual, 2), strict=True):
        median, mean = forecasts[:, :, middle], days[:, :, middle]
        shares.append(best_share(median, mean, facts, scale))
        widened.append(factors(forecasts + shares[-1] * (mean - median)[:, :, None], facts, origin, contract))
    return assemble(networks, Calibration((shares[0], shares[1]), np.stack(widened)))


def _check(samples: Samples, contract: Contract, role: str) -> None:
    if not len(samples.origin):
        raise HistoryError(f"expected {role} samples; got none: is the history longer than window and horizon?")
    first, last, width = int(samples.origin.min()), int(samples.origin.max()), samples.values.shape[1]
    if first < contract.reach or last + contract.horizon > width:
        raise HistoryError(
            f"expected {role} origins within {contract.reach}…{width - contract.horizon} so that windows and targets "
            f"lie in the grid; got {first}…{last}"
        )

"""Fit a network to windows that are cut from the history while it trains.

Quantile loss in units of each series' scale, Adam with cosine decay, short epochs of random windows, and a moving
average of the weights that validation judges and that is kept (see Lin et al. 2023 for the design).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from edge.contract.contract import Contract, Float32, Float64
from edge.errors import ConfigurationError, HistoryError
from pipeline.history.windows import Samples, evenly, spread
from pipeline.training.build import Architecture, assemble, build, forecast, parameters, restore
from pipeline.training.calibration import Calibration, best_share, factors, last_days

if TYPE_CHECKING:
    from pipeline.training.network import Members

Progress: TypeAlias = Callable[[int, int, float, float], None]

LEAST_WINDOWS, MOST_WINDOWS = 28_672, 57_344


@dataclass(frozen=True, slots=True)
class Settings:
    """How a network is trained.

    Args:
        epochs: at most.
        windows: random windows per epoch; 0 takes a quarter of all, but 28,672 to 57,344, so that time does not grow
            with the length of the history.
        repeats: times that a window may come in one epoch, where there are fewer windows than that.
        batch: windows per step.
        learning_rate: at the first step; it falls to zero along a cosine.
        averaging: share of the averaged weights that stays at each step.
        patience: epochs without a better validation loss before training ends.
        unknown: share of windows shown without their series, so that unknown series are forecast well.
        masked: share of windows that values are taken out of, so that windows with gaps are forecast well.
        members: networks to train from as many seeds and to average in one model.
        budget: seconds of training, of all members; epochs become shorter where the first steps say that it would take longer.
        validation_windows: at most, evenly chosen.
        seed: of every random choice.
        threads: of one operation.

    Raises:
        ConfigurationError: a value out of range.
    """

    epochs: int = 10
    windows: int = 0
    repeats: int = 8
    batch: int = 256
    learning_rate: float = 2e-3
    averaging: float = 0.98
    patience: int = 3
    unknown: float = 0.1
    masked: float = 0.1
    members: int = 1
    budget: float = 600.0
    validation_windows: int = 4_096
    seed: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be trained with."""
        counts = (self.epochs, self.repeats, self.batch, self.patience, self.validation_windows, self.members, self.threads)
        if self.windows < 0 or min(counts) < 1:
            raise ConfigurationError(f"epochs, repeats, batch, patience, members and threads must be at least 1; got {self}")
        if not (self.learning_rate > 0 and self.budget > 0):
            raise ConfigurationError(f"learning_rate and budget must be positive; got {self}")
        if not (0 <= self.averaging < 1 and 0 <= self.unknown <= 1 and 0 <= self.masked <= 1):
            raise ConfigurationError(f"averaging, unknown and masked must be within 0…1; got {self}")

    def windows_of(self, total: int) -> int:
        """Random windows per epoch where there are `total` of them."""
        return min(self.windows or min(max(total // 4, LEAST_WINDOWS), MOST_WINDOWS), self.repeats * total)


@dataclass(frozen=True, slots=True)
class Record:
    """How the training went.

    Args:
        seconds: without the import of TensorFlow.
        epochs: trained.
        best_epoch: whose weights were kept, from 1.
        training_loss: of each epoch, mean quantile loss in units of scale.
        validation_loss: of the averaged weights after each epoch.
        parameters: trained numbers.
        steps: taken.
        shares: of the mean of the last days in the forecasts of unknown and of known series, from the calibration.
    """

    seconds: float
    epochs: int
    best_epoch: int
    training_loss: tuple[float, ...]
    validation_loss: tuple[float, ...]
    parameters: int
    steps: int
    shares: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Fit:
    """Trained weights of every member, in the order of `Network.get_weights`, and how they came about."""

    members: list[list[Float32]]
    record: Record


def series_scale(samples: Samples, contract: Contract) -> Float64:
    """Standard deviation of every series over the columns that the samples cover, float64 `[series]`.

    NaN where a series has no values, 0 where it is constant.
    """
    start, end = int(samples.origin.min()) - contract.window, int(samples.origin.max()) + contract.horizon
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
        architecture: of the network.
        contract: shapes and levels.
        training: windows to learn from.
        validation: later windows, for early stopping only.
        settings: how.
        progress: called after each epoch with its number, the number of epochs, training and validation loss.

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
        training_loss=tuple(one for one, _ in losses),
        validation_loss=tuple(one for _, one in losses),
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
    records = [one.record for one in fits]
    record = Record(
        seconds=sum(one.seconds for one in records),
        epochs=sum(one.epochs for one in records),
        best_epoch=records[0].best_epoch,
        training_loss=tuple(loss for one in records for loss in one.training_loss),
        validation_loss=tuple(loss for one in records for loss in one.validation_loss),
        parameters=sum(one.parameters for one in records),
        steps=sum(one.steps for one in records),
    )
    return Fit([member for one in fits for member in one.members], record)


def calibrated(
    architecture: Architecture, contract: Contract, members: list[list[Float32]], validation: Samples, settings: Settings
) -> "Members":
    """Trained networks as one, with what the validation part adds: a share of the last days, and intervals that hold.

    Args:
        architecture: of the networks.
        contract: shapes and levels.
        members: weights, from `fit_members`.
        validation: no weight was fitted to these windows.
        settings: number of validation windows.
    """
    networks = [restore(architecture, contract, len(validation.values), weights) for weights in members]
    held = evenly(len(validation), settings.validation_windows)
    windows, facts, origin = validation.windows(held, contract), validation.targets(held, contract), validation.origin[held]
    rows = validation.series[held]
    # Every window twice, at first as if nobody had told whose it is: what a new sensor gets until the next training.
    series = np.concatenate([np.zeros_like(rows), rows + np.int32(1)])
    twice = np.concatenate([windows, windows])
    plain = forecast(assemble(networks, Calibration.of(contract)), twice, series)
    usual = forecast(assemble(networks, Calibration.of(contract, (1.0, 1.0))), twice, series) if last_days(contract) else plain
    scale, middle = networks[0].series_scale[rows], contract.median
    shares, widened = [], []
    for forecasts, days in zip(np.split(plain, 2), np.split(usual, 2), strict=True):
        median, mean = forecasts[:, :, middle], days[:, :, middle]
        shares.append(best_share(median, mean, facts, scale))
        widened.append(factors(forecasts + np.float32(shares[-1]) * (mean - median)[:, :, None], facts, origin, contract))
    return assemble(networks, Calibration((shares[0], shares[1]), np.stack(widened)))


def _check(samples: Samples, contract: Contract, role: str) -> None:
    if not len(samples.origin):
        raise HistoryError(f"expected {role} samples; got none: is the history longer than window and horizon?")
    first, last, width = int(samples.origin.min()), int(samples.origin.max()), samples.values.shape[1]
    if first < contract.window or last + contract.horizon > width:
        raise HistoryError(
            f"expected {role} origins within {contract.window}…{width - contract.horizon} so that windows and targets "
            f"lie in the grid; got {first}…{last}"
        )

"""Fit a network to windows that are cut from the history while it trains.

Quantile loss in units of each series' scale, Adam with cosine decay, short epochs of random windows, and a moving
average of the weights that validation judges and that is kept (see Lin et al. 2023 for the design).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from edge.contract import Contract, Float32, Float64
from edge.errors import ConfigurationError, HistoryError
from pipeline.models import Architecture, build, parameters
from pipeline.windows import Samples

Progress: TypeAlias = Callable[[int, int, float, float], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """How a network is trained.

    Args:
        epochs: at most.
        windows: random windows per epoch.
        repeats: times that a window may come in one epoch, where there are fewer windows than that.
        batch: windows per step.
        learning_rate: at the first step; it falls to zero along a cosine.
        averaging: share of the averaged weights that stays at each step.
        patience: epochs without a better validation loss before training ends.
        unknown: share of windows shown without their series, so that unknown series are forecast well.
        validation_windows: at most, evenly chosen.
        seed: of every random choice.
        threads: of one operation.

    Raises:
        ConfigurationError: a value out of range.
    """

    epochs: int = 10
    windows: int = 16_384
    repeats: int = 8
    batch: int = 256
    learning_rate: float = 3e-3
    averaging: float = 0.98
    patience: int = 3
    unknown: float = 0.1
    validation_windows: int = 4_096
    seed: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be trained with."""
        if min(self.epochs, self.windows, self.repeats, self.batch, self.patience, self.validation_windows, self.threads) < 1:
            raise ConfigurationError(f"epochs, windows, repeats, batch, patience and threads must be at least 1; got {self}")
        if not (self.learning_rate > 0 and 0 <= self.averaging < 1 and 0 <= self.unknown <= 1):
            raise ConfigurationError(f"learning_rate must be positive, averaging and unknown within 0…1; got {self}")


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
    """

    seconds: float
    epochs: int
    best_epoch: int
    training_loss: tuple[float, ...]
    validation_loss: tuple[float, ...]
    parameters: int


@dataclass(frozen=True, slots=True)
class Fit:
    """Trained weights, in the order of `Network.get_weights`, and how they came about."""

    weights: list[Float32]
    record: Record


def series_scale(samples: Samples, contract: Contract) -> Float64:
    """Typical spread of every series within a window, float64 `[series]`; NaN where a series has none.

    Only columns that the samples cover count: root mean square of the spreads of windows laid end to end.
    """
    start, end = int(samples.origin.min()) - contract.window, int(samples.origin.max()) + contract.horizon
    values = samples.values[:, max(0, start) : end].astype(np.float64)
    count = max(1, values.shape[1] // contract.window)
    values = values[:, values.shape[1] - count * contract.window :] if values.shape[1] >= contract.window else values
    blocks = values.reshape(len(values), count, -1)
    present = np.isfinite(blocks)
    number = present.sum(axis=2)
    mean = np.where(present, blocks, 0).sum(axis=2) / np.maximum(number, 1)
    square = np.where(present, blocks - mean[:, :, None], 0) ** 2
    total = number.sum(axis=1)
    return np.where(total > 0, np.sqrt(square.sum(axis=(1, 2)) / np.maximum(total, 1)), np.nan)


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

    from pipeline.trainer import Trainer  # noqa: PLC0415

    started = time.perf_counter()
    keras.utils.set_random_seed(settings.seed)
    random = np.random.default_rng(settings.seed)
    scale = np.nan_to_num(series_scale(training, contract))
    network = build(architecture, contract, scale)
    trainer = Trainer(network, training, scale, settings)
    held = np.linspace(0, len(validation.origin) - 1, min(settings.validation_windows, len(validation.origin))).astype(np.int64)
    losses: list[tuple[float, float]] = []
    best, best_epoch, kept = np.inf, 0, trainer.averaged_weights()
    for epoch in range(1, settings.epochs + 1):
        losses.append((trainer.epoch(random), trainer.validate(validation, held)))
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
    )
    return Fit(kept, record)


def _check(samples: Samples, contract: Contract, role: str) -> None:
    if not len(samples.origin):
        raise HistoryError(f"expected {role} samples; got none: is the history longer than window and horizon?")
    first, last, width = int(samples.origin.min()), int(samples.origin.max()), samples.values.shape[1]
    if first < contract.window or last + contract.horizon > width:
        raise HistoryError(
            f"expected {role} origins within {contract.window}…{width - contract.horizon} so that windows and targets "
            f"lie in the grid; got {first}…{last}"
        )

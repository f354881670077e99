"""How a network is trained: settings in, a record of the training out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from edge.config.training_sections import Train
from edge.contract.columns import Float32, Float64
from edge.errors import ConfigurationError

Progress: TypeAlias = Callable[[int, int, float, float], None]
LEAST_WINDOWS, MOST_WINDOWS = 28_672, 57_344


@dataclass(frozen=True, slots=True)
class Settings:
    """How a network is trained.

    Args:
        epochs: number of passes over the windows of an epoch, at most.
        windows: random windows per epoch; 0 takes a quarter of all, but 28,672 to 57,344, so that time does not grow
            with the length of the history.
        repeats: times that a window may come in one epoch, where there are fewer windows than that.
        batch: windows per step.
        learning_rate: learning rate at the first step; it falls to zero along a cosine.
        averaging: share of the averaged weights that stays at each step.
        patience: epochs without a better validation loss before training ends.
        slower: share of the learning rate with which a training is tried again that was best at its first validation.
        starter: share of the learning rate with which a starter is trained on, where there is one for the network; 0: none is.
        unknown: share of windows shown without their series, so that unknown series are forecast well.
        masked: share of windows that values are taken out of, so that windows with gaps are forecast well.
        forgotten: share of windows shown without the coming values of an input, so that they are not missed where none come.
        untold: whether windows without any coming value of an input have networks of their own, trained as where there are no
            inputs; False: one network learns both, which is quicker.
        told: share of the learning rate with which such a network is trained on for windows with coming values.
        members: networks to train from as many seeds and to average in one model.
        budget: seconds of training of all members; epochs become shorter where the first steps say that it would take longer.
            Networks that are told of inputs have as much again.
        validation_windows: number of validation windows, at most; they are evenly chosen.
        seed: seed of every random choice.
        threads: number of threads of one operation.

    Raises:
        ConfigurationError: a value out of range.
    """

    epochs: int = Train().epochs
    windows: int = 0
    repeats: int = 8
    batch: int = 256
    learning_rate: float = 2e-3
    averaging: float = 0.98
    patience: int = 3
    slower: float = 0.25
    starter: float = 0.5
    unknown: float = 0.1
    masked: float = 0.1
    forgotten: float = 0.3
    untold: bool = True
    told: float = 1.0
    members: int = Train().members
    budget: float = 600.0
    validation_windows: int = 4_096
    seed: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        """Refuse values that no training can use."""
        counts = (self.epochs, self.repeats, self.batch, self.patience, self.validation_windows, self.members, self.threads)
        if self.windows < 0 or min(counts) < 1:
            raise ConfigurationError(f"epochs, repeats, batch, patience, members and threads must be at least 1; got {self}")
        if not (self.learning_rate > 0 and self.budget > 0):
            raise ConfigurationError(f"learning_rate and budget must be positive; got {self}")
        if not (
            0 <= self.averaging < 1
            and 0 < self.slower <= 1
            and 0 <= self.starter <= 1
            and 0 <= self.unknown <= 1
            and 0 <= self.masked <= 1
            and 0 <= self.forgotten <= 1
            and 0 < self.told <= 1
        ):
            raise ConfigurationError(
                f"averaging, slower, starter, unknown, masked, forgotten, told must be within 0…1; got {self}"
            )

    def windows_of(self, total: int) -> int:
        """Number of random windows per epoch for a training part of `total` windows."""
        return min(self.windows or min(max(total // 4, LEAST_WINDOWS), MOST_WINDOWS), self.repeats * total)

    def validations_of(self, total: int) -> int:
        """Number of validations in an epoch: one for each time that the windows of the training part come in it."""
        return -(-self.windows_of(total) // total)


@dataclass(frozen=True, slots=True)
class Hidden:
    """Validation loss of a trained network that is not told of an input.

    Inputs are hidden one after the other, each time the one that is missed the least.

    Args:
        name: name of the input.
        alone: loss where this input is hidden, and no other one.
        together: loss where this one and all before it are hidden.
    """

    name: str
    alone: float
    together: float


def mean_loss(losses: Float64) -> float:
    """Mean loss of all facts; 0 where there is none.

    Args:
        losses: sum of the losses of every window or block of days, and the number of its facts, float64 `[2, n]`.
    """
    total, facts = losses.sum(axis=1)
    return float(total / max(facts, 1.0))


@dataclass(frozen=True, slots=True)
class Record:
    """How the training went.

    Args:
        seconds: duration, without the import of TensorFlow.
        epochs: number of epochs that were begun.
        best_epoch: epoch whose weights were kept, from 1; 0: those that the training began with.
        training_loss: mean quantile loss of each part of an epoch, in units of scale.
        validation_loss: the same of the averaged weights on the validation windows, after each part.
        parameters: trained numbers.
        steps: number of steps that were taken.
        weights: weight of each simple forecast, by its name, in the forecasts of unknown series, and the mean over known ones.
        hidden: validation losses without inputs, where one network learned to forecast with and without them.
        blocks: sum of the validation losses of the weights that were kept, and the number of facts, of each block of days; of
            the first network where there are several.
    """

    seconds: float
    epochs: int
    best_epoch: int
    training_loss: tuple[float, ...]
    validation_loss: tuple[float, ...]
    parameters: int
    steps: int
    weights: dict[str, tuple[float, float]] = field(default_factory=dict)
    hidden: tuple[Hidden, ...] = ()
    blocks: tuple[tuple[float, float], ...] = ()

    @property
    def loss(self) -> float:
        """Validation loss of the weights that were kept."""
        return mean_loss(np.array(self.blocks, np.float64).reshape(-1, 2).T)


@dataclass(frozen=True, slots=True)
class Fit:
    """Trained networks.

    Args:
        members: weights of every member, in the order of `Network.get_weights`.
        record: course of the training.
        untold: weights of the networks for windows without any coming value of an input; empty where there are none.
    """

    members: list[list[Float32]]
    record: Record
    untold: list[list[Float32]] = field(default_factory=list)


def settings_of(train: Train) -> Settings:
    """Training settings: the defaults, with what the configuration changes."""
    return Settings(epochs=train.epochs, seed=train.seed, members=train.members, budget=60 * train.budget / train.rounds)

"""Fit a network to windows that are cut from the history while it trains.

Quantile loss in units of each series' scale, Adam with cosine decay, short epochs of random windows, and a moving
average of the weights that validation judges and that is kept (see Lin et al. 2023 for the design). Where there is a starter
for the network, training begins with its weights, with smaller steps, and may end with them.
"""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

import numpy as np

from edge.contract.columns import Float32, Float64, Int64
from edge.contract.contract import Contract
from edge.errors import HistoryError
from pipeline.history.windows import Samples, block_length, evenly, spread
from pipeline.training.architecture import Architecture, begins
from pipeline.training.build import build, parameters, restore
from pipeline.training.settings import Fit, Hidden, Progress, Record, Settings, mean_loss


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
    return _fit(_Lesson(architecture, contract, training, validation), settings, progress)


@dataclass(frozen=True, slots=True)
class _Lesson:
    """What a network is trained on; arguments as of `fit`.

    Args:
        before: weights of a network that is not told of inputs, which this one begins with; None: it begins as `fit` says.
    """

    architecture: Architecture
    contract: Contract
    training: Samples
    validation: Samples
    before: list[Float32] | None = None


def _fit(lesson: _Lesson, settings: Settings, progress: Progress | None) -> Fit:
    """As `fit`."""
    for samples, role in ((lesson.training, "training"), (lesson.validation, "validation")):
        _check(samples, lesson.contract, role)
    started = time.perf_counter()
    first = _attempt(lesson, settings, progress)
    if first.improved or settings.slower == 1:
        return first.fit
    slower = replace(settings, learning_rate=settings.slower * settings.learning_rate)
    second = _attempt(lesson, slower, progress)
    better = min(first.fit, second.fit, key=lambda fit: fit.record.loss)
    steps = first.fit.record.steps + second.fit.record.steps
    return Fit(better.members, replace(better.record, seconds=time.perf_counter() - started, steps=steps))


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One training.

    Args:
        fit: weights that were kept.
        improved: whether training went on to improve after its first validation; if not, its steps were too long from the
            start, as happens where windows are few.
    """

    fit: Fit
    improved: bool


def _attempt(lesson: _Lesson, settings: Settings, progress: Progress | None) -> _Attempt:
    """One training."""
    import keras  # noqa: PLC0415 - takes seconds, and the device never needs it

    from pipeline.training.trainer import Trainer  # noqa: PLC0415

    started = time.perf_counter()
    keras.utils.set_random_seed(settings.seed)
    random = np.random.default_rng(settings.seed)
    architecture, contract, training, validation = lesson.architecture, lesson.contract, lesson.training, lesson.validation
    scale = np.nan_to_num(series_scale(training, contract))
    network = build(architecture, contract, scale)
    start = begins(architecture, contract) if settings.starter and lesson.before is None else None
    if start is not None:
        network.begin(start)
        settings = replace(settings, learning_rate=settings.starter * settings.learning_rate)
    if lesson.before is not None:
        network.go_on(restore(architecture, contract.untold, len(scale), lesson.before))
        scale = network.series_scale  # of the whole training part: the time of which values are known may be a quiet one
        settings = replace(settings, learning_rate=settings.told * settings.learning_rate)
    trainer = Trainer(network, training, scale, settings)
    held = evenly(len(validation), settings.validation_windows)
    parts = settings.validations_of(len(training))
    losses: list[tuple[float, float]] = []
    fresh = start is None and lesson.before is None
    judged = np.zeros((2, len(held))) if fresh else trainer.validate(validation, held)
    best = np.inf if fresh else mean_loss(judged)
    best_epoch, best_part, kept, epoch = 0, 0, trainer.averaged_weights(), 0
    while epoch < settings.epochs and epoch - best_epoch < settings.patience:
        epoch += 1
        for loss in trainer.epoch(epoch - 1, random, parts):
            newest = trainer.validate(validation, held)
            losses.append((loss, mean_loss(newest)))
            if not np.isfinite(losses[-1]).all():
                reason = "are there values out of all scale?"
                raise HistoryError(f"expected finite losses; got {losses[-1]} in epoch {epoch}: {reason}")
            if losses[-1][1] < best:
                best, best_epoch, best_part, judged = losses[-1][1], epoch, len(losses), newest
                kept = trainer.averaged_weights()
        if progress is not None:
            progress(epoch, settings.epochs, *losses[-1])
    hidden: tuple[Hidden, ...] = ()
    if contract.known and not settings.untold:
        trainer.keep(kept)
        hidden = tuple(_hide(contract, lambda names: mean_loss(trainer.validate(validation, held, names))))
    record = Record(
        seconds=time.perf_counter() - started,
        epochs=epoch,
        best_epoch=best_epoch,
        training_loss=tuple(loss for loss, _ in losses),
        validation_loss=tuple(loss for _, loss in losses),
        parameters=parameters(network),
        steps=trainer.taken,
        hidden=hidden,
        blocks=by_block(judged, validation.origin[held], contract),
    )
    return _Attempt(Fit([kept], record), best_part > 1)


def by_block(losses: Float64, origin: Int64, contract: Contract) -> tuple[tuple[float, float], ...]:
    """Sum of the losses and number of facts of each block of days, in order.

    Args:
        losses: the same of every window, float64 `[2, n]`.
        origin: origin of every window, a column of the grid, int64 `[n]`.
        contract: horizon and interval.
    """
    block = (origin - origin.min()) // (block_length(contract) // contract.interval)
    sums = np.zeros((int(block.max()) + 1, 2))
    np.add.at(sums, block, losses.T)
    return tuple((float(total), float(facts)) for total, facts in sums)


def _hide(contract: Contract, loss: Callable[[Collection[str]], float]) -> Iterator[Hidden]:
    """Hide the inputs of a contract one after the other, each time the one that is missed the least.

    Args:
        contract: its inputs are hidden.
        loss: function that gives the validation loss where the inputs of these names are hidden.
    """
    left, gone = [source.name for source in contract.known], list[str]()
    alone: dict[str, float] = {}
    while left:
        losses = {name: loss([*gone, name]) for name in left}
        alone = alone or losses
        least = min(left, key=losses.__getitem__)
        left.remove(least)
        gone.append(least)
        yield Hidden(least, alone[least], losses[least])


def fit_members(
    architecture: Architecture,
    contract: Contract,
    training: Samples,
    validation: Samples,
    settings: Settings,
    progress: Progress | None = None,
) -> Fit:
    """Train as many networks as the settings ask for, each from a seed of its own; arguments as of `fit`.

    Where there are inputs whose coming values are known, each of them is trained without them first, to the same weights as if
    there were none. A second network begins with these weights, and is told of the inputs.

    The record has the sums of seconds, epochs and parameters; losses are those of all networks one after the other.
    """
    plain = _Lesson(architecture, contract, training, validation)
    first = replace(plain, contract=contract.untold) if contract.known and settings.untold else None
    fits, untold, done = list[Fit](), list[Fit](), 0
    rounds = settings.members * (1 if first is None else 2)

    def report(epoch: int, epochs: int, loss: float, validated: float) -> None:
        if progress is not None:
            progress(done + epoch, epochs * rounds, loss, validated)

    for member in range(settings.members):
        own = replace(settings, seed=settings.seed + member, members=1, budget=settings.budget / settings.members)
        lesson = plain
        if first is not None:
            untold.append(_fit(first, own, report))
            # Windows of before an input had a history are those of the first network.
            told = training.told(contract), validation.told(contract)
            lesson = _Lesson(architecture, contract, *told, before=untold[-1].members[0])
            done += settings.epochs
        fits.append(_fit(lesson, own, report))
        done += settings.epochs
    records = [trained.record for trained in (*untold, *fits)]
    whole = Record(
        seconds=sum(record.seconds for record in records),
        epochs=sum(record.epochs for record in records),
        best_epoch=fits[0].record.best_epoch,
        training_loss=tuple(loss for record in records for loss in record.training_loss),
        validation_loss=tuple(loss for record in records for loss in record.validation_loss),
        parameters=sum(record.parameters for record in records),
        steps=sum(record.steps for record in records),
        hidden=fits[0].record.hidden,
        blocks=fits[0].record.blocks,
    )
    members, others = ([weights for trained in part for weights in trained.members] for part in (fits, untold))
    return Fit(members, whole, others)


def _check(samples: Samples, contract: Contract, role: str) -> None:
    if not len(samples.origin):
        raise HistoryError(f"expected {role} samples; got none: is the history longer than window and horizon?")
    first, last, width = int(samples.origin.min()), int(samples.origin.max()), samples.values.shape[1]
    if first < contract.reach or last + contract.horizon > width:
        raise HistoryError(
            f"expected {role} origins within {contract.reach}…{width - contract.horizon} so that windows and targets "
            f"lie in the grid; got {first}…{last}"
        )

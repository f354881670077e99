"""Which window and which inputs a history is best forecast from: a short training with each tells."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge.config.fleet import LONGEST_WINDOW, WEEK
from edge.config.training_sections import Fleet, Train
from edge.contract.ahead.known import Known
from edge.contract.times import DAY, format_duration
from pipeline.history.prepared import Prepared
from pipeline.processes.nursery import Nursery
from pipeline.training.architecture import architectures
from pipeline.training.settings import settings_of
from pipeline.training.worker import train_candidate
from pipeline.tuning.study import Proposal, Space
from pipeline.tuning.tuning import Training, Tuned, attempt_on, fits, untuned

MOST_WEEKS = 4
WINDOWS = 2  # a longer window is tried where the training part has as many of them, one after the other
GAIN = 0.005  # share by which a longer window, or inputs, have to be better: they take memory and time on the device


def windows_to_try(prepared: Prepared, fleet: Fleet) -> tuple[int, ...]:
    """The usual window, and a longer one of whole weeks where there is history for it; intervals.

    Args:
        prepared: history, with the usual window.
        fleet: section `[fleet]` of the configuration; a window that it gives is the only one.
    """
    usual = prepared.contract
    week, rest = divmod(WEEK * DAY, usual.interval)
    if fleet.window or usual.coarse or rest or usual.window != week:
        return (usual.window,)
    longer = week * min(MOST_WEEKS, LONGEST_WINDOW // week)
    enough = len(prepared.split.training) >= WINDOWS * longer and fits(prepared, replace(usual, window=longer))
    return (week, longer) if longer > week and enough else (week,)


@dataclass(frozen=True, slots=True)
class Brief:
    """Trainings of one epoch, with the first cell and design of the configuration.

    Args:
        train: section `[train]` of the configuration.
        folder: folder for the exchange with the training processes.
        training: function that trains a candidate; None: in a process that is forked from a warm one.
    """

    train: Train
    folder: Path
    training: Training | None = None

    def losses(self, variants: Sequence[Prepared], windows: Sequence[int]) -> list[float]:
        """Loss on the validation part of each variant of a history, with each window, on the same origins.

        Args:
            variants: the same history, with contracts that differ in their inputs.
            windows: windows to try, intervals.

        Raises:
            HistoryError: a training failed.
            BundleError: a training process died.
        """
        usual = architectures(self.train, variants[0].contract)[0]
        settings = settings_of(self.train)
        brief = replace(settings, epochs=1, members=1, budget=settings.budget / settings.epochs)
        start = Proposal(windows[0], 1, usual.units, brief.learning_rate, usual.dropout)
        space = Space(start, tuple(windows), (1,), (usual.units,))
        nursery, losses = Nursery("pipeline.training.worker", brief.threads), []
        try:
            for prepared in variants:
                attempt = attempt_on(prepared, space, usual, brief, self.folder, self.training or _warm(nursery))
                losses += [attempt(replace(start, window=window), lambda *_: None) for window in windows]
        finally:
            nursery.close()
        return losses


def choose_inputs(prepared: Prepared, brief: Brief, say: Callable[[str], None]) -> Prepared:
    """The history, without the inputs whose coming values are known where they do not make its forecasts better.

    Args:
        prepared: history, with a contract that has all of them.
        brief: the trainings that tell.
        say: function that gets one line on what was chosen.

    Raises:
        HistoryError: a training failed.
        BundleError: a training process died.
    """
    contract, names = prepared.contract, ", ".join(known.name for known in prepared.contract.known)
    if not names:
        return prepared
    others = tuple(source for source in contract.inputs if not isinstance(source, Known))
    without = replace(prepared, contract=replace(contract, inputs=others))
    told, untold = brief.losses((prepared, without), (contract.window,))
    helps = told < (1 - GAIN) * untold
    say(
        f"  loss on the validation part after one epoch: {told:.4f} with the inputs {names}, {untold:.4f} without; "
        f"{'they are used' if helps else 'they do not help, and are left out'}"
    )
    return prepared if helps else without


def choose(prepared: Prepared, fleet: Fleet, brief: Brief, say: Callable[[str], None]) -> Tuned:
    """What the configuration asks for, with the window that forecasts best.

    Args:
        prepared: history, with the usual window.
        fleet: section `[fleet]` of the configuration.
        brief: the trainings that tell.
        say: function that gets one line on what was chosen.

    Raises:
        HistoryError: a training failed.
        BundleError: a training process died.
    """
    windows = windows_to_try(prepared, fleet)
    if len(windows) == 1:
        return untuned(prepared, brief.train)
    losses = dict(zip(windows, brief.losses((prepared,), windows), strict=True))
    short, long = windows
    chosen = long if losses[long] < (1 - GAIN) * losses[short] else short
    interval = prepared.contract.interval
    told = " and ".join(f"{losses[window]:.4f} from {format_duration(window * interval)}" for window in windows)
    say(f"  loss on the validation part after one epoch: {told}; looks back {format_duration(chosen * interval)}")
    return untuned(replace(prepared, contract=replace(prepared.contract, window=chosen)), brief.train)


def _warm(nursery: Nursery) -> Training:
    return lambda request, folder, progress: train_candidate(request, folder, progress, nursery=nursery)

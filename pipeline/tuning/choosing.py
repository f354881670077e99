"""Which window a history is best forecast from, where the configuration leaves it open: a short training of each tells."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from edge.config.fleet import LONGEST_WINDOW, WEEK
from edge.config.training_sections import Fleet, Train
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
GAIN = 0.005  # share by which a longer window has to be better: it takes memory and time on the device


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


def choose(
    prepared: Prepared,
    fleet: Fleet,
    train: Train,
    folder: Path,
    say: Callable[[str], None],
    training: Training | None = None,
) -> Tuned:
    """What the configuration asks for, with the window that forecasts best.

    Each window is tried with the first cell and design, for one epoch, and judged on the same origins of the validation part.

    Args:
        prepared: history, with the usual window.
        fleet: section `[fleet]` of the configuration.
        train: section `[train]`.
        folder: folder for the exchange with the training processes.
        say: function that gets one line on what was chosen.
        training: function that trains a candidate; left out: in a process that is forked from a warm one.

    Raises:
        HistoryError: a training failed.
        BundleError: a training process died.
    """
    windows = windows_to_try(prepared, fleet)
    if len(windows) == 1:
        return untuned(prepared, train)
    usual = architectures(train, prepared.contract)[0]
    settings = settings_of(train)
    brief = replace(settings, epochs=1, members=1, budget=settings.budget / settings.epochs)
    space = Space(Proposal(windows[0], 1, usual.units, brief.learning_rate, usual.dropout), windows, (1,), (usual.units,))
    nursery = Nursery("pipeline.training.worker", brief.threads)
    try:
        attempt = attempt_on(prepared, space, usual, brief, folder, training or _warm(nursery))
        losses = {window: attempt(replace(space.start, window=window), lambda *_: None) for window in windows}
    finally:
        nursery.close()
    short, long = windows
    chosen = long if losses[long] < (1 - GAIN) * losses[short] else short
    interval = prepared.contract.interval
    told = " and ".join(f"{losses[window]:.4f} from {format_duration(window * interval)}" for window in windows)
    say(f"  loss on the validation part after one epoch: {told}; looks back {format_duration(chosen * interval)}")
    return untuned(replace(prepared, contract=replace(prepared.contract, window=chosen)), train)


def _warm(nursery: Nursery) -> Training:
    return lambda request, folder, progress: train_candidate(request, folder, progress, nursery=nursery)

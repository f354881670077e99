"""Which window and which inputs a history is best forecast from: a short training with each tells."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge.config.fleet import LONGEST_WINDOW, WEEK, days_and_hours
from edge.config.training_sections import Fleet, Train
from edge.contract.ahead.known import Known
from edge.contract.contract import Contract
from edge.contract.times import DAY, format_duration
from pipeline.history.prepared import Prepared
from pipeline.judging.chance import Gain, Prior, gains
from pipeline.processes.nursery import Nursery
from pipeline.training.architecture import architectures
from pipeline.training.settings import Hidden, Record, settings_of
from pipeline.training.worker import train_candidate
from pipeline.tuning.tuning import Training, Tuned, fits, requests_on, untuned

MOST_WEEKS = 4
WINDOWS = 2  # a longer past is tried where the training part has as many of them, one after the other
TRIAL = 0.1  # of the time of a training; a trial that time cuts short favours the shorter past, whose steps are quicker
GAIN = 0.005  # share by which a longer past, or inputs, have to be better: they take memory and time on the device
LONGER = Prior(0.0, 0.02)  # gains of a longer past on six sets were -7 to 2 %


def pasts_to_try(prepared: Prepared, fleet: Fleet) -> tuple[Contract, ...]:
    """The contract with the usual past, and with a longer one where there is history for it.

    The longer one has several weeks, or of intervals of which a week does not fit the hours of a week.

    Args:
        prepared: history, with the usual past.
        fleet: section `[fleet]` of the configuration; a window that it gives is the only one.
    """
    usual, longer = prepared.contract, None
    week, rest = divmod(WEEK * DAY, usual.interval)
    if usual.window == week and not rest:
        longer = replace(usual, window=week * min(MOST_WEEKS, LONGEST_WINDOW // week))
    elif usual.window == LONGEST_WINDOW and (past := days_and_hours(usual.interval)) is not None:
        longer = replace(usual, window=past[0], coarse=past[1])
    if fleet.window or usual.coarse or longer is None or longer.reach <= usual.reach:
        return (usual,)
    enough = len(prepared.split.training) >= WINDOWS * longer.covered and fits(prepared, longer)
    return (usual, longer) if enough else (usual,)


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

    def records(self, variants: Sequence[Prepared], pasts: Sequence[Contract]) -> list[Record]:
        """The course of the training with each variant of a history, with each past, judged on the same origins.

        Args:
            variants: the same history, with contracts that differ in their inputs.
            pasts: contracts with the pasts to try, each with another window.

        Raises:
            HistoryError: a training failed.
            BundleError: a training process died.
        """
        usual = architectures(self.train, variants[0].contract)[0]
        settings = settings_of(self.train)
        brief = replace(settings, epochs=1, members=1, untold=False, budget=TRIAL * settings.budget)
        nursery, records = Nursery("pipeline.training.worker", brief.threads), []
        train = self.training or _warm(nursery)
        try:
            for prepared in variants:
                own = [replace(past, inputs=prepared.contract.inputs) for past in pasts]
                requested = requests_on(prepared, own, brief, self.folder)
                trials = [replace(requested(past, usual), trial=True) for past in own]
                told = variants[0].contract  # only windows with coming values tell what these are worth
                trials = [replace(trial, validation=trial.validation.told(told)) for trial in trials]
                records += [train(trial, self.folder, lambda *_: None).record for trial in trials]
        finally:
            nursery.close()
        return records


def choose_inputs(prepared: Prepared, brief: Brief, say: Callable[[str], None]) -> Prepared:
    """The history, without the inputs whose coming values are known that do not make its forecasts better.

    A short training with all of them, in which they are taken away now and then, tells what the loss becomes without each of
    them. Of the sets that this leads to the smallest is taken of which the loss is nearly the lowest one; it must be lower than
    that of another training, without inputs.

    Args:
        prepared: history, with a contract that has all of them.
        brief: the trainings that tell.
        say: function that gets one line on what was chosen.

    Raises:
        HistoryError: a training failed.
        BundleError: a training process died.
    """
    contract = prepared.contract
    if not contract.known:
        return prepared
    told, untold = brief.records((prepared, replace(prepared, contract=contract.untold)), (contract,))
    whole, plain, hidden = told.loss, untold.loss, told.hidden
    few, loss = fewest(whole, hidden)
    useful = hidden[few:] if loss < (1 - GAIN) * plain else ()
    line = f"  loss on the validation part after one epoch: {whole:.4f} with all inputs, {plain:.4f} without; "
    if not useful:
        say(f"{line}none is used, as they do not help: {', '.join(each.name for each in hidden)}")
        return replace(prepared, contract=contract.untold)
    costs = [f"{each.name} ({round(100 * (each.alone / whole - 1), 1) + 0.0:+.1f} %)" for each in hidden]
    line += f"used, and what the loss grows by where one of them is hidden: {', '.join(costs[few:])}"
    say(line + (f"; left out, as it hardly grows without: {', '.join(costs[:few])}" if few else ""))
    names = {each.name for each in useful}
    kept = tuple(source for source in contract.inputs if not isinstance(source, Known) or source.name in names)
    return replace(prepared, contract=replace(contract, inputs=kept)) if few else prepared


def fewest(whole: float, hidden: Sequence[Hidden]) -> tuple[int, float]:
    """How many inputs can be hidden, in their order, until the loss is more than a share above the lowest, and the loss then.

    Args:
        whole: validation loss where none is hidden.
        hidden: inputs in the order in which they were hidden.
    """
    losses = [whole, *(each.together for each in hidden)]
    count = max(number for number, loss in enumerate(losses) if loss <= (1 + GAIN) * min(losses))
    return count, losses[count]


def choose(prepared: Prepared, fleet: Fleet, brief: Brief, say: Callable[[str], None]) -> Tuned:
    """What the configuration asks for, with the past that forecasts best.

    Args:
        prepared: history, with the usual past.
        fleet: section `[fleet]` of the configuration.
        brief: the trainings that tell.
        say: function that gets one line on what was chosen.

    Raises:
        HistoryError: a training failed.
        BundleError: a training process died.
    """
    pasts = pasts_to_try(prepared, fleet)
    if len(pasts) == 1:
        return untuned(prepared, brief.train)
    # Without inputs: where they are missing, the forecast is to be what it is without them.
    untold = replace(prepared, contract=prepared.contract.untold)
    records = brief.records((untold,), pasts)
    usual, longer = records
    better = gain(longer, usual).expected(LONGER) > GAIN
    chosen = pasts[1] if better else pasts[0]
    back = [format_duration(past.covered * past.interval) for past in (*pasts, chosen)]
    told = " and ".join(f"{record.loss:.4f} from {length}" for record, length in zip(records, back, strict=False))
    chance = "" if better or longer.loss >= (1 - GAIN) * usual.loss else f": that {back[1]} are better may be chance"
    say(f"  loss on the validation part after one epoch: {told}; looks back {back[-1]}{chance}")
    return untuned(replace(prepared, contract=chosen), brief.train)


def gain(candidate: Record, usual: Record) -> Gain:
    """How much lower the validation loss of a training is than that of another one, by the blocks of days of both.

    Args:
        candidate: training that was judged on the same origins.
        usual: training that it is compared with.
    """
    (losses, counts), (others, facts) = (np.array(record.blocks).T for record in (candidate, usual))
    per_fact = np.divide(losses, counts, out=np.zeros_like(losses), where=counts > 0)
    facts, others = (np.where(counts > 0, values, 0) for values in (facts, others))
    return gains((per_fact * facts)[None], others[None], facts[None], np.full(1, np.nan)).fleet


def _warm(nursery: Nursery) -> Training:
    return lambda request, folder, progress: train_candidate(request, folder, progress, nursery=nursery)

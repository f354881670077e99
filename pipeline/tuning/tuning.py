"""A search for settings that suit a history: Optuna proposes, short trainings answer, the validation part decides.

Every trial is judged on the same origins of the validation part, whatever its window, so that losses can be compared;
the newest part of the history is cut off before the first trial.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import numpy as np

from edge.config.fleet import LONGEST_WINDOW
from edge.config.training_sections import Fleet, Train
from edge.contract.contract import Contract
from edge.errors import HistoryError
from edge.forecaster.baselines import baselines
from pipeline.history.checks import can_judge
from pipeline.history.prepared import Prepared
from pipeline.history.table import Table
from pipeline.history.windows import Samples, samples, split
from pipeline.training.architecture import Architecture, architectures, segment_length
from pipeline.training.settings import Progress, Settings, settings_of
from pipeline.training.worker import Request, train_candidate
from pipeline.tuning.study import Attempt, Proposal, Report, Space, library, open_study, search

STUDIES_FILE = "tuning.db"
HALF, TWICE = 0.5, 2
PARTS = (1, 2, 4)
UNITS = (32, 64, 128)

Training: TypeAlias = Callable[[Request, Path, Progress], Any]


@dataclass(frozen=True, slots=True)
class Search:
    """How far a search goes, and where it works.

    Args:
        trials: number of trials of the study, those of earlier runs included.
        registry: folder for the study.
        folder: folder for the exchange with the training processes.
    """

    trials: int
    registry: Path
    folder: Path


@dataclass(frozen=True, slots=True)
class Tuned:
    """What the candidates of a run are made from.

    Args:
        prepared: history, with the window that was chosen.
        architectures: architecture of each candidate.
        settings: settings of their training.
        chosen: settings for the manifest, by name; empty without a search.
    """

    prepared: Prepared
    architectures: tuple[Architecture, ...]
    settings: Settings
    chosen: dict[str, float]


class _Enough(Exception):
    """Ends a trial after its last epoch: no trial is converted."""


def untuned(prepared: Prepared, train: Train) -> Tuned:
    """What the configuration asks for, without a search."""
    return Tuned(prepared, architectures(train, prepared.contract), settings_of(train), {})


def tune(
    prepared: Prepared,
    fleet: Fleet,
    train: Train,
    asked: Search,
    say: Callable[[str], None],
    training: Training = train_candidate,
) -> Tuned:
    """Search with the first cell and design of the configuration; all candidates take the settings that are found.

    Each trial and each candidate gets the same share of the budget. The study is kept: on the same history the next
    search goes on where this one ends.

    Args:
        prepared: history.
        fleet: section `[fleet]` of the configuration; what it fixes is not searched.
        train: section `[train]`, likewise.
        asked: number of trials, and the folders.
        say: function that gets one line per trial.
        training: function that trains a candidate.

    Raises:
        ConfigurationError: Optuna is not installed, or its file cannot be used.
        HistoryError: no trial could be trained.
    """
    library()
    space, usual = space_of(prepared, fleet, train), architectures(train, prepared.contract)
    share = 60 * train.budget / (asked.trials + len(usual))
    settings = replace(settings_of(train), budget=share)
    pasts = [replace(prepared.contract, window=window) for window in space.windows]
    # One network learns with and without inputs in a trial, which takes half the time.
    attempt = attempt_on(prepared, pasts, usual[0], replace(settings, members=1, untold=False), asked.folder, training)
    with open_study(asked.registry / STUDIES_FILE, _name(prepared, space, usual[0], settings), train.seed) as study:
        best = search(study, space, attempt, asked.trials, say)
    chosen = best.proposal
    final = replace(prepared, contract=replace(prepared.contract, window=chosen.window))
    tuned = tuple(architecture_of(chosen, architecture, final.contract) for architecture in usual)
    values = {
        "window": chosen.window,
        "segment": segment_length(tuned[0], final.contract),
        "units": chosen.units,
        "learning_rate": chosen.learning_rate,
        "dropout": chosen.dropout,
        "loss": best.loss,
        "trial": best.trial,
    }
    return Tuned(
        final,
        tuned,
        replace(settings, learning_rate=chosen.learning_rate),
        {name: float(value) for name, value in values.items()},
    )


def space_of(prepared: Prepared, fleet: Fleet, train: Train) -> Space:
    """What may be chosen for this history.

    Where a week is seen in spans, the window is fixed. Else a window counts where it has at most 720 intervals, leaves enough
    history in every part, and has room for every baseline that the usual window has: a candidate that gets by with less must
    not be judged against less.
    """
    usual = prepared.contract
    first = architectures(train, usual)[0]
    longer_and_shorter = () if fleet.window or usual.coarse else (round(usual.window * HALF), usual.window * TWICE)
    windows = sorted(
        {usual.window, *(window for window in longer_and_shorter if fits(prepared, replace(usual, window=window)))}
    )
    start = Proposal(usual.window, 1, first.units, Settings().learning_rate, first.dropout)
    parts = (1,) if train.segment or first.design == "plain" else PARTS
    return Space(start, tuple(windows), parts, (train.units,) if train.units else UNITS)


def fits(prepared: Prepared, contract: Contract) -> bool:
    """Whether there is enough history for another window, which has room for every baseline that the usual window has."""
    names, usual = ({baseline.name for baseline in baselines(each)} for each in (contract, prepared.contract))
    if contract.window > LONGEST_WINDOW or not usual <= names:
        return False
    try:
        parts = split(prepared.table, contract)
    except HistoryError:
        return False
    return all(can_judge(prepared.table, contract, part) for part in (parts.training, parts.validation, parts.held_out))


def architecture_of(proposal: Proposal, usual: Architecture, contract: Contract) -> Architecture:
    """The usual architecture with what is proposed."""
    segment = usual.segment if proposal.part == 1 else max(1, segment_length(usual, contract) // proposal.part)
    return replace(usual, units=proposal.units, segment=segment, dropout=proposal.dropout)


def attempt_on(
    prepared: Prepared,
    pasts: Sequence[Contract],
    usual: Architecture,
    settings: Settings,
    folder: Path,
    training: Training = train_candidate,
) -> Attempt:
    """What trains a proposal on the training part and gives its least validation loss, each in a process of its own.

    Args:
        prepared: history.
        pasts: contracts that differ in their past, each with another window; all are judged on the same origins.
        usual: architecture that proposals change.
        settings: settings of each training.
        folder: folder for the exchange with the training processes.
        training: function that trains a candidate.
    """
    requested, contracts = requests_on(prepared, pasts, settings, folder), {contract.window: contract for contract in pasts}

    def attempt(proposal: Proposal, report: Report) -> float:
        contract, losses = contracts[proposal.window], [float("inf")]

        def progress(epoch: int, epochs: int, _training: float, loss: float) -> None:
            losses.append(loss)
            report(epoch, loss)
            if epoch == epochs or epoch - int(np.argmin(losses)) >= settings.patience:
                raise _Enough

        request = requested(contract, architecture_of(proposal, usual, contract))
        with suppress(_Enough):
            training(replace(request, settings=replace(settings, learning_rate=proposal.learning_rate)), folder, progress)
        return min(losses)

    return attempt


def requests_on(
    prepared: Prepared, pasts: Sequence[Contract], settings: Settings, folder: Path
) -> Callable[[Contract, Architecture], Request]:
    """What asks for a training on the training part, to be judged on the validation part.

    The held-out part is not among the values that the process gets.

    Args:
        prepared: history.
        pasts: contracts that differ in their past; all are judged on the same origins.
        settings: settings of each training.
        folder: folder for the exchange with the training processes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "seen.npy", prepared.table.values[:, : prepared.split.validation.stop])
    table = replace(prepared.table, values=np.load(folder / "seen.npy", mmap_mode="r", allow_pickle=False))
    validation = common_samples(table, tuple(pasts), prepared.split.validation)

    def requested(contract: Contract, architecture: Architecture) -> Request:
        return Request(
            architecture,
            contract,
            settings,
            samples(table, contract, prepared.split.training),
            validation,
            validation.windows(slice(1), contract),
            validation.series[:1] + np.int32(1),
            validation.context(slice(1), contract),
        )

    return requested


def common_samples(table: Table, contracts: tuple[Contract, ...], part: range) -> Samples:
    """The samples of a part that every one of the contracts has; they differ in the window only.

    Raises:
        HistoryError: there is none.
    """
    width = table.values.shape[1]
    keys = None
    for contract in contracts:
        alone = samples(table, contract, part)
        own = alone.series.astype(np.int64) * width + alone.origin
        keys = own if keys is None else np.intersect1d(keys, own)
    if keys is None or not len(keys):
        raise HistoryError("no window of the validation part can be judged at every length; set [fleet] window, or do not tune")
    return Samples(table.values, (keys // width).astype(np.int32), keys % width, table.first, ahead=table.ahead)


def _name(prepared: Prepared, space: Space, usual: Architecture, settings: Settings) -> str:
    """Of the study: another history, contract or configuration is another search; the budget is not part of it."""
    asked = (prepared.contract, prepared.table.data_hash, space, usual, replace(settings, budget=1.0))
    return f"retrain-{hashlib.sha256(msgspec.json.encode(asked)).hexdigest()[:16]}"

"""A search for settings that suit a history: Optuna proposes, short trainings answer, the validation part decides.

Every trial is judged on the same origins of the validation part, whatever its window, so that losses can be compared;
the newest part of the history is cut off before the first trial.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
import numpy as np

from edge.config import Fleet, Train
from edge.contract.contract import Contract
from edge.errors import ConfigurationError, GatecastError, HistoryError
from edge.forecaster.baselines import baselines
from pipeline.history.checks import can_judge
from pipeline.history.defaults import LONGEST_WINDOW
from pipeline.history.prepared import Prepared
from pipeline.history.table import Table
from pipeline.history.windows import Samples, samples, split
from pipeline.training.architecture import Architecture, architectures, segment_length
from pipeline.training.settings import Settings, settings_of
from pipeline.training.worker import Request, train_candidate

if TYPE_CHECKING:
    import optuna

STUDIES_FILE = "tuning.db"
HALF, TWICE = 0.5, 2
PARTS = (1, 2, 4)
UNITS = (32, 64, 128)
LEARNING_RATES = (5e-4, 5e-3)
DROPOUTS = (0.0, 0.3)
UNPRUNED = 4  # complete trials before one is ended early
SETTLED = 2  # epochs before that
RANDOM = 6  # trials before what was found guides the search


@dataclass(frozen=True, slots=True)
class Proposal:
    """Settings to try.

    Args:
        window: intervals.
        part: the segment is this part of the usual one: 1 all of it, 2 half, 4 a quarter.
        units: size of the state.
        learning_rate: at the first step.
        dropout: share of the decoded state left out in training.
    """

    window: int
    part: int
    units: int
    learning_rate: float
    dropout: float


@dataclass(frozen=True, slots=True)
class Space:
    """What a search may choose; what the configuration fixes is the only choice.

    Args:
        start: what would be taken without a search; the first trial.
        windows: intervals.
        parts: of the usual segment.
        units: sizes of the state.
    """

    start: Proposal
    windows: tuple[int, ...]
    parts: tuple[int, ...]
    units: tuple[int, ...]


Report: TypeAlias = Callable[[int, float], None]
Attempt: TypeAlias = Callable[[Proposal, Report], float]


@dataclass(frozen=True, slots=True)
class Best:
    """The best trial of a search.

    Args:
        proposal: its settings.
        loss: on the validation part, mean quantile loss in units of scale.
        trial: its number, from 1.
    """

    proposal: Proposal
    loss: float
    trial: int


@dataclass(frozen=True, slots=True)
class Tuned:
    """What the candidates of a run are made from.

    Args:
        prepared: the history, with the window that was chosen.
        architectures: of the candidates.
        settings: of their training.
        chosen: for the manifest; empty without a search.
    """

    prepared: Prepared
    architectures: tuple[Architecture, ...]
    settings: Settings
    chosen: dict[str, float]


class _Enough(Exception):
    """The last epoch of a trial is over; nobody needs the conversion."""


def library() -> Any:  # noqa: ANN401 - a module
    """Optuna.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        import optuna  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise ConfigurationError("optuna is not installed; in a clone of the repository: pip install '.[tune]'") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def untuned(prepared: Prepared, train: Train) -> Tuned:
    """What the configuration asks for, without a search."""
    return Tuned(prepared, architectures(train, prepared.contract), settings_of(train), {})


def tune(
    prepared: Prepared,
    fleet: Fleet,
    train: Train,
    trials: int,
    registry: Path,
    folder: Path,
    say: Callable[[str], None],
) -> Tuned:
    """Search with the first cell and design of the configuration; all candidates take the settings that are found.

    Each trial and each candidate gets the same share of the budget. The study is kept: on the same history the next
    search goes on where this one ends.

    Args:
        prepared: history.
        fleet: what it fixes is not searched.
        train: the same.
        trials: of the study, those of earlier runs included.
        registry: folder for the study.
        folder: for the exchange with the training processes.
        say: gets one line per trial.

    Raises:
        ConfigurationError: Optuna is not installed, or its file cannot be used.
        HistoryError: no trial could be trained.
    """
    library()
    space, found = space_of(prepared, fleet, train), architectures(train, prepared.contract)
    share = 60 * train.budget / (trials + len(found))
    settings = replace(settings_of(train), budget=share)
    attempt = attempt_on(prepared, space, found[0], replace(settings, members=1), folder)
    with open_study(registry / STUDIES_FILE, _name(prepared, space, found[0], settings), train.seed) as study:
        best = search(study, space, attempt, trials, say)
    chosen = best.proposal
    final = replace(prepared, contract=replace(prepared.contract, window=chosen.window))
    tuned = tuple(architecture_of(chosen, one, final.contract) for one in found)
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

    A window counts where it has at most 720 intervals, leaves enough history in every part, and has room for every
    baseline that the usual window has: a candidate that gets by with less must not be judged against less.
    """
    usual = prepared.contract
    first = architectures(train, usual)[0]
    longer_and_shorter = () if fleet.window else (round(usual.window * HALF), usual.window * TWICE)
    windows = sorted({usual.window, *(one for one in longer_and_shorter if _fits(prepared, replace(usual, window=one)))})
    start = Proposal(usual.window, 1, first.units, Settings().learning_rate, first.dropout)
    parts = (1,) if train.segment or first.design == "plain" else PARTS
    return Space(start, tuple(windows), parts, (train.units,) if train.units else UNITS)


def _fits(prepared: Prepared, contract: Contract) -> bool:
    names = {one.name for one in baselines(contract)}
    if contract.window > LONGEST_WINDOW or any(one.name not in names for one in baselines(prepared.contract)):
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


def attempt_on(prepared: Prepared, space: Space, usual: Architecture, settings: Settings, folder: Path) -> Attempt:
    """What trains a proposal on the training part and gives its least validation loss, each in a process of its own.

    The held-out part is not among the values that the process gets.

    Args:
        prepared: history.
        space: all of its windows are judged on the same origins.
        usual: architecture that proposals change.
        settings: of the training.
        folder: for the exchange.
    """
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "seen.npy", prepared.table.values[:, : prepared.split.validation.stop])
    table = replace(prepared.table, values=np.load(folder / "seen.npy", mmap_mode="r", allow_pickle=False))
    contracts = {window: replace(prepared.contract, window=window) for window in space.windows}
    validation = common_samples(table, tuple(contracts.values()), prepared.split.validation)

    def attempt(proposal: Proposal, report: Report) -> float:
        contract, losses = contracts[proposal.window], [float("inf")]

        def progress(epoch: int, epochs: int, _training: float, loss: float) -> None:
            losses.append(loss)
            report(epoch, loss)
            if epoch == epochs or epoch - int(np.argmin(losses)) >= settings.patience:
                raise _Enough

        request = Request(
            architecture_of(proposal, usual, contract),
            contract,
            replace(settings, learning_rate=proposal.learning_rate),
            samples(table, contract, prepared.split.training),
            validation,
            validation.windows(slice(1), contract),
            validation.series[:1] + np.int32(1),
        )
        with suppress(_Enough):
            train_candidate(request, folder, progress)
        return min(losses)

    return attempt


def common_samples(table: Table, contracts: tuple[Contract, ...], part: range) -> Samples:
    """The samples of a part that every one of the contracts has; they differ in the window only.

    Raises:
        HistoryError: there is none.
    """
    width = table.values.shape[1]
    keys = None
    for contract in contracts:
        one = samples(table, contract, part)
        own = one.series.astype(np.int64) * width + one.origin
        keys = own if keys is None else np.intersect1d(keys, own)
    if keys is None or not len(keys):
        raise HistoryError("no window of the validation part can be judged at every length; set [fleet] window, or do not tune")
    return Samples(table.values, (keys // width).astype(np.int32), keys % width)


@contextmanager
def open_study(path: Path, name: str, seed: int) -> "Iterator[optuna.Study]":
    """The study of that name in an SQLite file; made where it is not there.

    Args:
        path: of the file.
        name: of the study.
        seed: of the proposals.

    Raises:
        ConfigurationError: Optuna is not installed, or the file is not one of its own.
    """
    optuna = library()
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - comes with Optuna

    path.parent.mkdir(parents=True, exist_ok=True)
    storage = None
    try:
        storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
        pruner = optuna.pruners.MedianPruner(n_startup_trials=UNPRUNED, n_warmup_steps=SETTLED)
        study = optuna.create_study(storage=storage, study_name=name, load_if_exists=True, pruner=pruner)
        # One seed for all runs would have the next run propose once more what the first one did.
        study.sampler = optuna.samplers.TPESampler(seed=seed + len(_finished(study)), n_startup_trials=RANDOM)
        yield study
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError, RuntimeError) as error:
        if storage is not None and isinstance(error, RuntimeError):
            raise  # before, it is Optuna's word for a file of another version; later it is nothing that it says
        reason = str(error).splitlines()[0][:200]
        raise ConfigurationError(f"cannot use {path}: {reason}; move it away to begin a new search") from error
    finally:
        if storage is not None:
            storage.remove_session()
            storage.engine.dispose()


def search(study: "optuna.Study", space: Space, attempt: Attempt, trials: int, say: Callable[[str], None]) -> Best:
    """Go on with a study until it has that many finished trials, and give the best one.

    A trial that is worse after an epoch, from the second on, than the median of the others was there ends with it. One
    that fails counts in this run only.

    Args:
        study: with the trials of earlier runs.
        space: the same in all runs.
        attempt: that gives the loss of a proposal.
        trials: of all runs together.
        say: gets one line per trial.

    Raises:
        HistoryError: no trial was completed.
    """
    tool = library()
    state = tool.trial.TrialState
    done, failure = len(_finished(study)), ""
    if done:
        say(f"  {done} trials of an earlier search on this history are kept")
    elif not study.get_trials(deepcopy=False, states=(state.WAITING,)):
        study.enqueue_trial({name: getattr(space.start, name) for name in Proposal.__slots__})
    for number in range(done + 1, trials + 1):
        trial = study.ask(_distributions(space))
        proposal = Proposal(**trial.params)
        head = f"  trial {number} of {trials}: {_words(proposal)}"

        def report(epoch: int, loss: float, trial: "optuna.Trial" = trial) -> None:
            trial.report(loss, epoch)
            if trial.should_prune():
                raise tool.TrialPruned(f"ended after epoch {epoch} with loss {loss:.4f}")

        try:
            loss = attempt(proposal, report)
        except tool.TrialPruned as pruned:
            study.tell(trial, state=state.PRUNED)
            say(f"{head}: {pruned}, best {study.best_value:.4f}")
        except GatecastError as error:
            study.tell(trial, state=state.FAIL)
            failure = f"; the last one: {error}"
            say(f"{head}: failed: {error}")
        else:
            study.tell(trial, loss)
            say(f"{head}: loss {loss:.4f}, best {study.best_value:.4f}")
    if not study.get_trials(deepcopy=False, states=(state.COMPLETE,)):
        raise HistoryError(f"no trial of the search could be completed{failure}")
    best = study.best_trial
    place = [one.number for one in _finished(study)].index(best.number) + 1  # as it was said
    return Best(Proposal(**best.params), float(study.best_value), place)


def _finished(study: "optuna.Study") -> "list[optuna.trial.FrozenTrial]":
    state = library().trial.TrialState
    return study.get_trials(deepcopy=False, states=(state.COMPLETE, state.PRUNED))


def _distributions(space: Space) -> "dict[str, optuna.distributions.BaseDistribution]":
    kinds = library().distributions
    return {
        "window": kinds.CategoricalDistribution(space.windows),
        "part": kinds.CategoricalDistribution(space.parts),
        "units": kinds.CategoricalDistribution(space.units),
        "learning_rate": kinds.FloatDistribution(*LEARNING_RATES, log=True),
        "dropout": kinds.FloatDistribution(*DROPOUTS),
    }


def _words(proposal: Proposal) -> str:
    segment = "" if proposal.part == 1 else f" / {proposal.part}"
    return (
        f"window {proposal.window}, segment{segment or ' as usual'}, units {proposal.units}, "
        f"learning rate {proposal.learning_rate:.2g}, dropout {proposal.dropout:.2f}"
    )


def _name(prepared: Prepared, space: Space, usual: Architecture, settings: Settings) -> str:
    """Of the study: another history, contract or configuration is another search; the budget is not part of it."""
    asked = (prepared.contract, prepared.table.data_hash, space, usual, replace(settings, budget=1.0))
    return f"retrain-{hashlib.sha256(msgspec.json.encode(asked)).hexdigest()[:16]}"

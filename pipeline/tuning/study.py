"""A search that goes on where the last one stopped: Optuna proposes and keeps the study, `attempt` answers with a loss."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from edge.errors import ConfigurationError, GatecastError, HistoryError
from edge.quoting import counted

if TYPE_CHECKING:
    import optuna

LEARNING_RATES = (5e-4, 5e-3)
DROPOUTS = (0.0, 0.3)
UNPRUNED = 4  # complete trials before a trial is ended early
SETTLED = 2  # epochs of a trial before it is ended early
RANDOM = 6  # trials before what was learned guides the search


@dataclass(frozen=True, slots=True)
class Proposal:
    """Settings to try.

    Args:
        window: length of the window, in intervals.
        part: divisor of the usual segment: 1 takes all of it, 2 half, 4 a quarter.
        units: size of the state.
        learning_rate: learning rate at the first step.
        dropout: share of the decoded state left out in training.
    """

    window: int
    part: int
    units: int
    learning_rate: float
    dropout: float


@dataclass(frozen=True, slots=True)
class Space:
    """The choices of a search; a value that the configuration fixes is the only choice.

    Args:
        start: proposal that would be taken without a search; the first trial.
        windows: window lengths, in intervals.
        parts: divisors of the usual segment.
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
        loss: mean quantile loss on the validation part, in units of scale.
        trial: its number, from 1.
    """

    proposal: Proposal
    loss: float
    trial: int


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


@contextmanager
def open_study(path: Path, name: str, seed: int) -> "Iterator[optuna.Study]":
    """The study of that name in an SQLite file; made where it is not there.

    Args:
        path: SQLite file.
        name: name of the study.
        seed: seed of the proposals.

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
        # With one seed for all runs the next run would make the same proposals as the first one.
        study.sampler = optuna.samplers.TPESampler(seed=seed + len(_finished(study)), n_startup_trials=RANDOM)
        yield study
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError, RuntimeError) as error:
        if storage is not None and isinstance(error, RuntimeError):
            raise  # Optuna raises it for a file of another version, and only when the file is opened
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
        study: study, with the trials of earlier runs.
        space: choices, the same in all runs.
        attempt: function that gives the loss of a proposal.
        trials: number of trials of all runs together.
        say: function that gets one line per trial.

    Raises:
        HistoryError: no trial was completed.
    """
    tool = library()
    state = tool.trial.TrialState
    done, failure = len(_finished(study)), ""
    if done:
        say(f"  {counted(done, 'trial')} of an earlier search on this history are kept")
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
    number = [trial.number for trial in _finished(study)].index(best.number) + 1  # as it was said
    return Best(Proposal(**best.params), float(study.best_value), number)


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

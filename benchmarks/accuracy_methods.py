"""The methods of `benchmarks/accuracy.py`: what `gatecast retrain` would make, the baselines, ridge and LightGBM."""

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from edge.config.fleet import LONGEST_WINDOW
from edge.config.training_sections import Fleet, Train
from edge.contract.contract import Contract
from edge.contract.times import DAY
from edge.forecaster.baselines import Baseline, baselines
from edge.forecaster.forecaster import Forecaster
from pipeline.backtest.peers import lightgbm_direct, ridge
from pipeline.history.defaults import with_clock
from pipeline.history.prepared import Prepared
from pipeline.history.windows import judged_stride, samples
from pipeline.judging.contender import contender
from pipeline.judging.evaluation import Facts, backtest
from pipeline.processes.nursery import Nursery
from pipeline.release.candidates import Candidate, Plan, make_candidate
from pipeline.training.settings import Settings
from pipeline.tuning.choosing import Brief, choose

WEEK = 7  # days
WEEKS = (1, 4)  # windows of the peers
CHOSEN_ON = 20_000  # windows of the validation part that a peer's window is chosen on
PEERS: dict[str, Callable[..., Forecaster]] = {"ridge": ridge, "lightgbm": lightgbm_direct}


@dataclass(frozen=True, slots=True)
class Recipe:
    """How `retrain` is asked to train.

    Args:
        train: section `[train]` of the configuration.
        window: `[fleet] window`; None: the product chooses.
        nursery: warm processes that trainings are forked from.
    """

    train: Train = field(default_factory=Train)
    window: int | None = None
    nursery: Nursery | None = None

    def with_seed(self, seed: int) -> "Recipe":
        """The same with another seed."""
        return replace(self, train=msgspec.structs.replace(self.train, seed=seed))

    def fleet(self, horizon: int | None, quantiles: tuple[float, ...] | None = None, aggregation: str = "mean") -> Fleet:
        """Section `[fleet]` with what is asked for; all else is left to the product."""
        fleet = Fleet(horizon=horizon, window=self.window, aggregation="sum" if aggregation == "sum" else "mean")
        return fleet if quantiles is None else msgspec.structs.replace(fleet, quantiles=quantiles)


@dataclass(frozen=True, slots=True)
class Made:
    """A candidate, and where its training left its files.

    Args:
        prepared: history it was made from, with the window that the product has chosen.
        candidate: the candidate.
        settings: settings of its training.
        folder: folder of the exchange with the training process; it is gone when the next candidate is made.
    """

    prepared: Prepared
    candidate: Candidate
    settings: Settings
    folder: Path

    @property
    def validation(self) -> float:
        """Error on the validation part, by which `retrain` chooses of several candidates."""
        return self.candidate.loss(self.prepared.scale)


def as_retrain(prepared: Prepared, recipe: Recipe) -> Iterator[Made]:
    """The candidates that `gatecast retrain` would make of a history, one after the other."""
    contract = with_clock(prepared.contract, Fleet(), len(prepared.split.training))
    with tempfile.TemporaryDirectory(prefix="gatecast-") as name:
        tuned = choose(
            replace(prepared, contract=contract), Fleet(window=recipe.window), Brief(recipe.train, Path(name)), lambda _: None
        )
    plan = Plan(recipe.train.precisions, recipe.train.max_size, tuned.chosen, recipe.nursery)
    for architecture in tuned.architectures:
        with tempfile.TemporaryDirectory(prefix="gatecast-") as name:
            candidate = make_candidate(tuned.prepared, architecture, tuned.settings, Path(name), plan=plan)
            yield Made(tuned.prepared, candidate, tuned.settings, Path(name))


def plain(contract: Contract, days: int = WEEK) -> Contract:
    """The same grid, horizon and levels with a window of some days, however many intervals these are."""
    window = max(1, days * DAY // contract.interval)
    return Contract(contract.interval, window, contract.horizon, contract.quantiles, contract.aggregation)


def judging(contract: Contract) -> Contract:
    """The contract that says which windows are judged, the same for all methods: half of a week must be there.

    A week is at most 720 intervals here, as everywhere in the product.
    """
    return replace(plain(contract), window=min(plain(contract).window, LONGEST_WINDOW))


def all_baselines(contract: Contract) -> tuple[Baseline, ...]:
    """Every baseline of a window of a week, whatever the window of the product is."""
    return baselines(plain(contract))


def peer_contracts(contract: Contract, window: int | None) -> list[Contract]:
    """Windows of a week and of four, as far as they have at most 720 intervals; the past of the product where it has spans.

    Args:
        contract: grid, horizon and levels.
        window: intervals of the one that is asked for; None: see above.
    """
    if contract.coarse and window is None:
        return [contract]
    lengths = {min(plain(contract, WEEK * weeks).window, LONGEST_WINDOW) for weeks in WEEKS}
    lengths = lengths - {LONGEST_WINDOW} or {LONGEST_WINDOW}
    return [replace(judging(contract), window=length) for length in ([window] if window else sorted(lengths))]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A peer, fitted on the training part.

    Args:
        forecaster: the peer.
        seconds: time of the fit.
        validation: mean absolute error on the validation part, each series in units of its scale.
    """

    forecaster: Forecaster
    seconds: float
    validation: float


def fitted(name: str, prepared: Prepared, contract: Contract) -> Fitted:
    """Fit a peer on the training part; the validation part is for what it chooses itself, as for the networks."""
    table, parts, scale = prepared.table, prepared.split, prepared.scale
    training, validation = (samples(table, contract, part) for part in (parts.training, parts.validation))
    started = time.perf_counter()
    forecaster = PEERS[name](training, validation, contract, scale)
    seconds = time.perf_counter() - started
    facts = Facts(table, judging(contract), parts.validation, scale)
    stride = judged_stride(table, contract, parts.validation, CHOSEN_ON)
    (evaluation,) = backtest([contender(forecaster, table.names, table.names)], facts, stride)
    return Fitted(forecaster, seconds, evaluation.scaled_error(scale))

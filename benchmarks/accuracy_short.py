"""Rows of `benchmarks/accuracy.py` on short histories: what `retrain` makes of some weeks, and the four weeks after them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from accuracy_methods import PEERS, Recipe, all_baselines, as_retrain, fitted, judging, peer_contracts
from accuracy_rows import Short
from accuracy_sets import Cut, history

from edge.config.fleet import contract_at
from edge.contract.columns import Float64
from edge.contract.contract import Contract
from edge.contract.times import iso
from edge.forecaster.model import Model, open_forecaster
from pipeline.history.prepared import Prepared
from pipeline.history.usual import learned
from pipeline.judging.contender import Contender, contender, on_device
from pipeline.judging.evaluation import Evaluation, Facts, backtest, skills_against
from pipeline.release.decision import decide

LEAST_RATIO = 0.01  # a series that is forecast without any error must not decide the mean of all


def geometric_skill(skills: Float64) -> float | None:
    """1 - geometric mean over the series of (1 - skill), so that no single series decides; None where none is judged.

    Args:
        skills: skill on every series, float64 `[series]`; NaN where not judged.
    """
    ratios = np.maximum(1 - skills[np.isfinite(skills)], LEAST_RATIO)
    return float(1 - np.exp(np.log(ratios).mean())) if len(ratios) else None


def live(entrants: Mapping[str, Contender], cut: Cut, prepared: Prepared) -> dict[str, dict[str, Any]]:
    """Figures of each forecaster in the weeks after the history, as fields of rows, by the name of the method.

    Args:
        entrants: forecasters by the name of the method.
        cut: history and the weeks after it.
        prepared: the history as the product prepared it; series that it left out are not judged.
    """
    table = cut.table.take([cut.table.names.index(name) for name in prepared.table.names])
    base = [contender(baseline, table.names) for baseline in all_baselines(prepared.contract)]
    facts = Facts(table, judging(prepared.contract), cut.live, prepared.scale)
    evaluations = backtest([*entrants.values(), *base], facts)
    references = evaluations[len(entrants) :]
    by_method = dict(zip(entrants, evaluations, strict=False))
    by_method |= {reference.forecaster: reference for reference in references}
    return {method: _fields(evaluation, references) for method, evaluation in by_method.items()}


def _fields(evaluation: Evaluation, references: Sequence[Evaluation]) -> dict[str, Any]:
    skills = skills_against(evaluation, references)
    return {
        "skill": geometric_skill(skills),
        "skills": {
            name: float(skill) if np.isfinite(skill) else None for name, skill in zip(evaluation.names, skills, strict=True)
        },
        "coverage": evaluation.coverage if np.isfinite(evaluation.coverage) else None,
        "facts": int(evaluation.count.sum()),
    }


def _common(cut: Cut, contract: Contract) -> dict[str, Any]:
    begin = cut.table.start + cut.begin * cut.table.interval
    return {"set": cut.name, "horizon": contract.horizon, "weeks": cut.weeks, "live": iso(begin)}


def peer_rows(cut: Cut, horizon: int | None, methods: Sequence[str], window: int | None = None) -> Iterator[Short]:
    """Baselines, ridge and LightGBM; peers are fitted on the parts that the network is fitted on.

    Args:
        cut: history and the weeks after it.
        horizon: intervals ahead; None: what the product takes, a day.
        methods: `baselines`, `ridge`, `lightgbm`; others are passed over.
        window: window of the peers; None: a week.
    """
    contract = contract_at(Recipe().fleet(horizon), cut.table.interval)
    prepared = history(cut.table, cut.begin, contract)
    seen = peer_contracts(contract, window)[0]
    peers = {method: fitted(method, prepared, seen) for method in methods if method in PEERS}
    names, told = prepared.table.names, learned(prepared.table, prepared.split.training.stop)
    figures = live(
        {method: contender(peer.forecaster, names, names, meanings=told) for method, peer in peers.items()}, cut, prepared
    )
    for method, fields in figures.items():
        if method in peers:
            peer = peers[method]
            extra: dict[str, Any] = {"window": seen.window, "seconds": peer.seconds, "validation": peer.validation}
            yield Short(method=method, **_common(cut, contract), **extra, **fields)
        elif "baselines" in methods:
            yield Short(method=method, **_common(cut, contract), **fields)


def network_rows(cut: Cut, horizon: int | None, recipe: Recipe) -> Iterator[Short]:
    """The candidate that `retrain` chooses, and what its gate lets out where nothing was live before.

    Args:
        cut: history and the weeks after it.
        horizon: intervals ahead; None: what the product takes, a day.
        recipe: settings of the training.
    """
    asked = history(cut.table, cut.begin, contract_at(recipe.fleet(horizon), cut.table.interval))
    made = list(as_retrain(asked, recipe))
    prepared = made[0].prepared
    release = decide(prepared, [each.candidate for each in made], None, recipe.train)
    chosen = next(each for each in made if each.candidate is release.chosen.candidate)
    network, out = chosen.candidate.bundle, release.goes_out
    names = prepared.table.names
    entrants = {"network": on_device(Model(network), network, names)}
    if out is not None:
        entrants["gate"] = on_device(open_forecaster(out), out, names)
    figures, file = live(entrants, cut, prepared), network.manifest.model
    for method in entrants:
        yield Short(
            method=method,
            **_common(cut, prepared.contract),
            window=prepared.contract.window,
            cell=None if file is None else file.cell,
            design=None if file is None else file.design,
            members=chosen.settings.members,
            seed=chosen.settings.seed,
            validation=chosen.validation,
            seconds=sum(each.candidate.record.seconds for each in made),
            size=len(network.model or b""),
            forecaster="network" if method == "network" or out is None else out.manifest.baseline or "network",
            held_out=release.chosen.trial.verdict.skill,
            **figures[method],
        )

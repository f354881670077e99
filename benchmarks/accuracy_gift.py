"""Rows of `benchmarks/accuracy.py` on windows of GIFT-Eval (Aksu et al., 2024), "short", as far as ETT can make them."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from accuracy_methods import PEERS, Recipe, all_baselines, as_retrain, fitted, judging, peer_contracts
from accuracy_rows import Gift
from accuracy_sets import GIFT_HORIZON, GIFT_LEVELS, gift_origins, history

from edge.config.fleet import contract_at
from edge.contract.contract import Contract
from edge.forecaster.model import Model
from pipeline.history.prepared import Prepared
from pipeline.history.table import Table
from pipeline.judging.contender import Contender, contender, on_device
from pipeline.judging.evaluation import Facts, backtest
from pipeline.judging.metrics import mae, mase, mean_over, naive_error, weighted_quantile_loss


def judged(entrant: Contender, table: Table, contract: Contract) -> dict[str, Any]:
    """Weighted quantile loss and MASE over all windows, as fields of a row.

    A forecaster without quantiles gives its median for each level; its loss is then the sum of |error| / sum of |fact|.

    Args:
        entrant: forecaster.
        table: whole set.
        contract: grid, horizon and levels.
    """
    season, origins = contract.season() or 1, gift_origins(table)
    loss, fact, scaled = 0.0, 0.0, []
    for origin in origins:
        (evaluation,) = backtest([entrant], Facts(table, judging(contract), range(origin, origin + GIFT_HORIZON)))
        half = evaluation.pinball if entrant.forecaster.intervals else evaluation.absolute_error / 2
        loss, fact = loss + float(half.sum()), fact + float(evaluation.absolute_fact.sum())
        error = mae(evaluation.absolute_error.sum(axis=1), evaluation.count.sum(axis=1))
        scaled.append(mase(error, naive_error(table.values[:, :origin], season)))
    return {
        "weighted_quantile_loss": float(weighted_quantile_loss(np.asarray(loss), np.asarray(fact))),
        "mase": float(mean_over(np.stack(scaled), axis=(0, 1))),
        "windows": len(origins),
    }


def _asked(table: Table, name: str, recipe: Recipe) -> Prepared:
    """The history before the first window, as the product prepares it."""
    fleet = recipe.fleet(GIFT_HORIZON, GIFT_LEVELS, "sum" if name.endswith("/H") else "mean")
    return history(table, gift_origins(table)[0], contract_at(fleet, table.interval))


def peer_rows(name: str, table: Table, methods: Sequence[str], window: int | None = None) -> Iterator[Gift]:
    """Baselines, ridge and LightGBM.

    Args:
        name: name of the set.
        table: whole set.
        methods: `baselines`, `ridge`, `lightgbm`; others are passed over.
        window: window of the peers; None: a week, and four where they fit, a row for each.
    """
    prepared = _asked(table, name, Recipe())
    contract, names = prepared.contract, table.names
    for baseline in all_baselines(contract) if "baselines" in methods else ():
        figures = judged(contender(baseline, names), table, contract)
        yield Gift(set=name, horizon=GIFT_HORIZON, method=baseline.name, **figures)
    for method in methods:
        for seen in peer_contracts(contract, window) if method in PEERS else ():
            peer = fitted(method, prepared, seen)
            figures = judged(contender(peer.forecaster, names, prepared.table.names), table, contract)
            extra: dict[str, Any] = {"window": seen.window, "seconds": peer.seconds, "validation": peer.validation}
            yield Gift(set=name, horizon=GIFT_HORIZON, method=method, **extra, **figures)


def network_rows(name: str, table: Table, recipe: Recipe) -> Iterator[Gift]:
    """The candidates that `gatecast retrain` would judge."""
    for made in as_retrain(_asked(table, name, recipe), recipe):
        manifest = made.candidate.bundle.manifest
        file, contract = manifest.model, manifest.contract
        if file is None:
            raise TypeError
        yield Gift(
            set=name,
            horizon=contract.horizon,
            method="gatecast",
            window=contract.window,
            cell=file.cell,
            design=file.design,
            members=made.settings.members,
            seed=made.settings.seed,
            validation=made.validation,
            seconds=made.candidate.record.seconds,
            size=file.size,
            **judged(on_device(Model(made.candidate.bundle), made.candidate.bundle, table.names), table, contract),
        )

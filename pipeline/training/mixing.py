"""Trained networks and simple forecasts, mixed and calibrated on the validation part."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from edge.contract.columns import Float32, Float64, Int32, Int64
from edge.contract.contract import Context, Contract
from edge.forecaster.level import level
from pipeline.history.windows import LONGEST_PART, Samples, evenly
from pipeline.mixture.calibration import Calibration, factors, last_days
from pipeline.mixture.linear import centred, filled, fit_linear, moved, thin
from pipeline.mixture.weights import PARTS, choose_weights, independent, mixed
from pipeline.training.architecture import Architecture
from pipeline.training.build import assemble, begun, forecast, restore
from pipeline.training.fit import series_scale
from pipeline.training.settings import Fit, Settings

if TYPE_CHECKING:
    from pipeline.training.members import Members
    from pipeline.training.network import Network


MOST_FACTS = 1_000_000  # of a part, windows times leads: all forecasts of them are in memory at once
EARLIER = 4  # times the validation windows, the most windows of the training part that weights are chosen on


def mix(
    architecture: Architecture,
    contract: Contract,
    trained: Fit,
    training: Samples,
    validation: Samples,
    settings: Settings,
) -> "Members":
    """Trained networks as one, with weights of simple forecasts and intervals that hold.

    Both come from the validation part, which no network was fitted to. Where that is short, weights are chosen on the newest
    of the training part as well, up to four weeks together: what the starter forecasts there stands for the networks, as
    they have seen the facts, and the starter has not.

    Args:
        architecture: cell, design and sizes of the networks.
        contract: shapes and levels.
        trained: networks, from `fit_members`.
        training: windows that networks and the linear forecast are fitted to.
        validation: later windows, that nothing was fitted to.
        settings: number of validation windows, and whether there is a starter.
    """
    count = len(validation.values)
    networks = [restore(architecture, contract, count, weights) for weights in trained.members]
    others = [restore(architecture, contract.untold, count, weights) for weights in trained.untold]
    scale = np.nan_to_num(series_scale(training, contract))
    linear = thin(fit_linear(training, validation, contract, scale))
    plain = assemble(networks, Calibration.of(contract, count), others)
    most = max(1, MOST_FACTS // contract.horizon)
    newest = _Judged.of(plain, linear, validation, evenly(len(validation), min(settings.validation_windows, most)))
    earlier = before(training, validation, contract)
    starter = begun(architecture, contract, scale) if settings.starter else None
    known = [newest]
    if starter is not None and len(earlier):
        capped = min(EARLIER * settings.validation_windows, most)
        few, some = as_dense(len(newest.rows), len(validation), len(earlier), capped)
        newest = replace(newest, weighing=evenly(len(newest.rows), few))
        known = [newest, _Judged.of(starter, None, earlier, evenly(len(earlier), some))]
    if contract.known:
        # The starter cannot stand for networks that are told of coming values: it would be too bad beside the simple forecasts.
        told = validation.told(contract)
        held = evenly(len(told), min(settings.validation_windows, most))
        weights, widened = _chosen([_Judged.of(plain, linear, told, held)], scale)
    else:
        weights, widened = _chosen(known, scale)
    # A device without the coming values of inputs has forecasts of another quality, and so has the network there.
    untold = _chosen([each.untold for each in known], scale) if contract.known else None
    return assemble(networks, Calibration(weights, linear, widened, untold), others)


def before(training: Samples, validation: Samples, contract: Contract, longest: int = LONGEST_PART) -> Samples:
    """The newest samples of the training part that together with the validation part cover a length of time.

    Args:
        training: samples of the training part.
        validation: samples of the validation part, one at least.
        contract: interval and horizon.
        longest: length of that time, ns.
    """
    room = longest // contract.interval - int(np.ptp(validation.origin)) - contract.horizon
    newest = training.origin > training.origin.max(initial=0) - room
    return replace(training, series=training.series[newest], origin=training.origin[newest])


def as_dense(judged: int, validation: int, earlier: int, most: int) -> tuple[int, int]:
    """How many windows of the validation part and of the time before it make a day of both weigh the same.

    Args:
        judged: windows of the validation part that are forecast.
        validation: all windows of the validation part.
        earlier: all windows of the time before it, one at least.
        most: the most of these that can be forecast.
    """
    wanted = -(-judged * earlier // validation)
    some = min(wanted, most)
    return -(-judged * some // wanted), some


@dataclass(frozen=True, slots=True)
class _Judged:
    """Windows that weights and factors are chosen on, and who forecasts them.

    Args:
        network: networks alone.
        windows: float64 `[n, columns]`.
        facts: values that they are to forecast, float64 `[n, horizon]`, NaN for missing.
        rows: row of the series of each window, int32 `[n]`.
        others: simple forecasts, float64 `[parts, n, horizon]`; NaN where one has none that is worth anything.
        context: facts known beside the windows.
        count: number of independent forecasts among them.
        weighing: numbers of the windows that weights are chosen on, int64 `[≤ n]`; factors are chosen on all.
    """

    network: "Network | Members"
    windows: Float64
    facts: Float64
    rows: Int32
    others: Float64
    context: Context
    count: float
    weighing: Int64

    @classmethod
    def of(cls, network: "Network | Members", linear: Sequence[Float64] | None, some: Samples, held: Int64) -> "_Judged":
        """The chosen samples.

        Args:
            network: networks alone.
            linear: factors of the linear forecast; None where it was fitted to these samples.
            some: samples.
            held: numbers of the chosen ones, int64 `[n]`, one at least.
        """
        contract = network.contract
        windows, origin = some.windows(held, contract), some.origin[held]
        others = simple(linear, contract, windows)
        count = independent(int(np.ptp(origin)), contract)
        facts, context, every = some.targets(held, contract), some.context(held, contract), np.arange(len(held))
        return cls(network, windows, facts, some.series[held], others, context, count, every)

    @property
    def untold(self) -> "_Judged":
        """The same without any coming value of an input."""
        return replace(self, context=Context(self.context.origin))

    def quantiles(self, series: Int32) -> Float64:
        """What the networks forecast, float64 `[n, horizon, quantiles]`; `series` as they know it, int32 `[n]`."""
        return forecast(self.network, self.windows, series, self.context)

    def forecasts(self, quantiles: Float64) -> Float64:
        """Forecasts of networks and parts, float64 `[1 + parts, n, horizon]`; networks stand in for a missing one."""
        median = quantiles[:, :, self.network.contract.median]
        return np.stack([median, *(np.where(np.isfinite(other), other, median) for other in self.others)])


def _chosen(known: Sequence[_Judged], scale: Float64) -> tuple[Float64, Float32]:
    """Weights of the simple forecasts and factors of the steps, as `Calibration` has them.

    Args:
        known: windows to choose the weights on; those of the first ones decide on the factors.
        scale: spread of every series in the training part, float64 `[series]`.
    """
    newest, contract = known[0], known[0].network.contract
    facts, rows = (np.concatenate([getattr(each, name)[each.weighing] for each in known]) for name in ("facts", "rows"))
    # Every window comes twice, first as one of an unknown series: a new sensor is forecast so until the next training.
    weights, widened = np.zeros((1 + len(scale), len(PARTS))), []
    for named in (False, True):
        index = [each.rows + np.int32(1) if named else np.zeros_like(each.rows) for each in known]
        quantiles = [each.quantiles(series) for each, series in zip(known, index, strict=True)]
        parts = [each.forecasts(own) for each, own in zip(known, quantiles, strict=True)]
        count = sum(each.count for each in known)
        weighed = np.concatenate([part[:, each.weighing] for each, part in zip(known, parts, strict=True)], axis=1)
        fleet, own = choose_weights(weighed, facts, rows, scale, count)
        if named:
            weights[1:] = own
        else:
            weights[0] = fleet
        moved = mixed(parts[0], weights[index[0]]) - parts[0][0]
        widened.append(factors(quantiles[0] + moved[:, :, None], newest.facts, newest.count, contract))
    return weights, np.stack(widened)


def simple(linear: Sequence[Float64] | None, contract: Contract, windows: Float64) -> Float64:
    """The simple forecasts that may have a weight, in the order of `weights.PARTS`, float64 `[parts, n, horizon]`.

    NaN where one has no forecast.

    Args:
        linear: factors of the linear forecast, from `linear.thin`; None: it has no forecast.
        contract: shape and grid.
        windows: float64 `[n, columns]`.
    """
    unknown, days = np.zeros(len(windows), np.int32), last_days(contract)
    inputs = centred(windows, unknown, np.zeros(0))
    last = level(windows)[:, None]
    nothing = np.full((len(windows), contract.horizon), np.nan)
    ahead = nothing if linear is None else last + moved(filled(inputs.values), linear) * inputs.unit
    usual = nothing if days is None else days.predict(windows, unknown)[:, :, contract.median]
    return np.stack([ahead, usual, np.broadcast_to(last, nothing.shape)])

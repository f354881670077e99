"""Other methods that the networks are measured against: fitted on the same samples, with the interface of a forecaster.

All learn differences to the last value of the window, in units of the spread of the series, as the networks do. If a
method gives no quantiles, they are made from its errors on the validation part, quantile by quantile and lead by lead
(split conformal prediction, Papadopoulos et al., 2002).
"""

import importlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from edge.contract.columns import Float32, Float64, Int32, Int64
from edge.contract.contract import Context, Contract
from edge.errors import ConfigurationError
from edge.forecaster.forecaster import AllQuantiles
from edge.forecaster.level import is_known
from edge.forecaster.outliers import without_outliers
from pipeline.history.windows import Samples
from pipeline.mixture.linear import BLOCK, CHECKED, LEARNED, Centred, centred, cut, filled, fit_linear, some_rows

TREE_WINDOWS, LEADS_EACH = 40_000, 8
TREES = 200


def _offsets(errors: Float64, levels: tuple[float, ...]) -> Float64:
    """Differences of every quantile from the median, float64 `[horizon, quantiles]`: ascending, 0 at the median.

    Args:
        errors: fact minus median, float64 `[n, horizon]`, NaN for missing.
        levels: level of each quantile, 0…1.
    """
    errors = np.where(np.isfinite(errors).any(axis=0), errors, 0.0)
    quantiles = np.nanquantile(errors, levels, axis=0).T
    sides = np.sign(np.asarray(levels) - 0.5)
    return np.where(sides < 0, np.minimum(quantiles, 0), np.where(sides > 0, np.maximum(quantiles, 0), 0.0))


def _quantiles(median: Float64, offsets: Float64, windows: Centred) -> Float64:
    """Forecasts in the sensor's unit, float64 `[n, horizon, quantiles]`."""
    return (median[:, :, None] + offsets) * windows.unit[:, :, None] + windows.last[:, :, None]


@dataclass(frozen=True, slots=True)
class Ridge(AllQuantiles):
    """One linear map from the window to all leads, for every series (NLinear; Zeng et al., 2023).

    Args:
        name: name of the method.
        contract: shape and grid.
        weights: float64 `[window, horizon]`.
        offsets: differences of the quantiles from the median, float64 `[horizon, quantiles]`.
        scale: spread of every series, float64 `[series]`.
    """

    name: str
    contract: Contract
    weights: Float64
    offsets: Float64
    scale: Float64

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """As `Forecaster.predict`."""
        del context
        inputs = centred(windows, series, self.scale)
        return _quantiles(filled(inputs.values) @ self.weights, self.offsets, inputs)


def ridge(
    training: Samples, validation: Samples, contract: Contract, scale: Float64, most: int = LEARNED, block: int = BLOCK
) -> Ridge:
    """Least squares with a penalty on the weights, in closed form; the penalty is the best one on the validation part.

    The windows are taken in blocks, so memory does not grow with the history.

    Args:
        training: samples to fit on, one or more.
        validation: samples to choose the penalty and the quantiles on.
        contract: shape and grid.
        scale: spread of every series in the training part, float64 `[series]`.
        most: most windows that are fitted on.
        block: number of windows that are in memory at once.
    """
    fitted = fit_linear(training, validation, contract, scale, most, block)
    return Ridge("ridge", contract, fitted.weights, _offsets(fitted.errors, contract.quantiles), scale)


def _library(name: str) -> Any:  # noqa: ANN401 - it has no types of ours
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        package = name.partition(".")[0]
        raise ConfigurationError(f"{package} is not installed; in a clone of the repository: pip install '.[peers]'") from error


def lags_within(window: int) -> list[int]:
    """Numbers of intervals to look back: 1, 2, 3, 4, 6, 8, 12, 16 and so on, up to the window."""
    steps = sorted({step << power for power in range(16) for step in (1, 3)} | {1, 2})
    return [step for step in steps if step <= window]


def features(values: Float64, row: Int64, lead: Int64, contract: Contract) -> Float32:
    """Inputs of the trees for a window and a lead, float32 `[pairs, features]`; NaN for missing.

    The lead; values and means some intervals back, and values of spans; where a day fits, the value at the target's time of
    day on earlier days, as it is and against the value at the origin's time of day then, and the means of both.

    Args:
        values: windows without level and unit, float64 `[n, columns]`.
        row: row of the window, int64 `[pairs]`.
        lead: number of the lead, 0…horizon - 1, int64 `[pairs]`.
        contract: shape and grid.
    """
    lags, end = lags_within(contract.window), 0
    total = np.cumsum(filled(values[:, : -contract.window - 1 : -1]), axis=1)
    back = [values[:, -lag] for lag in lags] + [total[:, lag - 1] / lag for lag in lags[1:]]
    for part in contract.coarse:
        end += part.count
        back += [values[:, end - lag] for lag in lags_within(part.count)]
    columns = [lead.astype(np.float64), *np.stack(back)[:, row]]
    season = contract.season()
    days = contract.covered // season if season else 0
    if season and days:
        before = season * np.arange(1, min(days, 7) + 1)
        then = _drawn(values, row[:, None], before - (lead % season)[:, None], contract)
        change = then - _drawn(values, row[:, None], np.minimum(before + 1, contract.covered), contract)
        for group in (then, change):
            known = np.isfinite(group)
            count = np.maximum(known.sum(axis=1), 1)
            columns += [*group.T, np.where(known, group, 0).sum(axis=1) / count]
    return np.stack(columns, axis=1).astype(np.float32)


def _drawn(values: Float64, row: Int64, back: Int64, contract: Contract) -> Float64:
    """Values of windows some intervals before their origins, float64 of the shape of row and back together."""
    newer, older, share = contract.drawn(back)
    value = values[row, newer]
    return value if not contract.coarse else value + share * (values[row, older] - value)


@dataclass(frozen=True, slots=True)
class Trees(AllQuantiles):
    """Gradient-boosted trees with the lead as a feature, one model for all series and leads.

    Args:
        name: name of the method.
        contract: shape and grid.
        booster: fitted booster of LightGBM.
        offsets: differences of the quantiles from the median, float64 `[horizon, quantiles]`.
        scale: spread of every series, float64 `[series]`.
    """

    name: str
    contract: Contract
    booster: Any
    offsets: Float64
    scale: Float64

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """As `Forecaster.predict`."""
        del context
        inputs = centred(windows, series, self.scale)
        return _quantiles(_boosted(self.booster, inputs.values, self.contract), self.offsets, inputs)


def _boosted(booster: Any, values: Float64, contract: Contract) -> Float64:  # noqa: ANN401
    """Medians at every lead, float64 `[n, horizon]`."""
    horizon = contract.horizon
    row, lead = np.divmod(np.arange(len(values) * horizon), horizon)
    if not len(row):
        return np.zeros((0, horizon))
    return cast("Float64", booster.predict(features(values, row, lead, contract), num_threads=1).reshape(-1, horizon))


def lightgbm_direct(
    training: Samples,
    validation: Samples,
    contract: Contract,
    scale: Float64,
    progress: Callable[[int, int], None] | None = None,
) -> Trees:
    """LightGBM (Ke et al., 2017) with absolute loss on a random choice of windows and leads.

    Args:
        training: samples to fit on, one or more.
        validation: samples to choose the number of trees and the quantiles on.
        contract: shape and grid.
        scale: spread of every series in the training part, float64 `[series]`.
        progress: function that is called after each tree with the number of trees so far and at most.

    Raises:
        ConfigurationError: LightGBM is not installed.
    """
    library = _library("lightgbm")
    x, y = _pairs(training, TREE_WINDOWS, contract, scale)
    data = library.Dataset(x, y, params={"verbosity": -1, "max_bin": 127})
    checked = library.Dataset(*_pairs(validation, CHECKED, contract, scale), reference=data)
    settings = {
        "objective": "l1",
        "learning_rate": 0.1,
        "num_leaves": 63,
        "min_data_in_leaf": 100,
        "feature_fraction": 0.7,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "max_bin": 127,
        "num_threads": 1,
        "verbosity": -1,
        "seed": 0,
        "deterministic": True,
        "force_row_wise": True,
    }
    callbacks = [library.early_stopping(20, verbose=False)]
    if progress is not None:
        callbacks.append(lambda state: progress(state.iteration + 1, TREES))
    booster = library.train(settings, data, TREES, valid_sets=[checked], callbacks=callbacks)
    windows, targets = cut(validation, some_rows(validation, CHECKED // 4), contract, scale)
    errors = targets - _boosted(booster, windows.values, contract)
    return Trees("lightgbm", contract, booster, _offsets(errors, contract.quantiles), scale)


def _pairs(chosen: Samples, most: int, contract: Contract, scale: Float64) -> tuple[Float32, Float32]:
    """Features and targets of some windows, a few leads of each; targets that are missing are left out."""
    random, rows = np.random.default_rng(1), some_rows(chosen, most)
    each = min(LEADS_EACH, contract.horizon)
    xs, ys = [], []
    for start in range(0, len(rows), BLOCK):
        windows, targets = cut(chosen, rows[start : start + BLOCK], contract, scale)
        lead = np.argsort(random.random(targets.shape), axis=1)[:, :each].ravel()
        row = np.repeat(np.arange(len(targets)), each)
        known = np.isfinite(targets[row, lead])
        xs.append(features(windows.values, row[known], lead[known], contract))
        ys.append(targets[row[known], lead[known]].astype(np.float32))
    return np.concatenate(xs), np.concatenate(ys)


@dataclass(frozen=True, slots=True)
class Local(AllQuantiles):
    """A statistical model fitted anew on every window; gaps are bridged by straight lines.

    Args:
        name: name of the method.
        contract: shape and grid.
        model: model of statsforecast.
        fallback: model of statsforecast for windows that the first cannot be fitted on.
        progress: function that is called after each window.
    """

    name: str
    contract: Contract
    model: Any
    fallback: Any
    progress: Callable[[], None] | None = None

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """As `Forecaster.predict`; the series is not used."""
        del series, context
        shape = (len(windows), self.contract.horizon, len(self.contract.quantiles))
        forecasts = np.full(shape, np.nan)
        for row, window in enumerate(without_outliers(windows)):
            known = np.flatnonzero(is_known(window))
            if len(known):
                steps = np.arange(known[0], len(window))
                forecasts[row] = self._fit(np.interp(steps, known, window[known]))
            if self.progress is not None:
                self.progress()
        return forecasts

    def _fit(self, values: Float64) -> Float64:
        levels = self.contract.quantiles
        wanted = {level: round(100 * abs(1 - 2 * level), 6) for level in levels if level != 0.5}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for model in (self.model, self.fallback):
                try:
                    forecast = model.forecast(y=values, h=self.contract.horizon, level=sorted(set(wanted.values())) or None)
                except Exception:  # noqa: BLE001, S112 - the library raises bare exceptions
                    continue
                if np.isfinite(forecast["mean"]).all():
                    break
            else:
                return np.full((self.contract.horizon, len(levels)), np.nan)
        named = {level: f"{'lo' if level < 0.5 else 'hi'}-{width}" for level, width in wanted.items()}
        return np.sort(np.stack([forecast[named.get(level, "mean")] for level in levels], axis=1), axis=1)


def statsforecast(contract: Contract, progress: Callable[[], None] | None = None) -> Local:
    """AutoETS: exponential smoothing chosen anew for every window (Hyndman and Khandakar, 2008), a quarter of a second each.

    With a season of a day where the window holds two; the intervals are the method's own.

    Args:
        contract: shape and grid.
        progress: function that is called after each window.

    Raises:
        ConfigurationError: statsforecast is not installed.
    """
    models = _library("statsforecast.models")
    season = contract.season() or 1
    length = season if 2 * season <= contract.window else 1
    return Local("auto_ets", contract, models.AutoETS(season_length=length), models.Naive(), progress)

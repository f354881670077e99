"""Which precision of a trained model goes out: the quickest on the device runtime that forecasts as well as float32."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edge.contract.columns import Float32, Int32
from edge.errors import BundleError
from edge.forecaster.bundle import Bundle
from edge.forecaster.manifest import Conversion, Precision
from edge.forecaster.model import Model, relative_error
from pipeline.history.table import Table
from pipeline.history.windows import judged_stride
from pipeline.judging.evaluation import Evaluation, backtest, contender
from pipeline.release.parity import parity

WORSE = 0.005  # share by which the error of a smaller precision may be above that of float32
AS_QUICK = 0.95  # a precision must take less than this share of another's time to count as quicker: a clock is noisy
PROBED = 0.5  # of the spread: int8 rounds a window by itself by more than many together, nonsense is far beyond
ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Pairs:
    """What the network forecast before conversion.

    Args:
        windows: real ones, with their gaps, float32 `[n, window]`.
        series: of the windows, 0 = unknown, int32 `[n]`.
        forecasts: float32 `[n, horizon, quantiles]`.
        units: spread of the series of each window, float32 `[n]`; None where it is not known.
    """

    windows: Float32
    series: Int32
    forecasts: Float32
    units: Float32 | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen.

    Args:
        bundle: to release.
        conversions: of all precisions, the chosen one first.
        evaluation: of the chosen one, on the validation part.
    """

    bundle: Bundle
    conversions: tuple[Conversion, ...]
    evaluation: Evaluation


def choose_precision(
    bundles: Mapping[Precision, Bundle],
    pairs: Pairs,
    probes: Pairs,
    table: Table,
    part: range,
    scale: Float32,
    largest: int | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Choice:
    """Judge every precision on the device runtime, at batch 1 and batch 64.

    Args:
        bundles: by precision; `float32` is among them.
        pairs: for parity, each in units of its series.
        probes: the same for extraordinary windows, each by itself.
        table: the grid.
        part: columns to measure the error on: the validation part, for the held-out part has no say in choices.
        scale: of every series, float32 `[series]`; errors are put together in units of it.
        largest: bytes a file may have; None: any. Where none is that small, the verdict says so.
        clock: seconds.

    Raises:
        BundleError: float32 does not forecast as its network.
    """
    found: dict[Precision, float] = {}
    refused: dict[Precision, str] = {}
    for precision, bundle in bundles.items():
        try:
            found[precision] = parity(pairs.forecasts, bundle, pairs.windows, pairs.series, units=pairs.units)
            _probe(bundle, probes)
        except BundleError as error:
            if precision == "float32":
                raise
            refused[precision] = str(error)[:200]
    models = {precision: Model(bundles[precision]) for precision in found}
    rivals = [contender(model, table.names, bundles[one].manifest.series) for one, model in models.items()]
    contract = bundles["float32"].manifest.contract
    stride = judged_stride(table, contract, part)
    evaluations = dict(zip(models, backtest(rivals, table, contract, part, stride, scale), strict=True))
    errors = {one: evaluation.scaled_error(scale) for one, evaluation in evaluations.items()}
    times = dict(zip(models, microseconds(list(models.values()), pairs.windows, pairs.series, clock), strict=True))
    least = errors["float32"]
    shares = {one: error / least if least > 0 else float("nan") for one, error in errors.items()}
    refused |= {one: f"its error is {share:.2%} of float32's" for one, share in shares.items() if not share <= 1 + WORSE}
    quickest: Precision = "float32"
    for precision in sorted(set(models) - refused.keys() - {"float32"}):
        if _too_large(bundles[precision], largest) != _too_large(bundles[quickest], largest):
            quickest = quickest if _too_large(bundles[precision], largest) else precision
            continue
        pace, best = math.prod(times[precision]), math.prod(times[quickest])
        smaller = _size(bundles[precision]) < _size(bundles[quickest])
        if pace < best * AS_QUICK**2 or (smaller and pace * AS_QUICK**2 <= best):
            quickest = precision
    table_of = {
        precision: Conversion(
            precision,
            _size(bundle),
            found.get(precision),
            shares.get(precision),
            times.get(precision),
            refused.get(precision),
        )
        for precision, bundle in bundles.items()
    }
    order = sorted(table_of, key=lambda one: one != quickest)
    return Choice(bundles[quickest], tuple(table_of[one] for one in order), evaluations[quickest])


def microseconds(
    models: Sequence[Model], windows: Float32, series: Int32, clock: Callable[[], float] = time.perf_counter
) -> list[tuple[float, float]]:
    """Time per forecast at batch 1 and batch 64 on this machine: the best of some rounds, in which the models take turns.

    Args:
        models: to time.
        windows: float32 `[n, window]`; up to 64 are used.
        series: int32 `[n]`.
        clock: seconds.
    """
    windows, series = windows[:64], series[:64]
    best = [[math.inf, math.inf] for _ in models]
    for round_ in range(ROUNDS + 1):
        for model, times in zip(models, best, strict=True):
            for place, batch in enumerate((1, 64)):
                started = clock()
                for start in range(0, len(windows), batch):
                    model.predict(windows[start : start + batch], series[start : start + batch])
                if round_:  # the first one makes the interpreters
                    times[place] = min(times[place], (clock() - started) / max(len(windows), 1) * 1e6)
    return [(single, many) for single, many in best]


def _probe(bundle: Bundle, probes: Pairs) -> None:
    """Compare extraordinary windows: a rounded constant that no ordinary window meets makes nonsense of these.

    Raises:
        BundleError: a forecast is not finite, or far from the network's.
    """
    found = Model(bundle).predict(probes.windows, probes.series)
    for place, expected in enumerate(probes.forecasts):
        row = slice(place, place + 1)
        error = relative_error(expected[None], found[row], probes.windows[row])
        if not error <= PROBED:
            level = np.nanmean(probes.windows[place])
            raise BundleError(f"it fails on a window of values about {level:.6g} by {error:.3g} of the spread")


def _too_large(bundle: Bundle, largest: int | None) -> bool:
    return largest is not None and _size(bundle) > largest


def _size(bundle: Bundle) -> int:
    return len(bundle.model or b"")

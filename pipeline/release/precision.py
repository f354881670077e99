"""Which precision of a trained model is released: the quickest on the device runtime that forecasts as well as float32."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge.contract.columns import Float64, Int32
from edge.contract.contract import Context
from edge.errors import BundleError
from edge.forecaster.bundle import Bundle
from edge.forecaster.forecaster import Forecaster
from edge.forecaster.manifest import Conversion, Precision
from edge.forecaster.model import Model, relative_error
from pipeline.history.windows import judged_stride
from pipeline.judging.contender import on_device
from pipeline.judging.evaluation import Evaluation, Facts, backtest
from pipeline.release.parity import Pairs, parity

WORSE = 0.005  # share by which the error of a smaller precision may be above that of float32
AS_QUICK = 0.95  # a precision must take less than this share of another's time to count as quicker: a clock is noisy
PROBED = 0.5  # of the spread: int8 rounds a single window by more than many together; a wrong constant gives far more
ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Choice:
    """The precision that is released, and the figures of all of them.

    Args:
        bundle: the bundle to release.
        conversions: figures of each precision, the chosen one first.
        evaluation: errors of the chosen one on the validation part.
    """

    bundle: Bundle
    conversions: tuple[Conversion, ...]
    evaluation: Evaluation


def choose_precision(
    bundles: Mapping[Precision, Bundle],
    pairs: Pairs,
    probes: Pairs,
    facts: Facts,
    largest: int | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Choice:
    """Judge every precision on the device runtime, at batch 1 and batch 64.

    Args:
        bundles: one bundle per precision; `float32` is among them.
        pairs: windows for parity, each in units of its series.
        probes: the same for extraordinary windows, each by itself.
        facts: facts to measure the error on, with the scale of every series: those of the validation part, for the held-out
            part has no say in choices.
        largest: bytes a file may have; None: any. Where none is that small, the verdict says so.
        clock: seconds.

    Raises:
        BundleError: float32 does not forecast as its network.
    """
    table = facts.table
    parities, refused = _parities(bundles, pairs, probes)
    models = {precision: Model(bundles[precision]) for precision in parities}
    entrants = [on_device(model, bundles[precision], table.names) for precision, model in models.items()]
    stride = judged_stride(table, facts.contract, facts.part)
    evaluations = dict(zip(models, backtest(entrants, facts, stride), strict=True))
    shares = _shares(evaluations)
    if facts.contract.known:  # other networks forecast where no coming value is known
        untold = replace(facts, table=replace(table, ahead={}))
        others = _shares(dict(zip(models, backtest(entrants, untold, stride), strict=True)))
        shares = {precision: float(np.maximum(share, others[precision])) for precision, share in shares.items()}
    refused |= {
        precision: f"its error is {share:.2%} of float32's" for precision, share in shares.items() if not share <= 1 + WORSE
    }
    times = dict(
        zip(models, microseconds(list(models.values()), pairs.windows, pairs.series, pairs.context, clock), strict=True)
    )
    sizes = {precision: len(bundle.model or b"") for precision, bundle in bundles.items()}
    chosen = preferred({precision: time for precision, time in times.items() if precision not in refused}, sizes, largest)
    conversions = [
        Conversion(
            precision,
            sizes[precision],
            parities.get(precision),
            shares.get(precision),
            times.get(precision),
            refused.get(precision),
        )
        for precision in sorted(bundles, key=lambda precision: precision != chosen)
    ]
    return Choice(bundles[chosen], tuple(conversions), evaluations[chosen])


def preferred(
    times: Mapping[Precision, tuple[float, float]], sizes: Mapping[Precision, int], largest: int | None = None
) -> Precision:
    """The precision to release, of those that forecast well enough: the quickest, or the smaller of two that are as quick.

    A precision whose file keeps to `largest` goes before one whose file does not, however quick that is.

    Args:
        times: microseconds per forecast at batch 1 and batch 64; `float32` is among them.
        sizes: bytes of the files.
        largest: bytes a file may have; None: any.
    """

    def too_large(precision: Precision) -> bool:
        return largest is not None and sizes[precision] > largest

    chosen: Precision = "float32"
    for precision in sorted(times.keys() - {"float32"}):
        if too_large(precision) != too_large(chosen):
            chosen = chosen if too_large(precision) else precision
            continue
        pace, best = math.prod(times[precision]), math.prod(times[chosen])
        smaller = sizes[precision] < sizes[chosen]
        if pace < best * AS_QUICK**2 or (smaller and pace * AS_QUICK**2 <= best):
            chosen = precision
    return chosen


def microseconds(
    models: Sequence[Forecaster],
    windows: Float64,
    series: Int32,
    context: Context | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> list[tuple[float, float]]:
    """Time per forecast at batch 1 and batch 64 on this machine: the best of some rounds, in which the models take turns.

    Args:
        models: forecasters to time.
        windows: float64 `[n, window]`; up to 64 are used.
        series: int32 `[n]`.
        context: facts known beside each window; None for models whose contract has no inputs.
        clock: seconds.
    """
    windows, series = windows[:64], series[:64]
    best = [[math.inf, math.inf] for _ in models]
    for round_ in range(ROUNDS + 1):
        for model, times in zip(models, best, strict=True):
            for which, batch in enumerate((1, 64)):
                started = clock()
                for start in range(0, len(windows), batch):
                    part = slice(start, start + batch)
                    model.predict(windows[part], series[part], context and context.take(part))
                if round_:  # the first round makes the interpreters
                    times[which] = min(times[which], (clock() - started) / max(len(windows), 1) * 1e6)
    return [(single, many) for single, many in best]


def _parities(
    bundles: Mapping[Precision, Bundle], pairs: Pairs, probes: Pairs
) -> tuple[dict[Precision, float], dict[Precision, str]]:
    """Parity of each precision that can be measured, and why a precision is refused.

    Raises:
        BundleError: float32 does not forecast as its network.
    """
    parities: dict[Precision, float] = {}
    refused: dict[Precision, str] = {}
    for precision, bundle in bundles.items():
        try:
            parities[precision] = parity(pairs, Model(bundle))
            _probe(bundle, probes)
        except BundleError as error:
            if precision == "float32":
                raise
            refused[precision] = str(error)[:200]
    return parities, refused


def _shares(evaluations: Mapping[Precision, Evaluation]) -> dict[Precision, float]:
    """Each error as a share of float32's; NaN where that is 0."""
    errors = {precision: evaluation.scaled_error(evaluation.scale) for precision, evaluation in evaluations.items()}
    least = errors["float32"]
    return {precision: error / least if least > 0 else float("nan") for precision, error in errors.items()}


def _probe(bundle: Bundle, probes: Pairs) -> None:
    """Compare extraordinary windows: they show a wrongly rounded constant that no ordinary window uses.

    Raises:
        BundleError: a forecast is not finite, or far from the network's.
    """
    forecasts = Model(bundle).predict(probes.windows, probes.series, probes.context)
    for number, expected in enumerate(probes.forecasts):
        row = slice(number, number + 1)
        error = relative_error(expected[None], forecasts[row], probes.windows[row])
        if not error <= PROBED:
            level = np.nanmean(probes.windows[number])
            raise BundleError(f"it fails on a window of values about {level:.6g} by {error:.3g} of the spread")

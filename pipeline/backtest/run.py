"""Bundles, baselines and peers, measured on the same facts of one part of the history."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import gcd
from pathlib import Path

from edge.config.training_sections import Fleet
from edge.contract.times import format_duration, iso
from edge.errors import ConfigurationError, HistoryError
from edge.forecaster.baselines import baselines
from edge.forecaster.bundle import Bundle, read_bundle
from edge.forecaster.forecaster import Forecaster
from edge.forecaster.model import open_forecaster
from edge.quoting import counted
from edge.release.meanings import disagreement
from pipeline.backtest.figures import Backtest, Kind
from pipeline.backtest.peers import lightgbm_direct, ridge, statsforecast
from pipeline.history.checks import can_judge
from pipeline.history.prepared import Prepared
from pipeline.history.usual import learned
from pipeline.history.windows import Split, judged_stride, samples, training_scale
from pipeline.judging.contender import Contender, comparable, contender, on_device
from pipeline.judging.evaluation import Facts, backtest
from pipeline.judging.metrics import naive_error
from pipeline.judging.verdict import missed_by_all
from pipeline.release.registry import Registry

FEWEST_ORIGINS = 10
LOCAL_WINDOWS = 400  # most windows for a method that fits a model on each: one fit takes a quarter of a second

Told = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Entrant:
    """A forecaster that takes part.

    Args:
        contender: forecaster and its list of series.
        kind: origin of the forecaster: a bundle, a peer or a baseline.
    """

    contender: Contender
    kind: Kind


def open_bundles(named: Sequence[str], registry: Registry, channel: str) -> list[Bundle]:
    """The bundles of these folders or versions; without any, the bundle that the channel names, if it names one.

    Raises:
        ConfigurationError: no such folder or version.
        BundleError: one is damaged.
    """
    if not named:
        live = registry.live(channel)
        return [] if live is None else [live]
    return [read_bundle(Path(name)) if "/" in name or Path(name).is_dir() else registry.get(name) for name in named]


def fleet_of(bundles: Sequence[Bundle], fleet: Fleet) -> Fleet:
    """The fleet with the contract of the first bundle, or as configured if there is no bundle.

    Raises:
        ConfigurationError: the bundles forecast different intervals.
    """
    if not bundles:
        return fleet
    first, *others = (bundle.manifest for bundle in bundles)
    for other in others:
        if not comparable(other.contract, first.contract):
            raise ConfigurationError(
                f"{other.version} forecasts another interval, horizon or aggregation than {first.version}; "
                "backtest them one by one"
            )
    contract = first.contract
    return Fleet(
        format_duration(contract.interval),
        contract.horizon,
        None if contract.coarse else contract.window,
        contract.quantiles,
        contract.aggregation,
        contract.max_missing,
    )


def begin_at(prepared: Prepared, start: int) -> Prepared:
    """The same history, split so that everything from `start` (ns UTC) on is held out.

    Raises:
        HistoryError: too little is left on one of the sides.
    """
    contract, table = prepared.contract, prepared.table
    first = -(-(start - table.start) // contract.interval)
    last, validation = table.values.shape[1], len(prepared.split.validation)
    earliest = contract.reach + contract.horizon + validation
    if not earliest <= first <= last - contract.horizon:
        span = [iso(table.start + edge * contract.interval) for edge in (earliest, last - contract.horizon)]
        raise HistoryError(
            f"--from {iso(start)} leaves no window to train on or none to judge; the history allows {span[0]} … {span[1]}"
        )
    parts = Split(range(first - validation), range(first - validation, first), range(first, last))
    if not all(can_judge(table, contract, part) for part in (parts.training, parts.validation, parts.held_out)):
        raise HistoryError(
            f"--from {iso(start)} leaves a part without any window: too much is missing there; choose another time"
        )
    return replace(prepared, split=parts, scale=training_scale(table, parts))


def fit_peers(prepared: Prepared, *, peers: bool, windows: int, told: Told) -> list[Forecaster]:
    """The ridge, and with `peers` the other methods, fitted on the training part.

    Args:
        prepared: history to fit on.
        peers: whether LightGBM and statsforecast are fitted too.
        windows: number of windows that will be forecast from, for the progress.
        told: function that is called with the name of a method, its progress and its end.

    Raises:
        ConfigurationError: a library is not installed.
    """
    contract, done = prepared.contract, 0

    def advance() -> None:
        nonlocal done
        done += 1
        told("auto_ets", done, windows)

    training, validation = (
        samples(prepared.table, contract, part) for part in (prepared.split.training, prepared.split.validation)
    )
    others: list[Forecaster] = []
    if peers:  # statsforecast fits nothing yet, so it says at once that a library is missing
        others.append(statsforecast(contract, advance))
        others.append(
            lightgbm_direct(training, validation, contract, prepared.scale, lambda tree, trees: told("lightgbm", tree, trees))
        )
    return [ridge(training, validation, contract, prepared.scale), *reversed(others)]


def widened(prepared: Prepared, stride: int) -> int:
    """A stride for a method that is fitted on every window: some hundred windows are left, at all hours of the day."""
    return judged_stride(prepared.table, prepared.contract, prepared.split.held_out, LOCAL_WINDOWS, stride)


def origins_of(prepared: Prepared, stride: int) -> int:
    """Number of moments in the held-out part at which every series is forecast."""
    return len(range(0, len(prepared.split.held_out) - prepared.contract.horizon + 1, stride))


def thin(prepared: Prepared, stride: int) -> list[str]:
    """Sentences about a stride that leaves too few origins, or too few hours of the day."""
    notes, origins = [], origins_of(prepared, stride)
    season = prepared.contract.season() or 1
    hours = season // gcd(stride, season)
    if stride > 1 and hours < season:
        notes.append(
            f"stride {stride} meets {hours} of the {season} times of the day only; one without a common divisor meets all"
        )
    if origins < FEWEST_ORIGINS:
        notes.append(f"{origins} origins are too few to tell forecasters apart; take a smaller --stride or more readings")
    return notes


def entrants(prepared: Prepared, bundles: Sequence[Bundle], peers: Sequence[Forecaster]) -> list[Entrant]:
    """Bundles, peers and every baseline; of those with the same name the first."""
    names = prepared.table.names
    every = [Entrant(on_device(open_forecaster(bundle), bundle, names), "bundle") for bundle in bundles]
    told = learned(prepared.table, prepared.split.training.stop)
    every += [Entrant(contender(peer, names, names, meanings=told), "peer") for peer in peers]
    every += [Entrant(contender(baseline, names), "baseline") for baseline in baselines(prepared.contract)]
    first: dict[str, Entrant] = {}
    for entrant in every:
        first.setdefault(entrant.contender.forecaster.name, entrant)
    return list(first.values())


def measure(prepared: Prepared, chosen: Sequence[Entrant], stride: int, notes: Sequence[str] = ()) -> Backtest:
    """The backtest of the held-out part.

    Args:
        prepared: history to measure on.
        chosen: forecasters to measure, one or more; the tables of single series show the first.
        stride: number of intervals from one origin to the next.
        notes: sentences that a reader of the figures has to know.

    Raises:
        HistoryError: nothing can be judged there.
    """
    table, contract, parts = prepared.table, prepared.contract, prepared.split
    facts = Facts(table, contract, parts.held_out, prepared.scale)
    evaluations = backtest([entrant.contender for entrant in chosen], facts, stride)
    if not evaluations[0].count.any():
        raise HistoryError(
            "no fact can be judged: too much is missing there, or a forecaster gives no forecast; try --from earlier"
        )
    season = contract.season() or 1
    naive = naive_error(table.values[:, parts.training.start : parts.training.stop], season)
    silent = [
        f"{evaluation.forecaster} has no forecast for {counted(int(evaluation.unanswered.sum()), 'fact')}, which count for none"
        for evaluation in evaluations
        if evaluation.unanswered.any()
    ]
    if (glitches := missed_by_all(evaluations[0])) is not None:
        silent.append(glitches)
    return Backtest(
        contract=contract,
        table=table,
        part=parts.held_out,
        stride=stride,
        evaluations=evaluations,
        kinds=tuple(entrant.kind for entrant in chosen),
        scale=prepared.scale,
        naive=naive,
        season=season,
        notes=(*notes, *silent),
    )


def remarks(prepared: Prepared, bundles: Sequence[Bundle]) -> list[str]:
    """Reasons why a comparison with these bundles is unfair, one line each."""
    table, reasons = prepared.table, []
    begin = table.start + prepared.split.held_out.start * table.interval
    for manifest in (bundle.manifest for bundle in bundles):
        unknown = sum(name not in manifest.series for name in table.names)
        if unknown:
            reasons.append(f"{manifest.version} was not trained on {unknown} of the {len(table.names)} series")
        if (other := disagreement(manifest, table.meaning_of)) is not None:
            reasons.append(f"{manifest.version} does not fit, and its figures are of no use: {other}")
        seen = max(manifest.training.end, manifest.training.validated) if manifest.training is not None else begin
        if seen > begin:
            reasons.append(
                f"{manifest.version} was made from readings up to {iso(seen)}, and this backtest begins at "
                f"{iso(begin)}: its error is flattered"
            )
    return reasons

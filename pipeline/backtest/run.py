"""Who is measured on what: bundles, baselines and peers over one part of the history, all on the same facts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import gcd
from pathlib import Path

from edge.config import Fleet
from edge.contract.times import format_duration, iso
from edge.errors import ConfigurationError, HistoryError
from edge.forecaster.baselines import baselines
from edge.forecaster.bundle import Bundle, read_bundle
from edge.forecaster.forecaster import Forecaster
from edge.forecaster.model import open_forecaster
from pipeline.backtest.figures import Backtest, Kind
from pipeline.backtest.peers import lightgbm_direct, ridge, statsforecast
from pipeline.history.checks import can_judge
from pipeline.history.prepared import Prepared
from pipeline.history.windows import Split, judged_stride, samples, training_scale
from pipeline.judging.evaluation import Contender, backtest, comparable, contender
from pipeline.judging.metrics import naive_error
from pipeline.judging.verdict import missed_by_all
from pipeline.release.registry import Registry

FEWEST_ORIGINS = 10
LOCAL_WINDOWS = 400  # that a model is fitted on each of: a quarter of a second for one

Told = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Entrant:
    """One who takes part.

    Args:
        contender: forecaster and its list of series.
        kind: where it comes from.
    """

    contender: Contender
    kind: Kind


def open_bundles(named: Sequence[str], registry: Registry, channel: str) -> list[Bundle]:
    """The bundles of these folders or versions; without any, what the channel names, if it names something.

    Raises:
        ConfigurationError: no such folder or version.
        BundleError: one is damaged.
    """
    if not named:
        live = registry.live(channel)
        return [] if live is None else [live]
    return [read_bundle(Path(one)) if "/" in one or Path(one).is_dir() else registry.get(one) for one in named]


def fleet_of(bundles: Sequence[Bundle], fleet: Fleet) -> Fleet:
    """The fleet as the first bundle sees it, or as configured where there is none.

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
        contract.window,
        contract.quantiles,
        contract.aggregation,
        contract.max_missing,
    )


def begin_at(prepared: Prepared, start: int) -> Prepared:
    """The same history, but everything from `start` (ns UTC) on is held out, and what comes before is trained on.

    Raises:
        HistoryError: too little is left on one of the sides.
    """
    contract, table = prepared.contract, prepared.table
    first = -(-(start - table.start) // contract.interval)
    last, validation = table.values.shape[1], len(prepared.split.validation)
    earliest = contract.window + contract.horizon + validation
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
        prepared: history.
        peers: LightGBM and statsforecast as well.
        windows: how many will be forecast from, for the progress.
        told: called with the name of a method, how far it is and how far it has to go.

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
    found: list[Forecaster] = []
    if peers:  # what is quick to say that a library is missing comes first
        found.append(statsforecast(contract, advance))
        found.append(
            lightgbm_direct(training, validation, contract, prepared.scale, lambda tree, trees: told("lightgbm", tree, trees))
        )
    return [ridge(training, validation, contract, prepared.scale), *reversed(found)]


def widened(prepared: Prepared, stride: int) -> int:
    """A stride that leaves a method fitted anew on every window some hundred windows, at all hours of the day."""
    return judged_stride(prepared.table, prepared.contract, prepared.split.held_out, LOCAL_WINDOWS, stride)


def origins_of(prepared: Prepared, stride: int) -> int:
    """Moments of the held-out part that every series is forecast from."""
    return len(range(0, len(prepared.split.held_out) - prepared.contract.horizon + 1, stride))


def thin(prepared: Prepared, stride: int) -> list[str]:
    """What a stride makes of the origins, where that makes the figures say less than they seem to."""
    found, origins = [], origins_of(prepared, stride)
    season = prepared.contract.season() or 1
    hours = season // gcd(stride, season)
    if stride > 1 and hours < season:
        found.append(
            f"stride {stride} meets {hours} of the {season} times of the day only; one without a common divisor meets all"
        )
    if origins < FEWEST_ORIGINS:
        found.append(f"{origins} origins are too few to tell forecasters apart; take a smaller --stride or more readings")
    return found


def entrants(prepared: Prepared, bundles: Sequence[Bundle], peers: Sequence[Forecaster]) -> list[Entrant]:
    """Bundles, peers and every baseline, each name once."""
    names = prepared.table.names
    found = [Entrant(contender(open_forecaster(bundle), names, bundle.manifest.series), "bundle") for bundle in bundles]
    found += [Entrant(contender(one, names, names), "peer") for one in peers]
    found += [Entrant(contender(one, names), "baseline") for one in baselines(prepared.contract)]
    first: dict[str, Entrant] = {}
    for one in found:
        first.setdefault(one.contender.forecaster.name, one)
    return list(first.values())


def measure(prepared: Prepared, chosen: Sequence[Entrant], stride: int, notes: Sequence[str] = ()) -> Backtest:
    """The backtest of the held-out part.

    Args:
        prepared: history.
        chosen: at least one, the one that matters first.
        stride: intervals from one origin to the next.
        notes: that a reader of the figures has to know.

    Raises:
        HistoryError: nothing can be judged there.
    """
    table, contract, parts = prepared.table, prepared.contract, prepared.split
    found = backtest([one.contender for one in chosen], table, contract, parts.held_out, stride, prepared.scale)
    if not found[0].count.any():
        raise HistoryError(
            "no fact can be judged: too much is missing there, or a forecaster gives no forecast; try --from earlier"
        )
    season = contract.season() or 1
    naive = naive_error(table.values[:, parts.training.start : parts.training.stop], season)
    silent = [
        f"{one.forecaster} has no forecast for {one.unanswered.sum():,} facts, which count for none"
        for one in found
        if one.unanswered.any()
    ]
    if (glitches := missed_by_all(found[0])) is not None:
        silent.append(glitches)
    return Backtest(
        contract, table, parts.held_out, stride, found, tuple(one.kind for one in chosen), prepared.scale, naive, season,
        (*notes, *silent),
    )  # fmt: skip


def remarks(prepared: Prepared, bundles: Sequence[Bundle]) -> list[str]:
    """What makes a comparison with these bundles unfair, one line each."""
    table, found = prepared.table, []
    begin = table.start + prepared.split.held_out.start * table.interval
    for manifest in (bundle.manifest for bundle in bundles):
        unknown = sum(name not in manifest.series for name in table.names)
        if unknown:
            found.append(f"{manifest.version} was not trained on {unknown} of the {len(table.names)} series")
        seen = max(manifest.training.end, manifest.training.validated) if manifest.training is not None else begin
        if seen > begin:
            found.append(
                f"{manifest.version} was made from readings up to {iso(seen)}, and this backtest begins at "
                f"{iso(begin)}: its error is flattered"
            )
    return found

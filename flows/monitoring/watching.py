"""A look at the live error: what the store has of the live bundle, and when a retraining was last asked for."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from edge.config.sections import Config
from edge.contract.columns import ChosenSeries, Points
from edge.contract.schema import DRIFT, MODEL
from edge.contract.times import parse_duration, parse_time
from edge.errors import PayloadError
from edge.forecaster.manifest import Backtest, Manifest
from edge.quoting import quoted
from edge.stores.store import Store
from flows.monitoring.outcome import Monitored
from flows.retraining.record import write_row
from pipeline.history.windows import block_length
from pipeline.judging.drift import Look, Rule, look, unpacked
from pipeline.judging.live_errors import LiveScores, read_scores
from pipeline.release.registry import Registry

RAISED = "raised"


def watched(config: Config, fleet: str, now: int, rule: Rule = Rule()) -> Monitored:
    """Look at the live error; nothing is written.

    Args:
        config: configuration of the fleet.
        fleet: name of the fleet.
        now: time of the look, ns UTC.
        rule: bounds above which it is drift.

    Raises:
        BundleError: the live bundle cannot be read.
        StoreBusy: the store is away.
        StoreDenied: the account, bucket or address is wrong.
    """
    registry, channel = Registry(Path(config.registry.path)), config.registry.channel
    document, bundle = registry.channel(channel), registry.live(channel)
    if document is None or bundle is None:
        return Monitored(fleet, now, problem="nothing is released yet: gatecast retrain makes a bundle")
    manifest, since = bundle.manifest, _moment(document.changed)
    if since is None or since > now:
        problem = (
            f"channel {channel!r} was changed at {quoted(document.changed)}, which no clock that is right says: "
            f'set the clock of this machine, or mend "changed" in {registry.path / "channels" / channel}.json'
        )
        return Monitored(fleet, now, manifest.version, problem=problem)
    monitored = Monitored(fleet, now, manifest.version, since)
    if manifest.model is None:
        problem = f"a baseline is live ({manifest.baseline}), which does not age: gatecast retrain looks for a network"
        return replace(monitored, problem=problem)
    if manifest.backtest is None:
        problem = f"{manifest.version} does not say which errors to expect, as it is older than the monitor: gatecast retrain"
        return replace(monitored, problem=problem)
    cooldown = parse_duration(config.monitor.cooldown)
    store = config.store.open()
    try:
        live = _look(store, manifest, manifest.backtest, (since, now), rule)
        # A row of an hour that is still to come was written by a clock that was ahead, and counts as well.
        resting = _last_raised(store, fleet, now - cooldown, now + cooldown)
    finally:
        store.close()
    rests_until = 0 if resting is None else resting + cooldown
    return replace(monitored, look=live, problem=live.problem, rests_until=rests_until)


def write_look(config: Config, monitored: Monitored) -> None:
    """Keep a look in the store, for the dashboards and for the cooldown.

    Raises:
        StoreBusy: the store is away.
        StoreDenied: the account, bucket or address is wrong.
        BlockRefused: the store does not take the row.
    """
    live = monitored.look
    if live is None or live.problem is not None:
        return
    numbers = {
        "statistic": live.statistic,
        "threshold": live.rule.threshold,
        "live_error": live.live_error,
        "expected_error": live.expected_error,
    }
    counts = {"drifted": monitored.drifted, RAISED: monitored.raised, "judged_series": live.series}
    columns = {name: np.array([value], np.float64) for name, value in numbers.items()}
    columns |= {name: np.array([value], np.int64) for name, value in counts.items()}
    points = Points(DRIFT, np.zeros(1, np.int32), np.array([monitored.time]), {**columns, MODEL.name: monitored.model})
    write_row(config, points, monitored.fleet)


def _moment(text: str) -> int | None:
    """A time of a document, ns UTC; None where it is none, or of no year in which this can have been written."""
    try:
        return parse_time(text, "iso")
    except PayloadError:
        return None


def _look(store: Store, manifest: Manifest, backtest: Backtest, span: tuple[int, int], rule: Rule) -> Look:
    """Compare what was scored since the release."""
    since, now = span
    # Whole blocks since the release, so that none is short of scores at its beginning.
    blocks = max(1, min(rule.blocks, (now - since) // block_length(manifest.contract)))
    scores = LiveScores(manifest.contract, backtest.leads, len(manifest.series), blocks, span)
    read_scores(store, scores, manifest.series)
    return look(scores.errors(), unpacked(backtest, len(manifest.series)), backtest.leads, rule)


def _last_raised(store: Store, fleet: str, start: int, stop: int) -> int | None:
    """Time of the newest look that asked for a retraining, ns UTC; None where none did."""
    fleets, times = ChosenSeries([fleet]), []
    for page in store.read(DRIFT, [RAISED], max(start, 0), stop, fleets):
        times += page.time[(page.series == 0) & (np.asarray(page.fields[RAISED]) == 1)].tolist()
    return max(times, default=None)

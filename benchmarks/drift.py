"""How often the monitor cries wolf in quiet days, and how soon it notices a fault.

    python benchmarks/drift.py

A GRU is trained on the first months of the shipped weather and forecasts the rest of the year, hour by hour, through the
device's own engine. Every day the monitor looks back. Nothing was wrong with the sensors, so every alarm is a false one.
Then faults are put into the same days, each on ten different days, and the days until the first alarm are counted. Margin and
threshold were chosen with the bundle that is trained until June; the figures to report are those of September.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from edge.config.training_sections import Fleet
from edge.contract.columns import Float64, Points, Readings, SeriesTable
from edge.contract.schema import FORECAST_SCORE
from edge.contract.times import DAY, parse_time
from edge.forecaster.bundle import Bundle
from edge.forecaster.model import open_forecaster
from edge.series.engine import Engine
from edge.stores.sqlite import SqliteStore, sqlite_url
from flows.demo.run import load, write_config
from flows.retraining.flow import run as retrain
from pipeline.history.defaults import derive_contract
from pipeline.history.from_store import write_history
from pipeline.history.windows import block_length
from pipeline.judging.drift import Look, Rule, look, unpacked
from pipeline.judging.live_errors import LiveScores

COOLDOWN = 7  # days without a look after an alarm, as the monitor's own
ONSETS = 10
MOST_DAYS = 28  # a fault that is not noticed within so many days counts as missed
Fault = Callable[[Float64, Float64], Float64]  # values after the onset, and the spread of the series


@dataclass(frozen=True, slots=True)
class Scenario:
    """A fault.

    Args:
        name: description of the fault.
        share: share of the series that have it.
        fault: function that spoils the values.
    """

    name: str
    share: float
    fault: Fault


def _dulled(values: Float64, _spread: Float64) -> Float64:
    return np.asarray(values.mean() + 0.5 * (values - values.mean()), np.float64)


SCENARIOS = (
    Scenario("shift by 1 spread", 1.0, lambda values, spread: values + spread),
    Scenario("shift by 3 spreads", 1.0, lambda values, spread: values + 3 * spread),
    Scenario("half of the amplitude", 1.0, _dulled),
    Scenario("noise of 0.5 spreads", 1.0, lambda values, spread: values + spread * _noise(len(values))),
    Scenario("the same, half of the series", 0.5, lambda values, spread: values + spread * _noise(len(values))),
    Scenario("sensor that jumps by 3 spreads every 6 hours", 1.0, lambda values, spread: values + spread * _steps(len(values))),
    Scenario("the same, one series of fifteen", 1 / 15, lambda values, spread: values + spread * _steps(len(values))),
)


def _noise(count: int) -> Float64:
    return np.random.default_rng(0).normal(0, 0.5, count)


def _steps(count: int) -> Float64:
    return np.asarray(3.0 * (np.arange(count) // 6 % 2), np.float64)


def trained(folder: Path, until: int) -> Bundle:
    """A GRU that has learned until a moment, as `gatecast retrain` makes it."""
    series, readings = load(None)
    contract = derive_contract(Fleet(), readings)
    store = SqliteStore(folder / "store.db")
    write_history(store, series, readings)
    store.close()
    config = write_config(folder, sqlite_url(folder / "store.db"), (1, 0), series, contract)
    config.write_text(config.read_text() + '\n[train]\ncells = ["gru"]\n')
    out = retrain(config, until=until).release.goes_out
    if out is None or out.model is None:
        raise SystemExit("no network beats the baselines here, so there is nothing to watch")
    return out


def scored(bundle: Bundle, readings: Readings, since: int) -> list[Points]:
    """The scores of a stream that begins a window before the release; series by their index in the bundle."""
    contract = bundle.manifest.contract
    engine = Engine(open_forecaster(bundle), bundle.manifest.series, SeriesTable(bundle.manifest.series))
    begin = since - contract.window * contract.interval
    chosen = readings.take(readings.time >= begin)
    chosen = chosen.take(np.argsort(chosen.time, kind="stable"))
    points: list[Points] = []
    for day in range(begin, int(chosen.time.max()) + DAY, DAY):
        effect = engine.step(chosen.take((chosen.time >= day) & (chosen.time < day + DAY)))
        points += [each for each in effect.points if each.measurement is FORECAST_SCORE and len(each)]
    return points


def look_at(points: list[Points], bundle: Bundle, since: int, now: int, rule: Rule) -> Look:
    """One look of the monitor."""
    manifest = bundle.manifest
    if manifest.backtest is None:
        raise SystemExit("the bundle says nothing of its backtest")
    blocks = max(1, min(rule.blocks, (now - since) // block_length(manifest.contract)))
    scores = LiveScores(manifest.contract, manifest.backtest.leads, len(manifest.series), blocks, (since, now))
    for page in points:
        scores.add(page)
    return look(scores.errors(), unpacked(manifest.backtest, len(manifest.series)), manifest.backtest.leads, rule)


def alarms(looks: list[Look]) -> int:
    """Alarms of daily looks with a cooldown."""
    count, rest = 0, 0
    for each in looks:
        if rest:
            rest -= 1
        elif each.drifted:
            count, rest = count + 1, COOLDOWN
    return count


def spoiled(readings: Readings, scenario: Scenario, onset: int, spreads: Float64) -> Readings:
    """The readings with a fault from a moment on."""
    value = readings.value.copy()
    count = max(1, round(scenario.share * len(spreads)))
    for series in np.linspace(0, len(spreads) - 1, count).round().astype(int):
        rows = np.flatnonzero((readings.series == series) & (readings.time >= onset))
        value[rows] = scenario.fault(value[rows], spreads[series])
    return Readings(readings.series, readings.time, value)


def days_until(streams: tuple[Readings, Bundle, int], scenario: Scenario, onset: int, spreads: Float64) -> int | None:
    """Days from the onset of a fault until it is noticed; None where it is not.

    Args:
        streams: quiet readings, the live bundle and the time of its release.
        scenario: the fault.
        onset: time from which on there is the fault, ns UTC.
        spreads: spread of each series, float64 `[series]`.
    """
    quiet, bundle, since = streams
    stream = spoiled(quiet.take(quiet.time < onset + MOST_DAYS * DAY), scenario, onset, spreads)
    points = scored(bundle, stream, since)
    for day in range(1, MOST_DAYS + 1):
        if look_at(points, bundle, since, onset + day * DAY, Rule()).drifted:
            return day
    return None


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--until", default="2013-09-01", help="end of the training; margin and threshold: 2013-06-01")
    parser.add_argument("--days", type=int, default=90, help="quiet days after it")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    since, rule = parse_time(options.until), Rule()
    stop = since + options.days * DAY
    series, readings = load(None)
    with tempfile.TemporaryDirectory(prefix="gatecast-") as name:
        bundle = trained(Path(name), since)
    index = np.array([bundle.manifest.series.index(name) for name in series.names], np.int32)
    readings = Readings(index[readings.series], readings.time, readings.value)
    quiet = readings.take(readings.time < stop)
    points = scored(bundle, quiet, since)
    looks = [look_at(points, bundle, since, since + day * DAY, rule) for day in range(1, options.days + 1)]
    false_alarms = alarms(looks)
    print(f"trained until {options.until}; false alarms in {options.days} quiet days: {false_alarms}")
    known = [each for each in looks if each.problem is None]
    excess, statistic = ([getattr(each, name) for each in known] for name in ("excess", "statistic"))
    print(f"excess {min(excess):+.1%} to {max(excess):+.1%}, statistic {min(statistic):.1f} to {max(statistic):.1f}")
    before = readings.take(readings.time < since)
    spreads = np.array([before.value[before.series == row].std() for row in range(len(series))])
    onsets = np.linspace(since + 14 * DAY, stop - MOST_DAYS * DAY, ONSETS).astype(np.int64) // DAY * DAY
    noticed: dict[str, list[int | None]] = {}
    for scenario in SCENARIOS:
        days = [days_until((quiet, bundle, since), scenario, int(onset), spreads) for onset in onsets]
        noticed[scenario.name] = days
        seen = [day for day in days if day is not None]
        middle = f"after {np.median(seen):.0f} days (median)" if seen else ""
        print(f"{scenario.name:50} noticed {len(seen):2} of {ONSETS} {middle}")
    if options.json:
        document = {"until": options.until, "days": options.days, "rule": asdict(rule), "false_alarms": false_alarms}
        options.json.write_text(json.dumps({**document, "excess": excess, "statistic": statistic, "noticed": noticed}))


if __name__ == "__main__":
    main()

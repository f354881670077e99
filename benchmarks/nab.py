"""Anomalies on the Numenta Anomaly Benchmark, and false alarms on quiet data, as the device finds them.

    python benchmarks/nab.py --data DIR [--quiet FILE...] [--every 100d]

DIR is the repository numenta/NAB. Each of its 58 files is replayed through the agent's engine with the bundle of
`gatecast init --starter`, which has seen none of them, on a grid of 15 minutes, or of an hour where readings are rarer. What
the agent would store in measurement `anomaly` is the detector: the row that closes an interval has its rarity as anomaly score,
where nothing was rarer in the half day before; all other rows have 0. Nothing is set file by file, and no label is seen.

The score is the benchmark's own, standard profile. Quiet are the shipped weather and each FILE, a CSV as of `gatecast history`.
At the end the same intervals are replayed with and without, in turns, to tell what it costs.
"""

import argparse
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from nab_scoring import FALSE_ALARM, Result, Series, load, published, score

from edge.anomalies.rule import AnomalyRule
from edge.anomalies.watch import CALM, Watch
from edge.config.fleet import contract_at
from edge.config.training_sections import Fleet
from edge.contract.columns import Float64, Int64, Readings, SeriesTable
from edge.contract.schema import ANOMALY
from edge.contract.times import DAY, parse_duration
from edge.forecaster.bundle import Bundle
from edge.forecaster.forecaster import Forecaster
from edge.forecaster.learned import Learned
from edge.release.ready import open_bundle
from edge.series.engine import Engine
from flows.demo.run import load as load_history
from pipeline.history.defaults import derive_contract
from pipeline.release.starter import starter_bundle

EVERY = "100d"
FINE, COARSE = "15min", "1h"
MOST_READINGS = 300_000  # of a quiet file: about a year of all that were taken
PUBLISHED = (  # standard profile, numenta/NAB
    ("Numenta HTM", 70.1),
    ("CAD OSE", 69.9),
    ("KNN CAD", 58.0),
    ("relative entropy", 54.6),
    ("random cut forest", 51.7),
    ("Twitter ADVec", 47.1),
    ("windowed Gaussian", 39.6),
    ("EXPoSE", 16.4),
)
REPRODUCED = (("windowedGaussian", "39.65"), ("expose", "16.44"))


@dataclass(slots=True)
class Found:
    """What an agent finds in one run.

    Args:
        target: start of each interval that it stores, ns UTC, int64 `[n]`.
        rarity: days, float64 `[n]`.
        raised: number of alarms.
        alarms: start of each interval that raises one, ns UTC.
        seconds: time of the engine.
    """

    target: Int64
    rarity: Float64
    raised: int
    alarms: list[int]
    seconds: float


class Replayer:
    """Replays readings through the engine of an agent with a starter."""

    def __init__(self) -> None:
        self._opened: dict[int, tuple[Bundle, Forecaster]] = {}

    def run(self, series: SeriesTable, readings: Readings, interval: int, every: str = EVERY, batch: int = 4096) -> Found:
        """What the agent stores and raises.

        Args:
            series: table of the series.
            readings: readings in order of time.
            interval: length of an interval, ns.
            every: setting of the same name.
            batch: readings in a batch.
        """
        bundle, forecaster = self._open(interval)
        engine = Engine(forecaster, bundle.manifest.series, series, learned=Learned.of(bundle.manifest))
        engine.watch = Watch.of(AnomalyRule(every), forecaster.contract, engine.leads)
        target, rarity, alarms = [np.zeros(0, np.int64)], [np.zeros(0)], list[int]()
        started = time.perf_counter()
        for begin in range(0, len(readings), batch):
            effect = engine.step(readings.take(slice(begin, begin + batch)))
            alarms += [change.time for change in effect.anomalies if change.raised]
            for points in effect.points:
                if points.measurement is ANOMALY:
                    target.append(points.time)
                    rarity.append(np.asarray(points.fields["rarity"], np.float64))
        seconds = time.perf_counter() - started
        return Found(np.concatenate(target), np.concatenate(rarity), len(alarms), alarms, seconds)

    def _open(self, interval: int) -> tuple[Bundle, Forecaster]:
        if interval not in self._opened:
            bundle = starter_bundle(contract_at(Fleet(), interval), datetime.now(UTC))
            self._opened[interval] = bundle, open_bundle(bundle)
        return self._opened[interval]


def row_scores(time_of: Int64, interval: int, found: Found) -> tuple[Float64, Float64]:
    """What a file's rows are told by the rows that close an interval, float64 `[rows]` each.

    Args:
        time_of: time of each row, ns UTC.
        interval: length of an interval, ns.
        found: what the agent finds in the file.

    Returns:
        Rarity where nothing was rarer in the half day before, and 1 where an alarm is raised; 0 elsewhere.
    """
    rarity, alarms = np.zeros(len(time_of) + 1), np.zeros(len(time_of) + 1)
    order = np.argsort(found.target)
    target, days = found.target[order], found.rarity[order]
    rows = np.searchsorted(time_of, target + interval)  # the first row behind the interval: the clock of a replay
    for number, row in enumerate(rows):
        before = (target < target[number]) & (target >= target[number] - CALM)
        if days[number] > days[before].max(initial=0.0):
            rarity[row] = max(rarity[row], days[number])
    alarms[np.searchsorted(time_of, np.asarray(found.alarms, np.int64) + interval)] = 1.0
    return rarity[:-1], alarms[:-1]


def judge(corpus: Mapping[str, Series], every: str) -> tuple[Result, Result]:
    """The score with the best threshold for the corpus, and that of the alarms, with a setting of `[anomaly] every`."""
    replayer, rarities, alarms = Replayer(), dict[str, Float64](), dict[str, Float64]()
    for name, series in corpus.items():
        usual = int(np.median(np.diff(series.time)))
        interval = parse_duration(FINE if usual <= parse_duration(FINE) else COARSE)
        order = np.argsort(series.time, kind="stable")
        readings = Readings(np.zeros(len(order), np.int32), series.time[order], series.value[order])
        found = replayer.run(SeriesTable([name]), readings, interval, every)
        rarities[name], alarms[name] = row_scores(series.time, interval, found)
    return score(corpus, rarities), score(corpus, alarms, threshold=1.0)


def quiet(path: Path | None, every: str) -> str:
    """A line about a history in which nothing is known to be wrong; None: the shipped weather."""
    series, readings = load_history(path)
    readings = readings.take(slice(0, MOST_READINGS))
    contract = derive_contract(Fleet(), readings)
    found = Replayer().run(series, readings, contract.interval, every)
    days = len(series) * float(np.ptp(readings.time)) / DAY
    name = "weather (shipped)" if path is None else path.name.partition(".")[0]
    return (
        f"{name}: {len(series)} series, {days:,.0f} days of all, {found.raised} alarms: {100 * found.raised / days:.2f} in 100 "
        f"days of a series, at {every}; {len(found.target) / days:.2f} rows a day"
    )


def cost(rounds: int = 5) -> str:
    """A line about the time of an interval with and without, of 200 series that close together."""
    series, hours, noise = 200, 400, np.random.default_rng(3)
    interval, seconds = parse_duration(COARSE), dict[str, list[float]]({"off": [], EVERY: []})
    moment = np.repeat(np.arange(hours, dtype=np.int64), series) * interval
    readings = Readings(np.tile(np.arange(series, dtype=np.int32), hours), moment, noise.normal(20, 1, series * hours))
    replayer = Replayer()
    for _ in range(rounds):
        for every, spent in seconds.items():
            table = SeriesTable([f"s{number}" for number in range(series)])
            spent.append(replayer.run(table, readings, interval, every, batch=series).seconds)
    without, beside = (min(spent) / (series * hours) * 1e6 for spent in seconds.values())
    return f"time of an interval in the engine: {beside:.1f} µs with, {without:.1f} µs without: {beside / without:.2f} times"


def main() -> None:
    """Print the scores, the false alarms and the cost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of the repository numenta/NAB")
    parser.add_argument("--quiet", type=Path, nargs="*", default=[], metavar="FILE", help="further quiet histories")
    parser.add_argument("--every", default=EVERY, help="[anomaly] every")
    options = parser.parse_args()
    if options.data is not None:
        corpus = load(options.data)
        for detector, known in REPRODUCED:
            ours = score(corpus, published(options.data, detector, corpus))
            print(f"our scoring of {detector}: {ours.score:.2f}, published {known}")
        best, default = judge(corpus, options.every)
        for title, result in (("best threshold for the corpus", best), (f"alarms at every = {options.every}", default)):
            print(
                f"gatecast, {title}: {result.score:.1f} ({result.hits} of {result.windows} windows, "
                f"{result.false_rows} false alarms of {FALSE_ALARM} at most; threshold {result.threshold:.3g})"
            )
        for name, known_score in PUBLISHED:
            print(f"published, {name}: {known_score}")
    for path in (None, *options.quiet):
        print(quiet(path, options.every), flush=True)
    print(cost())


if __name__ == "__main__":
    main()

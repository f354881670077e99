"""What alerts are worth: warnings of a trained model beside those of baselines, by the agent's engine, rules and verdicts.

    python benchmarks/alerts.py
    python benchmarks/alerts.py --set Tetuan:Zone@1h --data DIR

The shipped weather: temperature below 32 °F within 12 hours, on the last 60 days, which nobody has seen before. Tetuan's load
(UCI 849, CC BY 4.0): above the highest value of every other day of late, within 6 hours, on the last fifth of the year. All
go through the engine one interval after the other. Baselines forecast without intervals, and warn where their median crosses.
Each of them also stands with intervals of its own: the quantiles of its errors by lead and series on the validation part.

`brier` is the Brier score of the probabilities, at all origins at which it does not happen yet; `brier_independent` is that of
the same forecasts where the intervals ahead are taken for independent. `reliability` has for each tenth of the probability the
number of origins, the mean probability, and how often it happened.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from accuracy_sets import WEATHER, Data, load, prepared

from edge.alerts.alerts import Alerts
from edge.alerts.probability import above, mirrored
from edge.alerts.rule import AlertRule
from edge.config.fleet import contract_at
from edge.config.training_sections import Fleet, Train
from edge.contract.columns import Float64, Forecasts, Int32, Readings, SeriesTable
from edge.contract.contract import Context, Contract
from edge.contract.schema import ALERT_SCORE
from edge.contract.times import DAY
from edge.forecaster.baselines import Baseline, baselines
from edge.forecaster.forecaster import Forecaster
from edge.forecaster.learned import NOTHING, Learned
from edge.forecaster.model import Model
from edge.series.engine import Engine
from pipeline.history.defaults import with_clock
from pipeline.judging.replay import replayed
from pipeline.release.candidates import make_candidate
from pipeline.training.architecture import architectures
from pipeline.training.settings import settings_of

FREEZING, WEATHER_SHARES = 32.0, (0.7, 0.135, 0.165)
LATE_DAYS = 60  # before the test part, for the threshold of a load
STRIDE = 5  # every fifth window of the validation part gives errors of a baseline


@dataclass(frozen=True, slots=True)
class Contestant:
    """A forecaster and what its bundle says of single series."""

    forecaster: Forecaster
    known: Sequence[str] = ()
    learned: Learned = NOTHING


@dataclass(frozen=True, slots=True)
class WithErrors:
    """A baseline with the quantiles of its own errors around its median.

    Args:
        baseline: the baseline.
        errors: quantiles of fact minus forecast, float64 `[series, horizon, quantiles]`.
    """

    baseline: Baseline
    errors: Float64
    intervals: bool = True

    @property
    def name(self) -> str:
        """Its name, which says that it has intervals."""
        return f"{self.baseline.name} with intervals"

    @property
    def contract(self) -> Contract:
        """As of the baseline."""
        return self.baseline.contract

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """As `Forecaster.predict`; series count from 1."""
        middle = self.baseline.predict(windows, series, context)[:, :, self.contract.median]
        return middle[:, :, None] + self.errors[series - 1]

    def self_test(self) -> None:
        """As `Forecaster.self_test`."""


@dataclass(slots=True)
class Tally:
    """Verdicts of a forecaster, and its probabilities with what became of them."""

    hits: int = 0
    misses: int = 0
    false_alarms: int = 0
    gained: list[float] = field(default_factory=list)
    chances: list[float] = field(default_factory=list)
    independent: list[float] = field(default_factory=list)
    happened: list[float] = field(default_factory=list)

    def document(self) -> dict[str, object]:
        """All of it in a few numbers."""
        chance, independent, happened = map(np.asarray, (self.chances, self.independent, self.happened))
        tenth = np.minimum((chance * 10).astype(int), 9)
        events, warnings = self.hits + self.misses, self.hits + self.false_alarms
        return {
            "events": events,
            "hits": self.hits,
            "false_alarms": self.false_alarms,
            "hit_rate": round(self.hits / max(events, 1), 3),
            "false_share": round(self.false_alarms / max(warnings, 1), 3),
            "threat_score": round(self.hits / max(events + self.false_alarms, 1), 3),
            "median_hours_gained": float(np.median(self.gained)) / 3600 if self.gained else None,
            "brier": round(float(np.mean((chance - happened) ** 2)), 4),
            "brier_independent": round(float(np.mean((independent - happened) ** 2)), 4),
            "reliability": [
                [int(some.sum()), round(float(chance[some].mean()), 2), round(float(happened[some].mean()), 2)]
                for some in (tenth == number for number in range(10))
                if some.any()
            ],
        }


def rules_of(data: Data, probability: float) -> list[AlertRule]:
    """The rules of a set: frost, or for each load a threshold of its own."""
    if data.name == WEATHER:
        names = tuple(name for name in data.table.names if "temp" in name)
        return [AlertRule(name="frost", series=names, below=FREEZING, within="12h", probability=probability)]
    day = DAY // data.table.interval
    rows = data.table.values[:, data.split.held_out.start - LATE_DAYS * day : data.split.held_out.start]
    peaks = np.median(np.nanmax(rows.reshape(len(rows), LATE_DAYS, day), axis=2), axis=1)
    return [
        AlertRule(name=f"peak-{row}", series=name, above=float(peaks[row]), within="6h", probability=probability)
        for row, name in enumerate(data.table.names)
    ]


def steps(engine: Engine, data: Data) -> Iterator[list[Forecasts]]:
    """Forecasts of the test part, interval by interval, after the windows are full."""
    table, start = data.table, data.split.held_out.start
    for column in range(start - engine.forecaster.contract.reach - 1, table.values.shape[1]):
        rows = np.flatnonzero(np.isfinite(table.values[:, column]))
        time = np.full(len(rows), table.start + column * table.interval)
        made = engine.step(Readings(rows.astype(np.int32), time, table.values[rows, column])).forecasts
        if column > start:
            yield made


def measured(contestant: Contestant, data: Data, probability: float) -> Tally:
    """Warnings and verdicts of one forecaster on the test part."""
    table, contract = data.table, contestant.forecaster.contract
    names, tally = SeriesTable(table.names), Tally()
    engine = Engine(contestant.forecaster, contestant.known, names, learned=contestant.learned)
    rules = rules_of(data, probability)
    alerts = Alerts(rules, names)
    for forecasts in steps(engine, data):
        alerts.look(forecasts, contract)
        for rows in alerts.rows():
            if rows.measurement is ALERT_SCORE:
                columns = [np.asarray(rows.fields[name]) for name in ("hit", "miss", "false_alarm", "gained")]
                tally.hits += int(columns[0].sum())
                tally.misses += int(columns[1].sum())
                tally.false_alarms += int(columns[2].sum())
                tally.gained += columns[3][np.isfinite(columns[3])].tolist()
        for rule in rules:
            for each in forecasts:
                _note(tally, rule, each, data, contract)
    return tally


def _note(tally: Tally, rule: AlertRule, forecasts: Forecasts, data: Data, contract: Contract) -> None:
    """Probabilities at origins at which it does not happen yet, and whether it happened in time."""
    leads, sign = rule.leads(contract), 1.0 if rule.is_upward else -1.0
    for row, series in enumerate(forecasts.series.tolist()):
        first = int((forecasts.origin[row] - data.table.start) // data.table.interval)
        facts = sign * data.table.values[series, first - 1 : first + leads]
        if not rule.takes(data.table.names[series]) or len(facts) <= leads or not np.isfinite(facts).all():
            continue
        values, levels = forecasts.values[row, :leads], contract.quantiles
        if not rule.is_upward:
            values, levels = mirrored(values, levels)
        threshold = sign * rule.threshold
        if facts[0] <= threshold:
            single = above(values, levels, np.full(leads, threshold))
            tally.chances.append(float(single.max()))
            tally.independent.append(float(1 - np.prod(1 - single)))
            tally.happened.append(float((facts[1:] > threshold).any()))


def with_errors(baseline: Baseline, data: Data, contract: Contract) -> WithErrors:
    """A baseline with the quantiles of its errors on the validation part."""
    table = data.table
    errors: list[list[Float64]] = [[] for _ in table.names]
    for part in replayed(table, contract, data.split.validation, STRIDE):
        forecast = baseline.predict(part.windows, part.series)[:, :, contract.median]
        for row, (series, origin) in enumerate(zip(part.series.tolist(), part.origin.tolist(), strict=True)):
            errors[series].append(table.values[series, origin : origin + contract.horizon] - forecast[row])
    quantiles = [np.nanquantile(np.stack(rows), contract.quantiles, axis=0).T for rows in errors]
    return WithErrors(baseline, np.stack(quantiles))


def contestants(data: Data, epochs: int | None, seeds: Sequence[int]) -> Iterator[Contestant]:
    """A network as `gatecast retrain` trains it, and the baselines."""
    fleet = Fleet()
    ready = prepared(data, contract_at(fleet, data.table.interval))
    ready = replace(ready, contract=with_clock(ready.contract, fleet, len(data.split.training)))
    for seed in seeds:
        train = Train(cells=("gru",), seed=seed)
        settings = settings_of(train)
        with tempfile.TemporaryDirectory(prefix="gatecast-") as folder:
            settings = replace(settings, epochs=epochs or settings.epochs)
            bundle = make_candidate(ready, architectures(train, ready.contract)[0], settings, Path(folder)).bundle
        yield Contestant(Model(bundle), bundle.manifest.series, Learned.of(bundle.manifest))
    plain = ready.contract.plain
    for simple in baselines(plain):
        yield Contestant(simple)
        yield Contestant(with_errors(simple, data, plain), data.table.names)


def main() -> None:
    """Print a line of JSON for each forecaster and probability."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", default=WEATHER, help="name of the set; default: weather, which needs no file")
    parser.add_argument("--data", type=Path, help="folder of the file")
    parser.add_argument("--probabilities", nargs="+", type=float, default=[0.5, 0.8], help="of the rules; default: 0.5 0.8")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0], help="of trainings, one each; default: 0")
    parser.add_argument("--epochs", type=int, help="of the training at most; default: as retrain")
    options = parser.parse_args()
    data = load(options.data, options.set, WEATHER_SHARES if options.set == WEATHER else None)
    for contestant in contestants(data, options.epochs, options.seeds):
        for probability in options.probabilities:
            tally = measured(contestant, data, probability)
            line = {"set": options.set, "forecaster": contestant.forecaster.name, "probability": probability}
            print(json.dumps(line | tally.document()), flush=True)


if __name__ == "__main__":
    main()

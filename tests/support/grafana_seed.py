"""A store as a run of the product leaves it: rows made by the engine and the agent's counters, encoded by the store."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from edge.agent.counters import Counter, Counters, Gauge, row
from edge.contract.columns import Float64, Int32, Points, Readings, Scores, SeriesTable
from edge.contract.contract import Context, Contract
from edge.contract.meaning import Meaning
from edge.contract.schema import (
    AGENT,
    ALERT,
    ALERT_SCORE,
    ANOMALY,
    DRIFT,
    FORECAST,
    FORECAST_LEAD,
    FORECAST_SCORE,
    RELEASED,
    RETRAINING,
    RULE,
    Kind,
    Measurement,
)
from edge.contract.times import DAY, SECOND, UNITS
from edge.forecaster.baselines import seasonal_naive
from edge.series.description import Descriptions
from edge.series.engine import Engine
from edge.series.outlook import Leads
from edge.stores.influx import InfluxStore
from edge.stores.store import encode_blocks

HOUR, MINUTE = UNITS["h"], UNITS["min"]
NOW = 1_768_500_000 * SECOND  # 2026-01-15, 18:00 UTC
DAYS = 15
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
LEADS = (1, 6, 24)
MODELS = ("20260101T000000Z-gru-aaaaaaaa", "20260108T000000Z-gru-bbbbbbbb")
SPREAD = 2.0  # unit of the series; between neighbouring quantiles
Write = Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class Banded:
    """The seasonal naive moved by most of its error at the last value, with a band of fixed width.

    Args:
        contract: shape and grid.
        name: version, as a bundle has one.
    """

    contract: Contract
    name: str
    intervals: ClassVar[bool] = True

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """As `Forecaster.predict`."""
        median = self.contract.median
        forecasts = seasonal_naive(self.contract).predict(windows, series, context)
        middle = forecasts[:, :, median] + 0.8 * (windows[:, -1:] - windows[:, -25:-24])
        distances = (np.arange(len(self.contract.quantiles)) - median) * SPREAD
        bands: Float64 = middle[:, :, None] + distances
        return bands

    def self_test(self) -> None:
        """As `Forecaster.self_test`."""


@dataclass(frozen=True, slots=True)
class Run:
    """What was written.

    Args:
        contract: contract of the forecasts.
        names: names of the series.
        scores: all scores.
    """

    contract: Contract
    names: list[str]
    scores: Scores


def waves(series: int, times: Sequence[int]) -> Float64:
    """A daily wave with noise for each series, float64 `[times, series]`; each has a level of its own."""
    hours = np.asarray(times)[:, None] / HOUR
    noise = np.random.default_rng(7).normal(0, 1.0, (len(times), series)).cumsum(axis=0) * 0.4
    values: Float64 = 50 + np.arange(series) * 10 + 8 * np.sin(hours * np.pi / 12) + noise
    return values


def write_run(
    write: Write,
    names: Sequence[str] = ("ewr.temperature",),
    *,
    quantiles: tuple[float, ...] = QUANTILES,
    days: int = DAYS,
    now: int = NOW,
) -> Run:
    """Days of hourly readings through the engine, with a release in the middle; rows as the agent stores them.

    Args:
        write: function that stores a block.
        names: names of the series.
        quantiles: levels of the forecasts.
        days: number of days.
        now: time of the newest reading, ns UTC.
    """
    contract = Contract(interval=HOUR, window=48, horizon=24, quantiles=quantiles)
    table = SeriesTable(names, lambda _: Meaning(unit="°F"))
    engine, descriptions = Engine(Banded(contract, MODELS[0]), [], table, leads=Leads(LEADS)), Descriptions(table)
    times = [now // HOUR * HOUR + hour * HOUR for hour in range(-24 * days, 1)]
    values, order = waves(len(names), times), np.arange(len(names), dtype=np.int32)
    store, scores, points = InfluxStore("http://127.0.0.1:1", "b"), list[Scores](), list[Points]()
    for number, time in enumerate(times):
        if number == len(times) // 2:
            engine.swap(Banded(contract, MODELS[1]), [])
        readings = Readings(order, np.full(len(names), time), values[number])
        effect = engine.step(readings)
        scores.append(effect.scores)
        points += [*effect.points, *descriptions.rows(readings)]
    for block in encode_blocks(store, points, table):
        write(block)
    columns = {name: np.concatenate([getattr(part, name) for part in scores]) for name in Scores.__slots__}
    return Run(contract, list(names), Scores(**columns))


def reports(
    agent: str, times: Sequence[int], trouble: Callable[[Counters, int], object] = lambda _counters, _number: None
) -> bytes:
    """Reports of an agent, as one block.

    Args:
        agent: name of the agent.
        times: times of the reports, ns UTC.
        trouble: function that counts or sets more, before each report, by its number.
    """
    counters, table, parts = Counters(), SeriesTable([agent]), []
    for number, time in enumerate(times):
        counters.count_all({Counter.READINGS: 1000, Counter.FORECASTS: 10, Counter.FORECAST_SECONDS: 310e-6})
        counters.set(Gauge.READINGS_PER_SECOND, 100.0)
        counters.set(Gauge.LAG_SECONDS, 1.5)
        counters.set(Gauge.BACKLOG_BYTES, 0)
        counters.set(Gauge.SILENT_SERIES, 0)
        trouble(counters, number)
        parts.append(row(counters, MODELS[1], time))
    return InfluxStore("http://127.0.0.1:1", "b").encode(parts, table)


def released(agent: str, time: int, model: str = MODELS[1]) -> bytes:
    """The row of an agent in which a bundle goes live."""
    points = Points(AGENT, np.zeros(1, np.int32), np.array([time]), {RELEASED.name: model})
    return InfluxStore("http://127.0.0.1:1", "b").encode([points], SeriesTable([agent]))


def some_trouble(counters: Counters, number: int) -> None:
    """Nothing for an hour; then messages that are no JSON, a full spool, and silent series."""
    counters.set(Gauge.BACKLOG_BYTES, number * 1000)
    counters.set(Gauge.SILENT_SERIES, 2)
    if number > 300:
        counters.count_all({Counter.MESSAGES_SKIPPED: 1, Counter.SKIPPED_BAD_JSON: 1, Counter.LATE: 2, Counter.DUPLICATES: 3})
    if number > 350:
        counters.count_all({Counter.DROPPED_BLOCKS: 1, Counter.TOO_LATE: 1})


def write_agents(write: Write, now: int = NOW) -> None:
    """The last hour of two agents, one without trouble, and a release of each."""
    times = [now - HOUR + number * 10 * SECOND for number in range(1, 361)]
    write(reports("agent-1", times, some_trouble))
    write(reports("agent-2", times))
    write(released("agent-1", now - 7 * MINUTE))


def of_fleet(measurement: Measurement, time: int, values: dict[str, float | str]) -> bytes:
    """A row of the trainer, as one block.

    Args:
        measurement: `retraining` or `drift`.
        time: time of the row, ns UTC.
        values: field to value.
    """
    fields = {field.name: field for field in measurement.fields}
    columns: dict[str, Any] = {}
    for name, value in values.items():
        kind = np.int64 if fields[name].kind is Kind.WHOLE else np.float64
        columns[name] = value if isinstance(value, str) else np.array([value], kind)
    points = Points(measurement, np.zeros(1, np.int32), np.array([time]), columns)
    return InfluxStore("http://127.0.0.1:1", "b").encode([points], SeriesTable(["home"]))


def a_retraining(time: int, **values: float | str) -> bytes:
    """A run of the trainer that has released a bundle, unless other values are given."""
    usual: dict[str, float | str] = {
        "seconds": 312.0, "failed": 0, "released": 1, "cause": "schedule",
        "verdict": "released: 12.1 % below the best baseline",
        "champion": MODELS[1], "challenger": MODELS[1], "champion_error": 0.21, "challenger_error": 0.20,
        "baseline_error": 0.23, "skill": 0.121, "coverage": 0.81,
    }  # fmt: skip
    return of_fleet(RETRAINING, time, usual | values)


def a_look(time: int, **values: float | str) -> bytes:
    """A look of the monitor that has found no drift, unless other values are given."""
    usual: dict[str, float | str] = {
        "statistic": 0.8, "threshold": 2.5, "live_error": 0.86, "expected_error": 0.85, "drifted": 0, "raised": 0,
        "judged_series": 1, "model": MODELS[1],
    }  # fmt: skip
    return of_fleet(DRIFT, time, usual | values)


def write_trainer(write: Write, now: int = NOW) -> None:
    """Weekly runs, daily looks, and one drift with the run that it caused."""
    for week in range(8):
        write(a_retraining(now - week * 7 * DAY - HOUR, released=week % 2, challenger_error=0.2 + week / 100))
    write(a_retraining(now - 3 * DAY, cause="drift"))
    for day in range(60):
        write(a_look(now - day * DAY - 2 * HOUR, statistic=5.0 if day == 3 else 0.5, drifted=int(day == 3)))


def write_alerts(write: Write, series: str, now: int = NOW) -> None:
    """Four alerts of a day each: two hits, a false alarm, and one that stands; and something that no alert came before.

    Args:
        write: function that stores a block.
        series: name of the series.
        now: time that is now, ns UTC.
    """
    store, table = InfluxStore("http://127.0.0.1:1", "b"), SeriesTable([series])
    rule, one = {RULE: "frost"}, np.zeros(1, np.int32)
    for day, state in ((4, 1), (4, 0), (3, 1), (3, 0), (2, 1), (2, 0), (0, 1)):
        time = now - day * DAY - (2 + state) * HOUR
        names = ("state", "turned", "probability", "crossing", "crossing_earliest", "crossing_latest")
        numbers = (state, 1, 0.2 + 0.6 * state, *(float(time // SECOND + 3600 * hours) for hours in (3, 2, 5)))
        columns: dict[str, Any] = {name: np.asarray([value]) for name, value in zip(names, numbers, strict=True)}
        points = Points(ALERT, one, np.array([time]), {**columns, "model": MODELS[1]}, labels=rule)
        write(store.encode([points], table))
    for day, verdict in ((4, "hit"), (3, "hit"), (2, "false_alarm"), (1, "miss")):
        counts: dict[str, Any] = {name: np.asarray([int(name == verdict)]) for name in ("hit", "miss", "false_alarm")}
        gained = np.asarray([1800.0 * day if verdict == "hit" else np.nan])
        points = Points(ALERT_SCORE, one, np.array([now - day * DAY]), {**counts, "gained": gained}, labels=rule)
        write(store.encode([points], table))


def write_anomalies(write: Write, series: str, now: int = NOW) -> None:
    """An alarm that was raised two days ago, and is over; arguments as of `write_alerts`."""
    store, table = InfluxStore("http://127.0.0.1:1", "b"), SeriesTable([series])
    time = now - np.array([48, 47, 30]) * HOUR
    floats = {"value": [70.0, 69.0, 50.0], "forecast": [50.0] * 3, "lower": [48.0] * 3, "upper": [52.0] * 3}
    floats |= {"distance": [10.0, 9.5, 0.0], "rarity": [340.0, 210.0, 0.0]}
    fields: dict[str, Any] = {name: np.asarray(column) for name, column in floats.items()}
    fields |= {"raised": np.array([1, 1, 0]), "turned": np.array([1, 0, 1])}
    write(store.encode([Points(ANOMALY, np.zeros(3, np.int32), time, fields)], table))


def write_all(write: Write, names: Sequence[str] = ("ewr.temperature",), now: int = NOW) -> Run:
    """Everything that the dashboards show."""
    run = write_run(write, names, now=now)
    write_agents(write, now)
    write_trainer(write, now)
    write_alerts(write, run.names[0], now)
    write_anomalies(write, run.names[0], now)
    return run


def write_fleet(write: Write, series: int, now: int = NOW) -> list[str]:
    """The last day of a large fleet, few rows of each series, by the encoder of the store.

    Args:
        write: function that stores a block.
        series: number of series.
        now: time that is now, ns UTC.

    Returns:
        The names of the series.
    """
    names = [f"plant.line{number % 10}.sensor{number:05d}" for number in range(series)]
    table, order = SeriesTable(names), np.arange(series, dtype=np.int32)
    store, hour = InfluxStore("http://127.0.0.1:1", "b"), now // HOUR * HOUR
    for block in encode_blocks(store, list(_of_a_day(order, hour)), table):
        write(block)
    return names


def _of_a_day(order: Int32, hour: int) -> Iterator[Points]:
    level = order.astype(np.float64)
    band = {"q10": level - 5, "q50": level, "q90": level + 5}
    made: dict[str, Any] = {**band, "origin": np.full(len(order), hour), "model": MODELS[0]}
    one = np.ones(len(order), np.int32)
    for back in range(2):
        yield Points.of_readings(Readings(order, np.full(len(order), hour - back * HOUR), level))
    yield Points(FORECAST, order, np.full(len(order), hour + HOUR), {**made, "lead": one})
    yield Points(FORECAST_LEAD, order, np.full(len(order), hour), made, one)
    for back in range(12):
        error = 1 + order % 7 / 10
        worse = np.where(order == 17, 0.5, 2.0)
        scores = {"error": error, "absolute_error": error, "pinball": error, "covered": (order + back) % 5 > 0}
        columns = {name: np.asarray(column, np.float64) for name, column in scores.items()}
        time = np.full(len(order), hour - back * HOUR)
        yield Points(FORECAST_SCORE, order, time, {**columns, "baseline_absolute_error": worse}, one)

"""The one list of the agent's numbers, what a batch adds to them, and the row they become in the store."""

import threading
from collections.abc import Mapping
from enum import Enum, unique

import numpy as np

from edge.contract.columns import Points
from edge.contract.schema import AGENT, MICROSECONDS, MODEL
from edge.errors import PayloadFault
from edge.series.effect import Effect

OWN = "own"  # the field that has the name of its number


class Number(Enum):
    """A number that the agent tells of itself; its name is that of the member, in small letters.

    Args:
        text: meaning of the number, for a reader of `/metrics`.
        unit: unit of the number.
        fields: the fields of the agent's row in the store that this number is added to; `OWN` for one of its name, which it has
            for itself.
    """

    def __init__(self, text: str, unit: str, *fields: str) -> None:
        self.text, self.unit = text, unit
        self.fields = tuple(field for field in fields if field != OWN)
        self.has_own = OWN in fields

    @property
    def title(self) -> str:
        """Its name in small letters."""
        return self.name.lower()

    @property
    def metric(self) -> str:
        """Its name on `/metrics`."""
        return f"gatecast_{self.title}"


@unique
class Counter(Number):
    """A number that only grows."""

    @property
    def metric(self) -> str:
        """Its name on `/metrics`, which ends in `_total`."""
        return f"{super().metric}_total"

    MESSAGES = "messages taken from the broker", "message"
    MESSAGES_USED = "messages that gave a reading", "message"
    MESSAGES_SKIPPED = "messages that gave no reading", "message", "skipped"
    READINGS = "readings taken from messages", "reading", "readings"
    STORED_ONLY = (
        "readings that are stored without a forecast because max_series leaves no room for their series",
        "reading",
        OWN,
    )
    DUPLICATES = "readings that the windows had already, from an earlier delivery or from history", "reading", "duplicates"
    LATE = "readings of closed intervals that repaired the window", "reading", "late"
    TOO_LATE = "readings of closed intervals that no window holds any more", "reading", "late", OWN
    SKIPPED_BAD_JSON = "messages skipped because they are no JSON", "message", OWN
    SKIPPED_BAD_MESSAGE = "messages skipped because reading them failed unexpectedly", "message", OWN
    SKIPPED_BAD_PAYLOAD = "messages or parts of them skipped because they are not of their format", "message or part", OWN
    SKIPPED_BAD_TIME = "messages or parts of them skipped because their time cannot be read", "message or value", OWN
    SKIPPED_BAD_VALUE = "messages or values skipped because they are no finite number", "message or value", OWN
    SKIPPED_FUTURE = "messages or values skipped because their time lies ahead of the clock", "message or value", OWN
    SKIPPED_IMPLAUSIBLE = "messages or values skipped because of ignore, min or max of their rule", "message or value", OWN
    SKIPPED_LONG_TOPIC = "messages skipped because their topic is too long", "message", OWN
    SKIPPED_NO_BIRTH = "messages or values skipped because no Sparkplug birth says what they are", "message or value", OWN
    SKIPPED_NO_CLOCK = "messages or values skipped because the clock of this device stands before 2000", "message or value", OWN
    SKIPPED_NO_NAME = "messages or values skipped because they do not name their series", "message or value", OWN
    SKIPPED_NO_TIME = "messages or parts of them skipped because they hold no time", "message or value", OWN
    SKIPPED_NO_VALUE = "messages skipped because they hold no value", "message", OWN
    SKIPPED_RETAINED = "retained messages skipped because they hold no time", "message", OWN
    SKIPPED_TOO_LARGE = "messages skipped because their payload is too large", "message", OWN
    SKIPPED_TOO_MANY_SERIES = "messages or values skipped because max_series leaves no room for theirs", "message or value", OWN
    SKIPPED_UNKNOWN_TOPIC = "messages skipped because no ingest rule has their topic", "message", OWN
    SKIPPED_UNSUPPORTED = "Sparkplug values skipped because they are tables, files or not to be stored", "message or value", OWN
    SKIPPED_UNWANTED = "messages skipped because they hold no measurement, or by skip of an ingest rule", "message", OWN
    SHARED_SERIES = "readings of a series whose last reading came from another topic or rule", "reading"
    FORECASTS = "forecasts made by the live bundle", "forecast", "forecasts"
    FALLBACK_FORECASTS = (
        "forecasts made by a baseline: gaps, a failing model, or the bundle says so",
        "forecast",
        "forecasts",
        OWN,
    )
    OUTLIERS = "forecasts made without the newest value, which lies far from all others of its window", "forecast"
    JUMPS = "increases of counters left out, as they are far above what the counter usually adds", "interval"
    FORECAST_SECONDS = "time spent in the live bundle", "second"
    NOT_FINITE = "forecasts of the live bundle that are not finite", "forecast"
    CROSSED = "forecasts of the live bundle whose quantiles cross", "forecast"
    NOT_MADE = "forecasts that the live bundle failed to make", "forecast"
    PUBLISHED = "forecasts that [publish] sent to the broker", "forecast"
    OVERTAKEN = "forecasts that [publish] did not send, as the next one of their series came first", "forecast"
    SCORES = "forecast values compared with what was measured", "forecast value"
    ABSOLUTE_ERROR = "sum of the absolute errors of all scores", "unit of the sensor"
    BASELINE_ABSOLUTE_ERROR = "sum of the absolute errors of the baseline's forecasts", "unit of the sensor"
    ALERTS_RAISED = "alerts of [[alert]] that were raised", "alert"
    ALERTS_CLEARED = "alerts of [[alert]] that were cleared", "alert"
    ALERT_HITS = "warnings of [[alert]] that came true", "warning"
    ALERT_MISSES = "events that no alert of [[alert]] had warned of", "event"
    FALSE_ALARMS = "warnings of [[alert]] that nothing followed", "warning"
    ANOMALIES_RAISED = "anomalies of [anomaly] that were raised", "anomaly"
    ANOMALIES_CLEARED = "anomalies of [anomaly] that were cleared", "anomaly"
    DROPPED_BLOCKS = "blocks lost because the spool was full", "block", "dropped", OWN
    DAMAGED_BLOCKS = "blocks of the spool that the disk has changed; they do not reach the store", "block", "dropped", OWN
    REFUSED_POINTS = "rows that the store will never take", "row", "dropped", OWN
    SWAPS = "bundles that went live while the agent ran", "bundle"


@unique
class Gauge(Number):
    """A number that rises and falls."""

    READINGS_PER_SECOND = "readings taken from messages since the last report", "reading per second", "readings_per_second"
    LAG_SECONDS = "time from the arrival of the oldest message of a batch to its commit", "second", "lag_seconds"
    BACKLOG_BYTES = "blocks that wait for the store, packed", "byte", "backlog"
    SILENT_SERIES = "series whose readings have stopped", "series", OWN
    HELD_READINGS = "readings that are stored, and wait for a proved clock or for history", "reading"
    STORE_BYTES = "file of an SQLite store with its log", "byte"
    STORE_FREE_BYTES = "pages without rows in the file of an SQLite store, which the next rows take", "byte"
    RELEASE_AGE_SECONDS = "time since the last look at the release channel that succeeded", "second"


def skipped(fault: PayloadFault) -> Counter:
    """The counter of messages that cannot be used for this reason."""
    return Counter[f"SKIPPED_{fault.upper()}"]


class Counters:
    """The numbers of one agent, counted and set by its threads and read by anyone who asks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._totals: dict[Counter, float] = {}
        self._gauges: dict[Gauge, float] = {}

    def count(self, counter: Counter, amount: float = 1) -> None:
        """Add to a total."""
        with self._lock:
            self._totals[counter] = self._totals.get(counter, 0.0) + amount

    def count_all(self, amounts: Mapping[Counter, float]) -> None:
        """Add to several totals at one moment: who reads them meanwhile sees all of it or nothing."""
        with self._lock:
            for counter, amount in amounts.items():
                self._totals[counter] = self._totals.get(counter, 0.0) + amount

    def total(self, counter: Counter) -> float:
        """What was counted since the agent started."""
        with self._lock:
            return self._totals.get(counter, 0.0)

    def totals(self) -> dict[Counter, float]:
        """All totals that were added to, also those that are 0."""
        with self._lock:
            return dict(self._totals)

    def set(self, gauge: Gauge, value: float) -> None:
        """Set the present value of a gauge."""
        with self._lock:
            self._gauges[gauge] = value

    def gauge(self, gauge: Gauge) -> float:
        """The present value of a gauge; NaN if it was never set."""
        with self._lock:
            return self._gauges.get(gauge, float("nan"))

    def gauges(self) -> dict[Gauge, float]:
        """All gauges that were set."""
        with self._lock:
            return dict(self._gauges)


def tally(counters: Counters, effect: Effect, live: str) -> None:
    """Count what a batch gave.

    Args:
        counters: numbers of the agent.
        effect: result of the batch, from the engine.
        live: name of the forecaster that should have made all forecasts.
    """
    count = counters.count
    count(Counter.DUPLICATES, int((~effect.fresh).sum()))
    count(Counter.LATE, effect.late)
    count(Counter.TOO_LATE, int(effect.too_late.sum()))
    for forecasts in effect.forecasts:
        count(Counter.FORECASTS if forecasts.model == live else Counter.FALLBACK_FORECASTS, len(forecasts))
    for kind, series in effect.broken.items():
        count(Counter[kind.upper()], len(series))
    count(Counter.FORECAST_SECONDS, effect.seconds)
    count(Counter.OUTLIERS, effect.outliers)
    count(Counter.JUMPS, len(effect.jumped))
    count(Counter.SCORES, len(effect.scores))
    if len(effect.scores):
        count(Counter.ABSOLUTE_ERROR, float(np.nansum(effect.scores.absolute_error)))
        count(Counter.BASELINE_ABSOLUTE_ERROR, float(np.nansum(effect.scores.baseline_absolute_error)))


def row(counters: Counters, model: str, now: int) -> Points:
    """The numbers that have a field, as one row of `agent`.

    Args:
        counters: numbers of the agent.
        model: name of what forecasts, or `none`.
        now: time of the row, ns UTC.

    Returns:
        Floats all, whatever has been counted so far; how they are stored is fixed in `edge/contract/schema.py`. The field that
        a counter has for itself is missing until it has counted.
    """
    made, seconds = counters.total(Counter.FORECASTS), counters.total(Counter.FORECAST_SECONDS)
    numbers = {MICROSECONDS.name: seconds / made * 1e6 if made else float("nan")}
    for number in (*Counter, *Gauge):
        value = counters.total(number) if isinstance(number, Counter) else counters.gauge(number)
        for field in number.fields:
            numbers[field] = numbers.get(field, 0.0) + value
        if number.has_own and (value or isinstance(number, Gauge)):
            numbers[number.title] = value
    columns = {field.name: np.asarray([numbers[field.name]]) for field in AGENT.fields if field.name in numbers}
    return Points(AGENT, np.zeros(1, np.int32), np.asarray([now]), {**columns, MODEL.name: model})

"""What is stored: the one place for the names of measurements, tags and fields, and for the type of every field.

A store keeps the type of a field's first row and refuses rows of another type, so a type never changes.
"""

from dataclasses import dataclass
from enum import Enum
from typing import get_args

from edge.errors import PayloadFault

SERIES, LEAD, RULE, TIME = "series", "lead", "rule", "time"


class Kind(Enum):
    """The type of a field."""

    FLOAT = "float"
    WHOLE = "whole number"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a row.

    Args:
        name: name of the field.
        text: description with its unit.
        kind: its type, whatever array it comes in.
    """

    name: str
    text: str
    kind: Kind = Kind.FLOAT


@dataclass(frozen=True, slots=True)
class Measurement:
    """Rows of one kind; tags and time are the identity of a row.

    Args:
        name: name of the measurement.
        text: description of a row.
        fields: the fields in their order.
        quantiles: whether a field for each quantile of the contract stands before these (`Contract.quantile_names`).
        owner: the tag that says whose row it is.
        by_lead: whether the lead is a tag too, so that a moment has a row for each.
        described: whether a row also carries the tags of its series.
        labels: further tags, texts that `Points.labels` gives.
    """

    name: str
    text: str
    fields: tuple[Field, ...]
    quantiles: bool = False
    owner: str = SERIES
    by_lead: bool = False
    described: bool = False
    labels: tuple[str, ...] = ()

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags that every row has."""
        return (self.owner, *self.labels, LEAD) if self.by_lead else (self.owner, *self.labels)

    def is_whole(self, field: str) -> bool:
        """Whether a field holds whole numbers; all other numbers are floats."""
        return any(known.name == field and known.kind is Kind.WHOLE for known in self.fields)


VALUE = Field("value", "what was measured, in the unit of the sensor")
ORIGIN = Field("origin", "end of the last closed interval, ns UTC", Kind.WHOLE)
MODEL = Field("model", "version of the bundle, or name of the baseline, that forecasts", Kind.TEXT)
MICROSECONDS = Field("microseconds_per_forecast", "time that the live bundle takes for one forecast")
RELEASED = Field("released", "version of the bundle that goes live with this row", Kind.TEXT)

READING = Measurement("reading", "a measured value", (VALUE,), described=True)
FORECAST = Measurement(
    "forecast",
    "the newest forecast of a moment, in the unit of the sensor",
    (ORIGIN, MODEL, Field(LEAD, "intervals ahead, from 1 on", Kind.WHOLE)),
    quantiles=True,
)
FORECAST_LEAD = Measurement(
    "forecast_lead",
    "the forecast of a moment at one of the configured leads, in the unit of the sensor",
    (ORIGIN, MODEL),
    quantiles=True,
    by_lead=True,
)
FORECAST_SCORE = Measurement(
    "forecast_score",
    "how good a forecast was once its moment is over",
    (
        Field("error", "forecast median minus fact, in the unit of the sensor"),
        Field("absolute_error", "its absolute value, in the unit of the sensor"),
        Field("pinball", "mean quantile loss, in the unit of the sensor"),
        Field("covered", "1 where the fact lies within the outermost quantiles, else 0"),
        Field("baseline_absolute_error", "absolute error of the seasonal-naive forecast, in the unit of the sensor"),
    ),
    by_lead=True,
)
SILENT_SERIES = Field("silent_series", "series whose readings have stopped", Kind.WHOLE)
# Each is left out of the row until the agent has counted one.
SKIPPED = tuple(
    Field(f"skipped_{fault}", f"messages or values skipped for the reason `{fault}`", Kind.WHOLE)
    for fault in get_args(PayloadFault)
)
LOST = (
    Field("dropped_blocks", "blocks lost because the spool was full", Kind.WHOLE),
    Field("damaged_blocks", "blocks of the spool that the disk has changed", Kind.WHOLE),
    Field("refused_points", "rows that the store will never take", Kind.WHOLE),
)
FALLBACK_FORECASTS = Field(
    "fallback_forecasts", "forecasts made by a baseline: gaps, a failing model, or the bundle says so", Kind.WHOLE
)
WEAKER = (
    Field("too_late", "readings of closed intervals that no window holds any more", Kind.WHOLE),
    Field("stored_only", "readings stored without a forecast, as no slot was left for their series", Kind.WHOLE),
    FALLBACK_FORECASTS,
)
# Counts are whole, but the sums `forecasts` and `dropped` are not: so most agents wrote them before there was this table, and
# their buckets have to go on taking the rows.
AGENT = Measurement(
    "agent",
    "how an agent is doing; its totals begin at 0 when it starts",
    (
        Field("readings_per_second", "readings taken per second since the last report"),
        Field("readings", "readings taken", Kind.WHOLE),
        Field("forecasts", "forecasts made by the live bundle or by the baseline"),
        Field("backlog", "bytes that wait for the store", Kind.WHOLE),
        Field("dropped", "blocks lost because the spool was full, and rows that the store refused"),
        Field("skipped", "messages that could not be used", Kind.WHOLE),
        Field("late", "readings of closed intervals", Kind.WHOLE),
        Field("duplicates", "readings that the windows had already", Kind.WHOLE),
        Field("lag_seconds", "seconds from the arrival of a batch's oldest message to its commit"),
        MICROSECONDS,
        SILENT_SERIES,
        *SKIPPED,
        *LOST,
        *WEAKER,
        MODEL,
        RELEASED,
    ),
    owner="agent",
)
UNIT = Field("unit", "unit of its values, as `[[ingest]]` names it; empty where it names none", Kind.TEXT)
KIND = Field("kind", "`gauge`, or `counter` where forecasts are what is added in an interval", Kind.TEXT)
COUNTER = Field("counter", "1 for a counter, 0 for a gauge", Kind.WHOLE)
HOLD = Field("hold", "seconds that a silent series keeps its last value, at most; 0: it does not")
# Without the tags of the series: a tag may be called `unit` or `kind`.
MEANING = Measurement(SERIES, "what is known of a series, if anything is; once a day", (UNIT, KIND, COUNTER, HOLD))
ISSUED = Field("issued", "moment at which it was told, seconds since 1970, UTC", Kind.WHOLE)
INPUT = Measurement(
    "input",
    "a value of an input for a coming moment; below the millisecond the time tells the rows of one moment apart",
    (Field(VALUE.name, "what was told, in the unit of the input"), ISSUED),
    owner="input",
)
ALERT = Measurement(
    "alert",
    "what a rule of `[[alert]]` says of a series, at the origin of the forecast that it is read from: when that changes",
    (
        Field("state", "1 where the alert is raised, 0 where it was cleared with this row", Kind.WHOLE),
        Field("turned", "1 where it was raised or cleared with this row, 0 where only its numbers are others", Kind.WHOLE),
        Field("probability", "probability of what the rule asks for, 0 to 1"),
        Field("crossing", "expected moment, seconds since 1970, UTC; none where it is so already", Kind.WHOLE),
        Field("crossing_earliest", "earliest moment by the outermost quantiles, likewise", Kind.WHOLE),
        Field("crossing_latest", "latest moment by the outermost quantiles, likewise; none beyond the horizon", Kind.WHOLE),
        MODEL,
    ),
    labels=(RULE,),
)
ALERT_SCORE = Measurement(
    "alert_score",
    "whether a rule of `[[alert]]` was right, at the end of the interval that told",
    (
        Field("hit", "1 where it happened within the time of a warning, else 0", Kind.WHOLE),
        Field("miss", "1 where it happened without a warning, else 0", Kind.WHOLE),
        Field("false_alarm", "1 where nothing followed a warning, else 0", Kind.WHOLE),
        Field("gained", "seconds from the warning to the end of the interval in which it happened; of hits"),
    ),
    labels=(RULE,),
)
ANOMALY = Measurement(
    "anomaly",
    "an interval that the forecasts had not expected, if such are rarer than once a day; and one that clears an alarm",
    (
        Field(VALUE.name, "value of the interval, in the unit of the sensor"),
        Field("forecast", "median of the forecast with the shortest lead, likewise"),
        Field("lower", "lowest quantile of that forecast, likewise"),
        Field("upper", "highest quantile of that forecast, likewise"),
        Field("distance", "how far the value lies from the medians of all leads, in half-widths of their intervals"),
        Field("rarity", "days in which so strange an interval is expected once, 36500 at most; 0 where it is not rare"),
        Field("raised", "1 where the alarm is raised, 0 where it is not or was cleared with this row", Kind.WHOLE),
        Field("turned", "1 where it was raised or cleared with this row, else 0", Kind.WHOLE),
    ),
)
FLEET = "fleet"
RETRAINING = Measurement(
    "retraining",
    "a run of the retraining flow, at its end; one whose process died is written by `gatecast serve`",
    (
        Field("seconds", "seconds that the run took"),
        Field("failed", "1 where the run failed, else 0", Kind.WHOLE),
        Field("released", "1 where a bundle went out, else 0", Kind.WHOLE),
        Field("cause", "what started the run: `schedule`, `drift` or `manual`", Kind.TEXT),
        Field("verdict", "result of the run in one line, or why it failed", Kind.TEXT),
        Field("champion", "version that was live before the run", Kind.TEXT),
        Field("challenger", "version that the run made", Kind.TEXT),
        Field("champion_error", "error of the champion on the held-out part, in units of the scale of the series"),
        Field("challenger_error", "the same of the challenger"),
        Field("baseline_error", "the same of the best baseline"),
        Field("skill", "skill of the challenger beside the baselines"),
        Field("coverage", "share of the facts within the challenger's outermost quantiles"),
    ),
    owner=FLEET,
)
DRIFT = Measurement(
    "drift",
    "a look of the monitor: the live error beside that of the backtest",
    (
        Field("statistic", "by how many standard errors the live ratio lies above the expected one"),
        Field("threshold", "statistic from which on it is drift"),
        Field("live_error", "ratio to the seasonal-naive error: live"),
        Field("expected_error", "the same in the backtest"),
        Field("drifted", "1 where the live error is above what was expected, else 0", Kind.WHOLE),
        Field("raised", "1 where a retraining was asked for, else 0", Kind.WHOLE),
        Field("judged_series", "series that were judged", Kind.WHOLE),
        MODEL,
    ),
    owner=FLEET,
)
# What agents write, and what the trainer writes into the store of its fleet.
MEASUREMENTS = (
    READING,
    FORECAST,
    FORECAST_LEAD,
    FORECAST_SCORE,
    MEANING,
    INPUT,
    ALERT,
    ALERT_SCORE,
    ANOMALY,
    AGENT,
    RETRAINING,
    DRIFT,
)
CHECK = "gatecast_check"  # of the row that `gatecast store check` writes and deletes; nothing else reads or writes it
# Names that a tag of a series cannot have; that of inputs stands in no row of a series, and labels in none with such tags.
RESERVED = frozenset({TIME, VALUE.name, LEAD, *(rows.owner for rows in MEASUREMENTS if rows is not INPUT)})

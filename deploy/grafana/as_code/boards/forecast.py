"""The dashboard *Forecast*: one series, what was measured, and what is to come."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders.dashboard import Dashboard

from as_code import board
from as_code.board import Section
from as_code.boards.quality import error_at_lead
from as_code.influxql import BY_STEP, OF_LEAD, OF_SERIES, ONE, column, rows
from as_code.look import BLUE, ORANGE, PURPLE, Line, Property, Size, Text, chart, dashed, number, setting
from edge.contract.contract import quantile_name
from edge.contract.schema import (
    ANOMALY,
    FORECAST,
    FORECAST_LEAD,
    FORECAST_SCORE,
    MEANING,
    MODEL,
    READING,
    UNIT,
    VALUE,
    Measurement,
)

MEDIAN = f'"{quantile_name(0.5)}"'
NONE = "no forecast yet"


def _mean(measurement: Measurement, field: str, which: str) -> str:
    return f"SELECT mean({field}) FROM {rows(measurement)} WHERE {which} {BY_STEP}"


def _fact() -> Line:
    return Line(_mean(READING, column(READING, VALUE.name), OF_SERIES), "fact", BLUE, [setting("custom.lineWidth", 2)])


def _edge(measurement: Measurement, which: str, variable: str, name: str, properties: Sequence[Property] = ()) -> Line:
    hidden = [setting("custom.lineWidth", 0), setting("custom.showPoints", "never"), *properties]
    return Line(_mean(measurement, f'"${variable}"', which), name, ORANGE, hidden)


def _band(measurement: Measurement, which: str, words: str, lower: str, upper: str) -> list[Line]:
    """A band between two quantiles: the upper edge is filled down to the lower one."""
    filled = [setting("custom.fillBelowTo", f"{words} low"), setting("custom.fillOpacity", 18)]
    return [_edge(measurement, which, lower, f"{words} low"), _edge(measurement, which, upper, f"{words} high", filled)]


def _median(measurement: Measurement, which: str, name: str, colour: str) -> Line:
    return Line(_mean(measurement, MEDIAN, which), name, colour, [dashed(), setting("custom.lineWidth", 2)])


def _numbers() -> Section:
    value = column(READING, VALUE.name)
    latest = number(
        Text("Latest reading", "The newest reading of the series, in its own unit ($unit).", "no reading"),
        Size(4, 4),
        f"SELECT last({value}) FROM {rows(READING)} WHERE {OF_SERIES}",
    )
    unit = number(
        Text("Unit", "Unit of all values of the series, as [[ingest]] names it.", "not named"),
        Size(4, 4),
        f'SELECT last({column(MEANING, UNIT.name)}) AS "unit" FROM {rows(MEANING)} WHERE {ONE}',
        is_text=True,
    )
    ahead = f"FROM {rows(FORECAST)} WHERE {ONE} AND time > now()"
    highest = number(
        Text("Highest forecast ahead", "The highest median of the forecast from now on.", NONE),
        Size(4, 4),
        f"SELECT max({MEDIAN}) {ahead}",
    )
    lowest = number(
        Text("Lowest forecast ahead", "The lowest median of the forecast from now on.", NONE),
        Size(4, 4),
        f"SELECT min({MEDIAN}) {ahead}",
    )
    model = number(
        Text(
            "Forecast by", "Version of the bundle, or name of the baseline, that made the newest forecast of the series.", NONE
        ),
        Size(4, 4),
        f'SELECT last({column(FORECAST, MODEL.name)}) AS "model" FROM {rows(FORECAST)} WHERE {OF_SERIES}',
        is_text=True,
    )
    return Section("$series", [latest, unit, highest, lowest, error_at_lead(4), model])


def _charts() -> Section:
    newest = chart(
        Text(
            "Fact and newest forecast of $series",
            "The fact, and for each moment the newest forecast of it: the median (dashed), the wide band from quantile $lower "
            "to $upper, and the narrow one from $inner_lower to $inner_upper. Behind the line of now lies what is to come. "
            "The third line is the median as it stood $lead intervals before each moment.",
            "no reading and no forecast of this series in this time",
        ),
        Size(24, 12),
        [
            *_band(FORECAST, OF_SERIES, "wide band", "lower", "upper"),
            *_band(FORECAST, OF_SERIES, "narrow band", "inner_lower", "inner_upper"),
            _median(FORECAST_LEAD, OF_LEAD, "median, made earlier", PURPLE),
            _fact(),
            _median(FORECAST, OF_SERIES, "median", ORANGE),
        ],
    )
    earlier = chart(
        Text(
            "Forecast made $lead intervals ahead, and fact",
            "The forecasts as they stood $lead intervals before each moment, drawn at the moment that they speak of. A line "
            "that trails behind the fact is that of a model which repeats the last value.",
            NONE,
        ),
        Size(14, 9),
        [
            *_band(FORECAST_LEAD, OF_LEAD, "band", "lower", "upper"),
            _fact(),
            _median(FORECAST_LEAD, OF_LEAD, "median", PURPLE),
        ],
    )
    error = chart(
        Text(
            "Forecast minus fact, $lead intervals ahead",
            "Error of the median made $lead intervals ahead, in the unit of the series. Above 0 the forecast was too high. A "
            "mean away from 0 is a bias.",
            "no score yet: the first one comes $lead intervals after the first forecast",
        ),
        Size(10, 9),
        [Line(_mean(FORECAST_SCORE, column(FORECAST_SCORE, "error"), OF_LEAD), "error", PURPLE)],
    )
    return Section("Fact and forecast", [newest, earlier, error])


def _counter() -> Section:
    added = chart(
        Text(
            "Added and forecast per hour",
            "For a counter such as a meter, whose forecasts are what is added in an interval: what it added, and the sum of "
            "the forecasts, per hour or longer step. Where the meter began again there is no value.",
            "no reading of this series in this time",
        ),
        Size(24, 9),
        [
            Line(
                f"SELECT non_negative_difference(last({column(READING, VALUE.name)})) FROM {rows(READING)} WHERE {OF_SERIES} "
                f"{BY_STEP}",
                "added",
                BLUE,
            ),
            Line(f"SELECT sum({MEDIAN}) FROM {rows(FORECAST)} WHERE {OF_SERIES} {BY_STEP}", "forecast", ORANGE),
        ],
        is_bars=True,
        least_step="1h",
    )
    return Section("If $series is a counter: what it adds", [added], is_closed=True)


def _strange() -> Section:
    rarity = chart(
        Text(
            "Days in which such a value is expected once",
            "How rare the values were that no forecast had expected, from one day on; [anomaly] every is where an alarm is "
            "raised. docs/anomalies.md says how it is told.",
            "nothing was rare, or [anomaly] every is off",
        ),
        Size(24, 7),
        [Line(f"SELECT max({column(ANOMALY, 'rarity')}) FROM {rows(ANOMALY)} WHERE {OF_SERIES} {BY_STEP}", "rarity", ORANGE)],
        is_bars=True,
    )
    return Section("Anomalies of $series", [rarity], is_closed=True)


def forecast() -> Dashboard:
    """Fact, forecast and band of one series, on past now."""
    text = "What a sensor has measured, and what comes next: median and intervals, past now."
    made = board.board("forecast", text, ("now-3d", "now+1d"), [_numbers(), _charts(), _strange(), _counter()])
    return (
        board.of_one_series(made, board.innermost())
        .annotation(board.now_line())
        .annotation(board.releases())
        .annotation(board.raised())
        .annotation(board.anomalies())
    )

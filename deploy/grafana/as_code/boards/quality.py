"""The dashboard *Quality*: how good the forecasts were, of one series and of all."""

from grafana_foundation_sdk.builders import stat, table
from grafana_foundation_sdk.builders.dashboard import Dashboard

from as_code import board
from as_code.board import Section
from as_code.influxql import OF_LEAD, OF_SERIES, SHOWN, column, rows
from as_code.look import (
    GREEN,
    GREY,
    ORANGE,
    Line,
    Property,
    Size,
    Steps,
    Text,
    bars_by_lead,
    chart,
    dashed,
    listing,
    number,
    setting,
)
from edge.contract.schema import FORECAST_SCORE, LEAD, SERIES

ERROR, NAIVE, COVERED = (column(FORECAST_SCORE, name) for name in ("absolute_error", "baseline_absolute_error", "covered"))
FROM = f"FROM {rows(FORECAST_SCORE)} WHERE"
# Means of the same moments: a seasonal-naive forecast needs a day of readings more.
BOTH = f"{NAIVE} >= 0"
GAIN = f"1 - mean({ERROR}) / mean({NAIVE})"
NOMINAL = f"mean({COVERED}) * 0 + (0$upper_percent - 0$lower_percent) / 100"  # 0 and nothing is 0, before the first forecast
NO_SCORE = "no score yet: the first one comes when the moment of a forecast is over"
GAINS: Steps = [(None, "orange"), (0, "yellow"), (0.05, "green")]
MOST = 20  # series in a ranking
FEWEST = 12  # scores of a series in a ranking
SHARE: list[Property] = [setting("unit", "percentunit"), setting("decimals", 1)]
GAIN_TEXT = (
    "1 minus error ÷ error of the seasonal-naive forecast, the value one day before. Above 0 the forecast is better. It is not "
    "the skill of the trainer's verdicts, which compares with the best of all baselines."
)
COVERAGE_TEXT = (
    "Share of the facts between the outermost quantiles $lower and $upper. It should be near the distance of the two."
)


def error_at_lead(width: int) -> stat.Panel:
    """How far the forecasts of the chosen series and lead were off.

    Args:
        width: number of columns of Grafana.
    """
    text = "Mean absolute error of the median made $lead intervals ahead, in the unit of the series ($unit)."
    return number(Text("Error at lead $lead", text, NO_SCORE), Size(width, 4), f"SELECT mean({ERROR}) {FROM} {OF_LEAD}")


def _numbers() -> Section:
    naive = number(
        Text(
            "Error of the seasonal naive",
            "Mean absolute error of the value one day before, in the unit of the series ($unit).",
            NO_SCORE,
        ),
        Size(5, 4),
        f"SELECT mean({NAIVE}) {FROM} {OF_LEAD}",
    )
    gain = number(
        Text("Gain at lead $lead", GAIN_TEXT, NO_SCORE, "percentunit", 1),
        Size(5, 4),
        f"SELECT {GAIN} {FROM} {BOTH} AND {OF_LEAD}",
        GAINS,
    )
    coverage = number(
        Text("Coverage at lead $lead", COVERAGE_TEXT, NO_SCORE, "percentunit", 1),
        Size(5, 4),
        f"SELECT mean({COVERED}) {FROM} {OF_LEAD}",
    )
    scores = number(
        Text(
            "Scores",
            "Number of forecasts compared with their fact, at this lead and in this time. Few say little.",
            "0",
            decimals=0,
        ),
        Size(4, 4),
        f"SELECT count({ERROR}) {FROM} {OF_LEAD}",
    )
    return Section("$series, $lead intervals ahead", [error_at_lead(5), naive, gain, coverage, scores])


def _by_time() -> Section:
    by_day = "GROUP BY time($__interval) fill(none)"
    error = chart(
        Text(
            "Error by day",
            "Mean absolute error of the median made $lead intervals ahead, beside that of the seasonal naive. Both rise "
            "together where the weather or the plant is hard to forecast; where only the first one rises, the model has aged.",
            NO_SCORE,
        ),
        Size(8, 9),
        [
            Line(f"SELECT mean({NAIVE}) {FROM} {OF_LEAD} {by_day}", "seasonal naive", GREY),
            Line(f"SELECT mean({ERROR}) {FROM} {OF_LEAD} {by_day}", "forecast", ORANGE),
        ],
        least_step="1d",
    )
    gain = chart(
        Text("Gain by day", f"{GAIN_TEXT} All leads together, by day.", NO_SCORE, "percentunit"),
        Size(8, 9),
        [Line(f"SELECT {GAIN} {FROM} {BOTH} AND {OF_SERIES} {by_day}", "gain", GREEN)],
        least_step="1d",
    )
    coverage = chart(
        Text("Coverage by day", f"{COVERAGE_TEXT} That is the dashed line.", NO_SCORE, "percentunit"),
        Size(8, 9),
        [
            Line(f"SELECT {NOMINAL} {FROM} {OF_SERIES} {by_day}", "as it should be", GREY, [dashed()]),
            Line(f"SELECT mean({COVERED}) {FROM} {OF_SERIES} {by_day}", "coverage", ORANGE),
        ],
        least_step="1d",
    )
    return Section("$series over time", [error, gain, coverage.min(0).max(1)])


def _by_lead() -> Section:
    each = f'GROUP BY "{LEAD}"'
    error = bars_by_lead(
        Text("Error by lead", "Mean absolute error by number of intervals ahead, beside that of the seasonal naive.", NO_SCORE),
        Size(8, 8),
        f'SELECT mean({ERROR}) AS "forecast", mean({NAIVE}) AS "seasonal naive" {FROM} {BOTH} AND {OF_SERIES} {each}',
        {"forecast": ORANGE, "seasonal naive": GREY},
    )
    gain = bars_by_lead(
        Text("Gain by lead", GAIN_TEXT, NO_SCORE, "percentunit", 1),
        Size(8, 8),
        f'SELECT {GAIN} AS "gain" {FROM} {BOTH} AND {OF_SERIES} {each}',
        {"gain": GREEN},
    )
    coverage = bars_by_lead(
        Text("Coverage by lead", COVERAGE_TEXT, NO_SCORE, "percentunit", 1),
        Size(8, 8),
        f'SELECT mean({COVERED}) AS "coverage", {NOMINAL} AS "as it should be" {FROM} {OF_SERIES} {each}',
        {"coverage": ORANGE, "as it should be": GREY},
    )
    return Section("$series by lead", [error, gain, coverage.min(0).max(1)])


def _ranking(title: str, text: str, figure: str, formula: str, *, is_best: bool) -> table.Panel:
    """A table of the best or the worst series.

    Args:
        title: title of the panel.
        text: its explanation.
        figure: name of the figure.
        formula: formula of the figure, in InfluxQL.
        is_best: whether the greatest figures are listed.
    """
    selector = "top" if is_best else "bottom"
    query = f'SELECT {selector}("{figure}", "{SERIES}", {MOST}) AS "{figure}", "scores" {_enough(figure, formula)}'
    styles = {
        SERIES: [setting("links", board.to_series("quality")), setting("custom.width", 260)],
        figure: SHARE,
        "scores": [setting("decimals", 0)],
    }
    panel = listing(
        Text(title, text, "no series has enough scores yet"), Size(6, 10), query, [SERIES, figure, "scores"], styles
    )
    return panel.time_from("1d")


def _enough(figure: str, formula: str) -> str:
    """FROM a figure of each series that has enough scores. Each column costs a large fleet time, so there is none beside it."""
    each = f'SELECT {formula} AS "{figure}", count({NAIVE}) AS "scores" {FROM} {SHOWN} GROUP BY "{SERIES}"'
    return f'FROM ({each}) WHERE "scores" >= {FEWEST}'


def _all() -> Section:
    enough = _enough("gain", GAIN)
    of_all = number(
        Text("Gain of all series", f"{GAIN_TEXT} Mean over all series of the last day.", NO_SCORE, "percentunit", 1),
        Size(12, 4),
        f'SELECT mean("gain") {enough}',
        GAINS,
    ).time_from("1d")
    ahead = number(
        Text(
            "Series with a gain",
            "Number of series whose forecasts of the last day were better than the seasonal naive.",
            "0",
            decimals=0,
        ),
        Size(12, 4),
        f'SELECT count("gain") {enough} AND "gain" > 0',
    ).time_from("1d")
    coverage = f"mean({COVERED})"
    worst = _ranking(
        "Series with the least gain",
        f"The {MOST} series whose forecasts of the last day gain least, over all leads. A click on a name shows the series.",
        "gain",
        GAIN,
        is_best=False,
    )
    best = _ranking(
        "Series with the greatest gain",
        f"The {MOST} series whose forecasts of the last day gain most, over all leads.",
        "gain",
        GAIN,
        is_best=True,
    )
    narrow = _ranking(
        "Series with the least coverage",
        f"The {MOST} series whose facts of the last day lay outside of the band most often: their intervals are too narrow.",
        "coverage",
        coverage,
        is_best=False,
    )
    wide = _ranking(
        "Series with the greatest coverage",
        f"The {MOST} series whose facts of the last day lay inside of the band most often. Near 100 % the intervals are too "
        "wide to be of use.",
        "coverage",
        coverage,
        is_best=True,
    )
    title = "All series in the last day, and the best and worst of them"
    return Section(title, [of_all, ahead, worst, best, narrow, wide], is_closed=True)


def quality() -> Dashboard:
    """Error, gain and coverage of one series by time and lead, and the rankings of all."""
    text = "How good the forecasts were: error, gain on the seasonal naive and coverage, by time and lead, and rankings of all."
    made = board.board("quality", text, ("now-14d", "now"), [_numbers(), _by_time(), _by_lead(), _all()])
    return board.of_one_series(made, board.percents()).annotation(board.releases())

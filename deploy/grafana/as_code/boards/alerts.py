"""The dashboard *Alerts*: what the rules of `[[alert]]` say, and what came of it."""

from grafana_foundation_sdk.builders.common import StackingConfig
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.common import GraphDrawStyle, StackingMode
from grafana_foundation_sdk.models.dashboard import ValueMap, ValueMappingResult

from as_code import board
from as_code.board import Section
from as_code.influxql import SHOWN, column, rows
from as_code.look import GREEN, GREY, ORANGE, RED, Line, Property, Size, Text, chart, listing, number, setting
from edge.contract.schema import ALERT, ALERT_SCORE, RULE, SERIES

SCORES = f"FROM {rows(ALERT_SCORE)} WHERE {SHOWN}"
PAIR = f'"{SERIES}", "{RULE}"'
NONE = "no alert in this time"
NOTHING = "nothing to judge in this time"
MOST = 200  # rows of a table
STATES = [
    ValueMap({key: ValueMappingResult(text=text, color=colour)})
    for key, text, colour in (("0", "over", "green"), ("1", "raised", "red"))
]
SHARE: list[Property] = [setting("unit", "percentunit"), setting("decimals", 0)]


def _total(name: str) -> str:
    return f"SELECT sum({column(ALERT_SCORE, name)}) {SCORES}"


def _numbers() -> Section:
    states = f'SELECT last({column(ALERT, "state")}) AS "one" FROM {rows(ALERT)} WHERE {SHOWN} GROUP BY {PAIR}'
    raised = number(
        Text("Raised now", "Alerts that are raised, of those that were told of in the time shown.", NONE),
        Size(4, 4),
        f'SELECT sum("one") FROM ({states})',
        [(None, "green"), (1, ORANGE)],
    )
    hits, misses, false_alarms = (
        number(Text(title, text, NOTHING), Size(4, 4), _total(name))
        for name, title, text in (
            ("hit", "Hits", "Warnings that came true within their time, in the time shown."),
            ("miss", "Misses", "What happened without a warning, in the time shown."),
            ("false_alarm", "False alarms", "Warnings that nothing followed, in the time shown."),
        )
    )
    rate = number(
        Text("Hit rate", "Share of what happened that a warning came before.", NOTHING, "percentunit"),
        Size(4, 4),
        f"SELECT sum({column(ALERT_SCORE, 'hit')}) / (sum({column(ALERT_SCORE, 'hit')}) + sum({column(ALERT_SCORE, 'miss')})) "
        f"{SCORES}",
    )
    gained = number(
        Text("Time gained", "Median time from a warning that was right to the reading that would have told.", NOTHING, "s"),
        Size(4, 4),
        f"SELECT median({column(ALERT_SCORE, 'gained')}) {SCORES}",
    )
    return Section("All rules", [raised, hits, misses, false_alarms, rate, gained])


def _rules() -> Section:
    sums = ", ".join(
        f'sum({column(ALERT_SCORE, name)}) AS "{title}"'
        for name, title in (("hit", "hits"), ("miss", "misses"), ("false_alarm", "false alarms"))
    )
    rates = f"sum({column(ALERT_SCORE, 'hit')}) / (sum({column(ALERT_SCORE, 'hit')}) + sum({column(ALERT_SCORE, 'miss')}))"
    table = listing(
        Text(
            "Rules",
            "What each rule was worth. A lower probability gives fewer misses and more false alarms.",
            NOTHING,
        ),
        Size(12, 9),
        f'SELECT {sums}, {rates} AS "hit rate", median({column(ALERT_SCORE, "gained")}) AS "time gained" {SCORES} '
        f'GROUP BY "{RULE}"',
        [RULE, "hits", "misses", "false alarms", "hit rate", "time gained"],
        {"hit rate": SHARE, "time gained": [setting("unit", "s")]},
    )
    by_day = chart(
        Text("Verdicts by day", "Hits, misses and false alarms of all rules, each day.", NOTHING),
        Size(12, 9),
        [
            Line(f"SELECT sum({column(ALERT_SCORE, name)}) {SCORES} GROUP BY time(1d) fill(none)", title, colour)
            for name, title, colour in (
                ("hit", "hits", GREEN),
                ("miss", "misses", RED),
                ("false_alarm", "false alarms", GREY),
            )
        ],
        is_bars=True,
        least_step="1d",
    ).stacking(StackingConfig().mode(StackingMode.NORMAL))
    return Section("What the rules are worth", [table, by_day])


def _changes() -> Section:
    moments = [
        f'{column(ALERT, name)} * 1000 AS "{title}"'
        for name, title in (("crossing", "expected"), ("crossing_earliest", "earliest"), ("crossing_latest", "latest"))
    ]
    plain = [f'"{RULE}"', f'"{SERIES}"', *(column(ALERT, name) for name in ("state", "probability"))]
    selected = ", ".join([*plain, *moments, column(ALERT, "model")])
    columns = ["Time", RULE, SERIES, "state", "probability", "expected", "earliest", "latest", "model"]
    dates = {name: [setting("unit", "dateTimeAsLocal")] for name in ("expected", "earliest", "latest")}
    table = listing(
        Text(
            "Raised and over",
            f"The newest {MOST} alerts that were raised or are over, with the times by the forecast of then.",
            NONE,
        ),
        Size(24, 10),
        f"SELECT {selected} FROM {rows(ALERT)} WHERE {column(ALERT, 'turned')} = 1 AND {SHOWN} ORDER BY time DESC LIMIT {MOST}",
        columns,
        {
            "state": [setting("mappings", STATES)],
            "probability": SHARE,
            **dates,
            SERIES: [setting("links", board.to_series("forecast"))],
        },
    )
    probability = chart(
        Text(
            "Probability of what is raised",
            "The highest probability of the alerts that are raised, by rule.",
            NONE,
            "percentunit",
        ),
        Size(24, 8),
        [
            Line(
                f"SELECT max({column(ALERT, 'probability')}) FROM {rows(ALERT)} WHERE {column(ALERT, 'state')} = 1 AND {SHOWN} "
                f'GROUP BY time($__interval), "{RULE}" fill(none)',
                f"$tag_{RULE}",
                None,
            )
        ],
    ).draw_style(GraphDrawStyle.POINTS)  # a line would lead from one alert to the next
    return Section("Alerts", [table, probability])


def alerts() -> Dashboard:
    """What is raised, what the rules are worth, and the newest changes."""
    text = "What the rules of [[alert]] say of the forecasts, and what came of it: hits, misses and false alarms."
    made = board.board("alerts", text, ("now-30d", "now"), [_numbers(), _rules(), _changes()])
    return made.annotation(board.releases())

"""The dashboard *Fleet*: the agents, what they take in, what waits, and what is lost."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import bargauge, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard

from as_code import board
from as_code.board import Section
from as_code.influxql import BY_STEP, SHOWN, column, rows
from as_code.look import (
    Line,
    Size,
    Steps,
    Text,
    chart,
    gauges,
    listing,
    number,
    setting,
)
from edge.contract.schema import AGENT, LOST, MICROSECONDS, MODEL, READING, SERIES, SILENT_SERIES, VALUE, WEAKER, Field

FROM = f"FROM {rows(AGENT)} WHERE {SHOWN}"
OWNER = column(AGENT, AGENT.owner)
BY_AGENT = f"GROUP BY time($__interval), {OWNER} fill(none)"
RECENT = "5m"  # what agents say of themselves is of now
NO_AGENT = "no agent has reported in this time"
LITTLE: Steps = [(None, "green"), (10e6, "yellow"), (500e6, "orange")]
ANY: Steps = [(None, "green"), (1, "orange")]
MOST = 20  # series in the list


def _sum_of_last(name: str) -> str:
    return f'SELECT sum("one") FROM (SELECT last({column(AGENT, name)}) AS "one" {FROM} GROUP BY {OWNER})'


def _numbers() -> Section:
    up = number(
        Text("Agents up", f"Agents that have reported within the last {RECENT}.", "0", decimals=0),
        Size(4, 4),
        f'SELECT count("one") FROM (SELECT last({column(AGENT, "readings_per_second")}) AS "one" {FROM} GROUP BY {OWNER})',
    ).time_from(RECENT)
    rate = number(
        Text("Readings", "Readings that all agents together take in each second.", NO_AGENT, "reqps", 1),
        Size(4, 4),
        _sum_of_last("readings_per_second"),
    ).unit("suffix: /s")
    backlog = number(
        Text(
            "Backlog",
            "What all agents together still hold in their spools because the store has not taken it yet.",
            NO_AGENT,
            "decbytes",
            0,
        ),
        Size(4, 4),
        _sum_of_last("backlog"),
        LITTLE,
    )
    silent = number(
        Text(
            "Silent series",
            "Series whose readings have stopped, as their agents see it. /healthz of an agent names one.",
            NO_AGENT,
            decimals=0,
        ),
        Size(4, 4),
        _sum_of_last(SILENT_SERIES.name),
        ANY,
    )
    lag = number(
        Text(
            "Longest lag",
            "From the arrival of the oldest message of a batch to its commit, of the slowest agent. Up to the length of "
            "[agent] commit it is no fault.",
            NO_AGENT,
            "s",
            1,
        ),
        Size(4, 4),
        f'SELECT max("one") FROM (SELECT last({column(AGENT, "lag_seconds")}) AS "one" {FROM} GROUP BY {OWNER})',
    )
    lost = number(
        Text(
            "Lost in this time",
            "Blocks that a full spool or a damaged disk has cost, and rows that the store refused, in the time shown. "
            "Anything but 0 is lost data.",
            "0",
            decimals=0,
        ),
        Size(4, 4),
        f'SELECT sum("one") FROM (SELECT non_negative_difference({column(AGENT, "dropped")}) AS "one" {FROM} GROUP BY {OWNER})',
        [(None, "green"), (1, "red")],
    )
    return Section("Now", [up, *(panel.time_from(RECENT) for panel in (rate, backlog, silent, lag)), lost])


def _by_agent(title: str, text: str, field: str, unit: str, *, calculation: str = "mean") -> timeseries.Panel:
    query = f"SELECT {calculation}({column(AGENT, field)}) {FROM} {BY_AGENT}"
    return chart(Text(title, text, NO_AGENT, unit), Size(8, 8), [Line(query, f"$tag_{AGENT.owner}")], least_step="10s")


def _lines() -> Section:
    growth = f"SELECT non_negative_derivative(first({column(AGENT, 'forecasts')}), 1m) {FROM} {BY_AGENT}"
    forecasts = chart(
        Text("Forecasts a minute", "Forecasts that each agent makes, by its bundle or by the baseline.", NO_AGENT),
        Size(8, 8),
        [Line(growth, f"$tag_{AGENT.owner}")],
        least_step="1m",
    )
    return Section(
        "Agents over time",
        [
            _by_agent("Readings a second", "Readings that each agent takes in.", "readings_per_second", "suffix: /s"),
            forecasts,
            _by_agent(
                "Backlog by agent",
                "What the spool of each agent holds because the store has not taken it yet. It grows while the store is away, "
                "and must shrink again.",
                "backlog",
                "decbytes",
                calculation="max",
            ),
            _by_agent(
                "Lag by agent",
                "From the arrival of the oldest message of a batch to its commit.",
                "lag_seconds",
                "s",
                calculation="max",
            ),
            _by_agent(
                "Time per forecast",
                "What one forecast of one series takes the live bundle, on average since the agent started. Empty while only "
                "baselines forecast.",
                MICROSECONDS.name,
                "µs",
            ),
            _by_agent(
                "Silent series by agent", "Series whose readings have stopped.", SILENT_SERIES.name, "short", calculation="max"
            ),
        ],
    )


def _reasons(title: str, text: str, pattern: str) -> bargauge.Panel:
    query = f"SELECT sum(/^last_/) FROM (SELECT last({pattern}) {FROM} GROUP BY {OWNER})"
    return gauges(Text(title, text, "none", decimals=0), Size(8, 7), query, "sum_last_(?:skipped_)?")


def _named(fields: Sequence[Field]) -> str:
    """A pattern for these fields; without a `$`, which Grafana could take for a variable."""
    return f"/^(?:{'|'.join(field.name for field in fields)})/"


def _losses() -> Section:
    counts = [("dropped", "lost"), ("skipped", "skipped"), ("late", "late"), ("duplicates", "repeated")]
    over_time = chart(
        Text(
            "Lost, skipped, late and repeated",
            "Per step of time and of all agents: lost for good (lost), messages that gave no reading (skipped), readings of "
            "closed intervals (late) and readings that were known already (repeated). Late and repeated readings are normal "
            "after an outage.",
            NO_AGENT,
        ),
        Size(24, 8),
        [
            Line(
                f'SELECT sum("one") FROM (SELECT non_negative_difference(max({column(AGENT, field)})) AS "one" '
                f"{FROM} {BY_AGENT}) "
                f"WHERE {SHOWN} {BY_STEP}",
                name,
            )
            for field, name in counts
        ],
        is_bars=True,
        least_step="1m",
    )
    return Section(
        "What gives no forecast, and why",
        [
            over_time,
            _reasons(
                "Skipped, by reason",
                "Messages and values that gave no reading, since each agent started. gatecast-agent topics names the topics.",
                "/^skipped_/",
            ),
            _reasons(
                "Lost, by reason",
                "Blocks that a full spool dropped or a disk damaged, and rows that the store refused, since each agent "
                "started.",
                _named(LOST),
            ),
            _reasons(
                "Without a model's forecast, by reason",
                "Readings too late for any window, readings of series without a slot, and forecasts that the baseline made, "
                "since each agent started.",
                _named(WEAKER),
            ),
        ],
    )


def _tables() -> Section:
    reported = listing(
        Text("Model and last report of each agent", "When each agent has reported last, and what forecasts there.", NO_AGENT),
        Size(8, 8),
        f'SELECT last({column(AGENT, MODEL.name)}) AS "model" {FROM} GROUP BY {OWNER}',
        ["Time", AGENT.owner, "model"],
        {"Time": [setting("unit", "dateTimeFromNow")]},
    )
    state = listing(
        Text("State of each agent", "The newest numbers of each agent in the time shown.", NO_AGENT),
        Size(8, 8),
        "SELECT "
        + ", ".join(
            f'last({column(AGENT, name)}) AS "{title}"'
            for name, title in [
                ("readings_per_second", "readings/s"),
                ("backlog", "backlog"),
                ("lag_seconds", "lag"),
                ("silent_series", "silent"),
            ]
        )
        + f" {FROM} GROUP BY {OWNER}",
        [AGENT.owner, "readings/s", "backlog", "lag", "silent"],
        {"backlog": [setting("unit", "decbytes")], "lag": [setting("unit", "s")], "readings/s": [setting("decimals", 1)]},
    )
    fewest = listing(
        Text(
            "Series with the fewest readings",
            f"The {MOST} series with the fewest readings in the last day: those that have stopped stand first, if all send "
            "equally often. A click on a name shows the series. A series without any reading in this day is not listed.",
            "no reading in the last day",
        ),
        Size(8, 8),
        f'SELECT bottom("readings", "{SERIES}", {MOST}) AS "readings" FROM '
        f'(SELECT count({column(READING, VALUE.name)}) AS "readings" FROM {rows(READING)} WHERE {SHOWN} GROUP BY "{SERIES}")',
        [SERIES, "readings"],
        {SERIES: [setting("links", board.to_series("forecast"))], "readings": [setting("decimals", 0)]},
    ).time_from("1d")
    return Section("Agents and series", [reported, state, fewest])


def fleet() -> Dashboard:
    """Rates, latency, backlog, losses by reason, silent series, and the model of each agent."""
    text = "How the agents are doing: what they take in, what waits for the store, what is lost and why, and what forecasts."
    made = board.board("fleet", text, ("now-6h", "now"), [_numbers(), _lines(), _losses(), _tables()])
    return made.annotation(board.releases())

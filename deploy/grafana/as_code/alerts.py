"""The alert rules: what they ask, when they alarm, and what to do then."""

from collections.abc import Mapping
from dataclasses import dataclass

from as_code.board import UIDS
from as_code.boards.quality import FEWEST, GAIN, NAIVE
from as_code.influxql import SHOWN, Json, column, rows, text
from as_code.limits import Limits, Threshold
from as_code.rules import Asked, Rule, literal, provisioned
from edge.contract.contract import quantile_name
from edge.contract.schema import AGENT, FORECAST, FORECAST_SCORE, LEAD, RETRAINING, SERIES, SILENT_SERIES
from edge.contract.times import SECOND, parse_duration

FOLDER = "Gatecast alerts"
MINUTE, DAY = 60, 86_400  # seconds
OWNER = column(AGENT, AGENT.owner)
BY_AGENT = f"FROM {rows(AGENT)} WHERE {SHOWN} GROUP BY {OWNER}"
HEALTHY = "docs/operations.md#is-the-agent-healthy"
RETRAINING_PAGE = "docs/operations.md#retraining-and-releases"
FAILING = "docs/operations.md#what-to-expect-when-something-fails"


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are looked at together.

    Args:
        name: name that never changes.
        interval: time between two looks, such as `1m`.
        rules: the rules.
    """

    name: str
    interval: str
    rules: list[Rule]


def _forecast(number: int, threshold: Threshold) -> list[Rule]:
    """A rule for each side of the values that nobody wants."""
    series, sides = threshold.series, []
    if threshold.above is not None:
        sides.append(("above", "max", "gt", threshold.above))
    if threshold.below is not None:
        sides.append(("below", "min", "lt", threshold.below))
    made = []
    for side, extreme, comparison, value in sides:
        median = f'"{quantile_name(0.5)}"'
        ahead = f"time > now() AND time <= now() + {parse_duration(threshold.ahead) // SECOND}s"
        query = f'SELECT {extreme}({median}) FROM {rows(FORECAST)} WHERE "{SERIES}" = {text(series)} AND {ahead}'
        made.append(
            Rule(
                f"gatecast-forecast-{number}-{side}",
                f"Forecast of {series} goes {side} {value:g}",
                [Asked(query, DAY)],
                extreme,  # type: ignore[arg-type]
                (comparison, (value,)),  # type: ignore[arg-type]
                "5m",
                f"The forecast of {literal(series)} goes {side} {value:g} within the next {threshold.ahead}",
                "Look at the forecast and its band. The value stands in deploy/grafana/limits.toml.",
                "docs/dashboards.md#when-a-forecast-goes-too-high-or-too-low",
                ("forecast", "Fact and newest forecast of $series"),
                labels={"series": literal(series)},
            )
        )
    return made


def _quality(limits: Limits) -> list[Rule]:
    low, high = limits.coverage
    covered = column(FORECAST_SCORE, "covered")
    by_lead = (
        f'SELECT mean({covered}) AS "coverage", count({covered}) AS "scores" FROM {rows(FORECAST_SCORE)} WHERE {SHOWN} '
        f'GROUP BY "{LEAD}"'
    )
    by_series = (
        f'SELECT {GAIN} AS "gain", count({NAIVE}) AS "scores" FROM {rows(FORECAST_SCORE)} WHERE {SHOWN} GROUP BY "{SERIES}"'
    )
    return [
        Rule(
            "gatecast-coverage",
            "Coverage of the forecasts is off",
            [Asked(f'SELECT "coverage" FROM ({by_lead}) WHERE "scores" >= {limits.coverage_scores} GROUP BY "{LEAD}"', DAY)],
            "last",
            ("outside_range", (low, high)),
            "6h",
            f"Coverage {{{{ .Labels.{LEAD} }}}} intervals ahead was outside of {low:.0%} to {min(high, 1):.0%} over a day",
            "The intervals are too narrow or too wide. See on the dashboard Quality which series are concerned, and run "
            "gatecast retrain: it calibrates the intervals anew. If the quantiles of the fleet are others than those in "
            "deploy/grafana/limits.toml, set them there.",
            RETRAINING_PAGE,
            ("quality", "Coverage by day"),
        ),
        Rule(
            "gatecast-gain",
            "Forecasts are worse than the seasonal naive",
            [Asked(f'SELECT mean("gain") FROM ({by_series}) WHERE "scores" >= {FEWEST}', DAY)],
            "last",
            ("lt", (0.0,)),
            "6h",
            "The mean gain of all series over a day is below zero: the value one day before would have been better",
            "See on the dashboard Quality whether a few series or all are concerned, and on Retraining whether the model "
            "drifts. Run gatecast retrain; if the release before was better, gatecast rollback.",
            RETRAINING_PAGE,
            ("quality", "Gain of all series"),
        ),
    ]


def _agents(limits: Limits) -> list[Rule]:
    backlog, agent = column(AGENT, "backlog"), f"{{{{ .Labels.{AGENT.owner} }}}}"
    waiting = f"SELECT min({backlog}) {BY_AGENT}"
    lost = f'SELECT non_negative_difference({column(AGENT, "dropped")}) AS "lost" {BY_AGENT}'
    alive = f"SELECT count({column(AGENT, 'readings')}) FROM {rows(AGENT)} WHERE {SHOWN} GROUP BY time(10m), {OWNER} fill(0)"
    return [
        Rule(
            "gatecast-agent-gone",
            "An agent is gone",
            [Asked(alive, DAY)],
            "last",
            ("lt", (1.0,)),
            "10m",
            f"Agent {agent} has written nothing to the store for ten minutes or more",
            "On its machine: systemctl status gatecast-agent, journalctl --unit gatecast-agent, and the health page. An agent "
            "that runs and cannot reach the store keeps its rows and sends them later. Of an agent that was taken away the "
            "alarm ends after a day.",
            HEALTHY,
            ("fleet", "Model and last report of each agent"),
            "critical",
            on_error="Error",
        ),
        Rule(
            "gatecast-backlog",
            "The backlog of an agent grows",
            [Asked(waiting, 15 * MINUTE), Asked(waiting, 60 * MINUTE, 45 * MINUTE)],
            "min",
            f"$RA > {limits.backlog} && $RA > $RB",
            "5m",
            f"The spool of agent {agent} has not been empty for a quarter of an hour, and it grows",
            "The store takes rows more slowly than they come, or refuses them: the log and /healthz of the agent say which. "
            "Nothing is lost before [agent] spool_limit is reached.",
            FAILING,
            ("fleet", "Backlog by agent"),
        ),
        Rule(
            "gatecast-lost",
            "An agent loses data",
            [Asked(f'SELECT sum("lost") FROM ({lost}) GROUP BY {OWNER}', 15 * MINUTE)],
            "last",
            ("gt", (0.0,)),
            "0s",
            f"Agent {agent} has lost blocks, or rows that the store refused, in the last quarter of an hour",
            "See on the dashboard Fleet which it was. A full spool: mend the store, or raise [agent] spool_limit. Refused "
            "rows are in table refused of spool.db, with the reason.",
            HEALTHY,
            ("fleet", "Lost, by reason"),
            "critical",
        ),
        Rule(
            "gatecast-silent",
            "Series are silent",
            [Asked(f"SELECT last({column(AGENT, SILENT_SERIES.name)}) {BY_AGENT}", 10 * MINUTE)],
            "last",
            ("gt", (0.0,)),
            "30m",
            f"Readings of series of agent {agent} have stopped",
            "/healthz of the agent names the series that has been silent for the longest time, and gatecast-agent topics says "
            "when each topic was heard last. Of a sensor that was taken away the agent forgets the series when its window is "
            "empty.",
            HEALTHY,
            ("fleet", "Silent series by agent"),
        ),
    ]


def _trainer() -> list[Rule]:
    failed = f'SELECT last({column(RETRAINING, "failed")}) FROM {rows(RETRAINING)} WHERE {SHOWN} GROUP BY "{RETRAINING.owner}"'
    return [
        Rule(
            "gatecast-retraining",
            "A retraining has failed",
            [Asked(failed, 14 * DAY)],
            "last",
            ("gt", (0.0,)),
            "0s",
            f"The newest retraining of fleet {{{{ .Labels.{RETRAINING.owner} }}}} has failed",
            "The agents go on with the champion. The verdict on the dashboard Retraining and the page of Prefect say why. "
            "gatecast retrain runs it again; the alarm ends with the next run that ends well.",
            RETRAINING_PAGE,
            ("retraining", "Last run"),
        )
    ]


def groups(limits: Limits) -> list[Group]:
    """All rules, in groups by how often they are looked at."""
    forecasts = [rule for number, threshold in enumerate(limits.forecast, 1) for rule in _forecast(number, threshold)]
    made = [
        Group("gatecast-forecasts", "1m", forecasts),
        Group("gatecast-quality", "10m", _quality(limits)),
        Group("gatecast-agents", "1m", _agents(limits)),
        Group("gatecast-trainer", "5m", _trainer()),
    ]
    return [group for group in made if group.rules]


def alerting(limits: Limits, panels: Mapping[tuple[str, str], int]) -> Json:
    """The file of Grafana's provisioning.

    Args:
        limits: numbers to compare with.
        panels: name of a dashboard and title of a panel to the panel's id.
    """
    return {
        "apiVersion": 1,
        "groups": [
            {
                "orgId": 1,
                "name": group.name,
                "folder": FOLDER,
                "interval": group.interval,
                "rules": [provisioned(rule, UIDS[rule.shown[0]], panels[rule.shown]) for rule in group.rules],
            }
            for group in groups(limits)
        ],
    }

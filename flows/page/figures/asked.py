"""What the page asks the store: the fleet at once, and one series at a time. Nothing is written."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from edge.contract.columns import Float64, Int64
from edge.contract.schema import (
    AGENT,
    ALERT,
    ANOMALY,
    FORECAST,
    FORECAST_SCORE,
    ORIGIN,
    READING,
    RETRAINING,
    VALUE,
)
from edge.contract.times import DAY
from edge.stores.asking.answer import Answer
from edge.stores.asking.asking import averages, chosen, fields_of, newest
from edge.stores.asking.rows import HEARD, USUAL, Newest, Scored, scored_over, usual_interval
from edge.stores.asking.series import FOREVER, SCORES, known_series, quantile_fields, scored
from edge.stores.store import Store
from flows.page.figures.alerts import ALERT_FIELDS, AlertRow, alerts_of
from flows.page.figures.detail import Detail, Fan, fan_of, leads_of
from flows.page.figures.fleet import AGENT_FIELDS, RUN_FIELDS, AgentRow, Run, agents_of, runs_of
from flows.page.figures.series import Row

ALERTS = 30 * DAY  # an alert that has not changed for longer is not listed
REPORTS = 7 * DAY  # an agent that is silent for longer is not listed
POINTS = 700  # of a line
SPARK = 24  # intervals of the small picture of a series, behind now and before it
Curve: TypeAlias = tuple[Int64, Float64]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the store knows of the fleet.

    Args:
        now: time that is now: of the clock, or of the newest reading in a replay, ns UTC.
        clock: time of this machine's clock at which it was asked, ns UTC.
        interval: length of an interval, ns; 0 where no forecast tells it.
        over: time of which scores count, first moment and the first one after it, ns UTC.
        rows: series.
        agents: agents by name.
        runs: newest runs of the trainer, the newest first.
        quantiles: names of the quantiles that the forecasts have.
        alerts: alerts that are on, and a few that were cleared.
    """

    now: int
    clock: int
    interval: int = 0
    over: tuple[int, int] = (0, DAY)
    rows: tuple[Row, ...] = ()
    agents: tuple[AgentRow, ...] = ()
    runs: tuple[Run, ...] = ()
    quantiles: tuple[str, ...] = ()
    alerts: tuple[AlertRow, ...] = ()

    @property
    def span(self) -> int:
        """Length of the time of which scores count, ns."""
        return self.over[1] - self.over[0]

    def row(self, name: str) -> Row | None:
        """The row of a series; None where there is no such series."""
        return next((row for row in self.rows if row.name == name), None)


def look(store: Store, clock: int, *, by_readings: bool, interval: int = 0) -> Snapshot:
    """Ask for everything that the list and the overview show.

    Args:
        store: store of the fleet.
        clock: time of this machine's clock, ns UTC.
        by_readings: whether the newest reading says what time it is, as in a replay of old data.
        interval: length of an interval as the configuration has it, ns; 0 where it has none.

    Raises:
        StoreBusy: the store is away.
        StoreDenied: the account, bucket or address is wrong.
    """
    known = known_series(store, 0 if by_readings else clock - HEARD)
    now = max((series.time for series in known), default=clock) if by_readings else clock
    length = usual_interval(known, interval or None)
    over = scored_over(known, length)
    scores = scored(store, over)
    alerts = alerts_of(chosen(store, ALERT, ALERT_FIELDS, [], (now - ALERTS, FOREVER)))
    return Snapshot(
        now,
        clock,
        length or 0,
        over,
        _rows(known, scores, alerts),
        agents_of(newest(store, AGENT, AGENT_FIELDS, clock - REPORTS)),
        runs_of(chosen(store, RETRAINING, RUN_FIELDS, [], (clock - HEARD, FOREVER))),
        tuple(quantile_fields(fields_of(store, FORECAST))),
        alerts,
    )


def _rows(known: Sequence[Newest], scores: Mapping[str, Scored], alerts: tuple[AlertRow, ...]) -> tuple[Row, ...]:
    """One row for each series that has a reading."""
    raised = Counter(alert.series for alert in alerts if alert.is_on)
    unknown = Scored(0, math.nan, math.nan)
    rows = []
    for series in known:
        name, figures = series.name, scores.get(series.name, unknown)
        rows.append(
            Row(
                name,
                series.value,
                series.time,
                series.unit,
                series.model,
                series.origin or 0,
                figures.error,
                figures.naive,
                figures.coverage,
                raised[name],
            )
        )
    return tuple(rows)


def look_at_series(store: Store, snapshot: Snapshot, name: str, span: int) -> Detail:
    """Ask for one series.

    Args:
        store: store of the fleet.
        snapshot: figures of the fleet.
        name: name of the series.
        span: length of the past that is shown, ns.

    Raises:
        StoreBusy: the store is away.
        StoreDenied: the account, bucket or address is wrong.
    """
    now, fields = snapshot.now, snapshot.quantiles
    start = now - span
    facts = averages(store, READING, [VALUE.name], [name], (start, now + 1), max(1, span // POINTS))
    made = chosen(store, FORECAST, [ORIGIN.name, *fields], [name], (start, FOREVER))
    scores = chosen(store, FORECAST_SCORE, SCORES, [name], snapshot.over)
    odd = chosen(store, ANOMALY, [VALUE.name, "rarity"], [name], (start, now + 1))
    rows = zip(odd.time.tolist(), odd.numbers(VALUE.name).tolist(), odd.numbers("rarity").tolist(), strict=True)
    anomalies = tuple((time, value) for time, value, rarity in rows if math.isfinite(value) and rarity > 0)
    values = facts.numbers(VALUE.name)
    return Detail(name, (start, now), facts.time, values, fan_of(made, fields), leads_of(scores), anomalies)


@dataclass(frozen=True, slots=True)
class Spark:
    """The small picture of a series.

    Args:
        facts: moments, ns UTC, int64 `[n]`, and means of the readings, float64 `[n]`.
        fan: forecast of what is to come.
    """

    facts: Curve
    fan: Fan


def look_at_sparks(store: Store, snapshot: Snapshot, names: Sequence[str]) -> dict[str, Spark]:
    """Ask for the small pictures of the series that are in view.

    Args:
        store: store of the fleet.
        snapshot: figures of the fleet.
        names: names of the series.

    Raises:
        StoreBusy: the store is away.
        StoreDenied: the account, bucket or address is wrong.
    """
    if not names:
        return {}
    interval, now = snapshot.interval or USUAL, snapshot.now
    fields = snapshot.quantiles
    facts = averages(store, READING, [VALUE.name], names, (now - SPARK * interval, now + 1), interval)
    made = chosen(store, FORECAST, [ORIGIN.name, *fields], names, (now, now + SPARK * interval))
    return {name: Spark(_curve(_own(facts, name)), fan_of(_own(made, name), fields)) for name in names}


def _curve(answer: Answer) -> Curve:
    return answer.time, answer.numbers(VALUE.name)


def _own(answer: Answer, name: str) -> Answer:
    """The rows of one owner."""
    rows = [row for row, owner in enumerate(answer.owners) if owner == name]
    cells = {field: [column[row] for row in rows] for field, column in answer.cells.items()}
    return Answer([name] * len(rows), answer.time[rows], {**cells})

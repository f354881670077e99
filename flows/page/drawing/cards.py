"""The cards of the page as HTML: figures, agents, drops, alerts, runs of the trainer, errors by lead."""

import math
from collections.abc import Sequence
from html import escape

from edge.quoting import gained
from edge.stores.asking.rows import level
from flows.page.drawing.lists import address, dotted, gain
from flows.page.drawing.words import DASH, ago, amount, clock, count, day, length, model, number, percent, with_unit
from flows.page.figures.alerts import AlertRow
from flows.page.figures.asked import Snapshot
from flows.page.figures.detail import Detail, LeadRow
from flows.page.figures.fleet import AgentRow, Run, total
from flows.page.figures.series import Row, Standing, is_silent, standing
from pipeline.report.page import beside_yesterday

MOST_DROPS = 8
MOST_HOURS = 48  # rows of the table of what is to come


def figure(label: str, value: str, note: str = "", key: str = "") -> str:
    """A large number with its name, and a line below it; `value` and `note` are HTML."""
    below = f'<span class="note">{note}</span>' if note else ""
    return f'<div class="figure" data-figure="{key}"><dt>{escape(label)}</dt><dd>{value}{below}</dd></div>'


def headline(snapshot: Snapshot) -> str:
    """How the fleet stands, as a sentence."""
    fleet = standing(snapshot.rows, snapshot.now, snapshot.interval)
    if not fleet.series:
        return (
            "<h1>Waiting for the first reading</h1><p class='lead'>The store is there, and no agent has written to it yet.</p>"
        )
    what = "One series is" if fleet.series == 1 else f"{count(fleet.series)} series are"
    horizon = max((row.origin for row in snapshot.rows), default=0)
    if not horizon:
        return f"<h1>{what} being watched</h1><p class='lead'>No forecast yet: {_why_none(snapshot)}</p>"
    if not fleet.scored:
        return f"<h1>{what} being forecast</h1><p class='lead'>The first scores come as soon as a forecast meets its fact.</p>"
    ahead = "all of them" if fleet.ahead == fleet.series else f"{count(fleet.ahead)} of them"
    return (
        f"<h1>{what} being forecast, <em>{ahead}</em> better than yesterday repeated</h1>"
        f"<p class='lead'>{_trouble(fleet)} Figures are of the last {length(snapshot.span)}.</p>"
    )


def _why_none(snapshot: Snapshot) -> str:
    if not snapshot.agents:
        return "no agent reports to this store; start one with <code>gatecast-agent run</code>."
    return "an agent forecasts a series as soon as its window is full."


def _trouble(fleet: Standing) -> str:
    told = []
    if fleet.alerts:
        told.append(f"{count(fleet.alerts)} {'alert is' if fleet.alerts == 1 else 'alerts are'} on")
    if fleet.silent:
        told.append(f"{count(fleet.silent)} {'series is' if fleet.silent == 1 else 'series are'} silent")
    return f"<b>{' and '.join(told)}.</b>".capitalize() if told else "Nothing needs a look."


def fleet_figures(snapshot: Snapshot) -> str:
    """The large numbers of the fleet."""
    fleet = standing(snapshot.rows, snapshot.now, snapshot.interval)
    up = [agent for agent in snapshot.agents if agent.is_up(snapshot.clock)]
    rate = total([agent.rate for agent in up])
    levels = band_share(snapshot.quantiles)
    due = f"should be {percent(levels)}" if math.isfinite(levels) else ""
    agents = f"{len(up)} of {len(snapshot.agents)} agents up" if snapshot.agents else "no agent reports"
    return (
        '<dl class="figures">'
        + figure("Ahead of yesterday", f"{count(fleet.ahead)}<small> of {count(fleet.scored)}</small>", "series", "ahead")
        + figure("Gain", gained(fleet.gain, percent(fleet.gain, sign=True, digits=1)), "median of the series", "gain")
        + figure("Coverage", percent(fleet.coverage, digits=1), due, "coverage")
        + figure("Readings", f"{number(rate)}<small> /s</small>" if up else DASH, agents, "rate")
        + "</dl>"
    )


def band_share(quantiles: Sequence[str]) -> float:
    """The share of the facts that the outermost quantiles should hold; NaN where there are none."""
    levels = [number for name in quantiles if (number := level(name)) is not None]
    return levels[-1] - levels[0] if len(levels) > 1 else math.nan


def series_head(row: Row, snapshot: Snapshot) -> str:
    """Name and state of one series."""
    silent = is_silent(row, snapshot.now, snapshot.interval)
    state = f'<b class="warn">silent</b>, last heard {ago(row.time, snapshot.now)}' if silent else ago(row.time, snapshot.now)
    by = f"forecast by {model(row.model)}" if row.model else "no forecast yet"
    return f'<h1 class="series-name">{dotted(row.name)}</h1><p class="lead">Last reading {state}, {by}.</p>'


def series_figures(row: Row, detail: Detail, snapshot: Snapshot) -> str:
    """The large numbers of one series."""
    highest, lowest = detail.extreme(highest=True), detail.extreme(highest=False)

    def extreme(label: str, end: tuple[int, float] | None, key: str) -> str:
        if end is None:
            return figure(label, DASH, "no forecast", key)
        return figure(label, with_unit(end[1], row.unit), f"at {clock(end[0], snapshot.now)}", key)

    levels = band_share(snapshot.quantiles)
    due = f"should be {percent(levels)}" if math.isfinite(levels) else ""
    naive = f"yesterday repeated: {number(row.naive)}" if math.isfinite(row.naive) else "not scored yet"
    better = escape(beside_yesterday(row.error, row.naive, row.unit))
    return (
        '<dl class="figures">'
        + figure("Now", with_unit(row.value, row.unit), clock(row.time, snapshot.now), "now")
        + extreme("Highest ahead", highest, "highest")
        + extreme("Lowest ahead", lowest, "lowest")
        + figure("Error", with_unit(row.error, row.unit), naive, "error")
        + figure("Gain", gain(row), better or f"last {length(snapshot.span)}", "gain")
        + figure("Coverage", percent(row.coverage, digits=1), due, "coverage")
        + "</dl>"
    )


def legend(detail: Detail) -> str:
    """What the colours of the chart mean."""
    levels = detail.fan.levels
    band = f"{percent(levels[-1] - levels[0])} of the facts should lie here" if len(levels) > 1 else ""
    shown = f'<li><i class="dot band"></i>{band}</li>' if band else ""
    if detail.anomalies:
        shown += '<li><i class="dot odd"></i>not expected</li>'
    return (
        '<ul class="legend" aria-label="Colours of the chart"><li><i class="dot fact"></i>fact</li>'
        f'<li><i class="dot made"></i>forecast</li>{shown}</ul>'
    )


def described(row: Row, detail: Detail, snapshot: Snapshot) -> str:
    """The chart in a sentence, for those who do not see it; plain text."""
    highest, lowest = detail.extreme(highest=True), detail.extreme(highest=False)
    if highest is None or lowest is None:
        return f"{row.name}: fact without a forecast"
    unit = f" {row.unit}" if row.unit else ""
    hours = [length(max(0, end[0] - snapshot.now)) for end in (highest, lowest)]
    return (
        f"{row.name}: now {number(row.value)}{unit}. The forecast is highest in {hours[0]} with {number(highest[1])}{unit} "
        f"and lowest in {hours[1]} with {number(lowest[1])}{unit}. The table below has all of it."
    )


def ahead_table(detail: Detail, unit: str, snapshot: Snapshot) -> str:
    """What is to come, as a table."""
    coming = detail.fan.ahead(snapshot.now)
    if not len(coming):
        return ""
    heads = "".join(f'<th scope="col">{_level(level)}</th>' for level in coming.levels)
    rows = "".join(
        f'<tr><th scope="row">{clock(moment, snapshot.now)}</th>'
        + "".join(f"<td>{number(value)}</td>" for value in values)
        + "</tr>"
        for moment, values in zip(coming.time.tolist()[:MOST_HOURS], coming.values.tolist(), strict=False)
    )
    caption = f"Forecast, in {escape(unit)}" if unit else "Forecast"
    return (
        '<details class="card"><summary>What is to come, in numbers</summary><div class="scroll"><table>'
        f'<caption>{caption}; times are UTC</caption><thead><tr><th scope="col">from</th>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></details>"
    )


def _level(level: float) -> str:
    return "median" if level == 0.5 else percent(level, digits=0 if round(level * 100, 6).is_integer() else 1)


def leads_card(leads: Sequence[LeadRow], interval: int, unit: str) -> str:
    """Errors by lead, as bars beside those of the seasonal-naive forecast."""
    if not leads:
        return '<p class="empty">Not scored yet: a forecast is scored when its interval is over.</p>'
    known = [value for row in leads for value in (row.error, row.naive) if math.isfinite(value)]
    largest = max(known, default=1.0) or 1.0

    def bar(value: float, kind: str) -> str:
        share = 0 if math.isnan(value) else 100 * value / largest
        return f'<span class="bar {kind}" style="width:{share:.1f}%"></span>'

    rows = "".join(
        f'<tr data-lead="{row.lead}"><th scope="row">{length(row.lead * interval) if interval else row.lead}</th>'
        f'<td class="bars" aria-hidden="true">{bar(row.error, "made")}{bar(row.naive, "naive")}</td>'
        f"<td>{number(row.error)}</td><td>{number(row.naive)}</td><td>{percent(row.coverage)}</td></tr>"
        for row in leads
    )
    heads = ("ahead", "", "error", "yesterday", "coverage")
    head = "".join(f'<th scope="col">{text}</th>' for text in heads)
    caption = f"<caption>mean absolute error, in {escape(unit)}</caption>" if unit else "<caption>mean absolute error</caption>"
    return (
        f'<div class="scroll"><table class="leads">{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def agents_card(agents: Sequence[AgentRow], now: int) -> str:
    """How the agents are doing, by the clock of this machine."""
    if not agents:
        return '<p class="empty">No agent has reported within a week.</p>'
    return '<ul class="agents">' + "".join(_agent(agent, now) for agent in agents) + "</ul>"


def _agent(agent: AgentRow, now: int) -> str:
    kind, state = ("good", "up") if agent.is_up(now) else ("off", f"last report {ago(agent.time, now)}")
    told = [
        ("readings", f"{number(agent.rate)}/s"),
        ("lag", f"{number(agent.lag)} s"),
        ("waiting", amount(agent.backlog)),
        ("a forecast", f"{number(agent.microseconds)} µs" if math.isfinite(agent.microseconds) else DASH),
        ("silent", count(agent.silent)),
    ]
    if agent.by_baseline > 0:
        told.append(("without the model", f"{count(agent.by_baseline)} forecasts"))
    cells = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in told)
    return (
        f'<li data-agent="{escape(agent.name)}"><div class="who"><i class="light {kind}"></i><b>{escape(agent.name)}</b>'
        f"<span>{state}</span></div><dl>{cells}</dl></li>"
    )


def drops_card(agents: Sequence[AgentRow]) -> str:
    """What was not used or not kept, by reason, since the start of each agent."""
    sums: dict[str, int] = {}
    for agent in agents:
        for reason, amount_of in agent.drops:
            sums[reason] = sums.get(reason, 0) + amount_of
    if not sums:
        return '<p class="empty good">Nothing was skipped, lost or late.</p>'
    ranked = sorted(sums.items(), key=lambda drop: (-drop[1], drop[0]))[:MOST_DROPS]
    largest = ranked[0][1]
    rows = "".join(
        f'<tr><th scope="row">{escape(reason)}</th><td class="bars" aria-hidden="true">'
        f'<span class="bar drop" style="width:{100 * number_of / largest:.1f}%"></span></td><td>{count(number_of)}</td></tr>'
        for reason, number_of in ranked
    )
    return f'<div class="scroll"><table class="drops"><tbody>{rows}</tbody></table></div>'


def runs_card(runs: Sequence[Run], rows: Sequence[Row], now: int) -> str:
    """Which versions forecast now, and the newest runs of the trainer."""
    versions: dict[str, int] = {}
    for row in rows:
        if row.model:
            versions[row.model] = versions.get(row.model, 0) + 1
    live = "".join(
        f'<li data-model="{escape(name)}"><i class="light good"></i><b title="{escape(name)}">{model(name)}</b>'
        f"<span>{count(number_of)} series</span></li>"
        for name, number_of in sorted(versions.items(), key=lambda version: (-version[1], version[0]))
    )
    told = "".join(
        f'<li><i class="light {"bad" if run.has_failed else "good" if run.is_released else "off"}"></i>'
        f"<b>{'failed' if run.has_failed else 'released' if run.is_released else 'kept'}</b>"
        f"<span>{day(run.time)}</span><p>{escape(run.verdict)}</p></li>"
        for run in runs
    )
    del now
    shown = f'<ul class="versions">{live}</ul>' if live else '<p class="empty">No forecast yet.</p>'
    return shown + (f'<h3>Trainings</h3><ul class="runs">{told}</ul>' if told else "")


def alerts_card(alerts: Sequence[AlertRow], now: int) -> str:
    """The alerts that are on, and those that were cleared lately."""
    items = "".join(
        f'<li class="{"on" if alert.is_on else "over"}"><a href="{address(alert.series)}">{dotted(alert.series)}</a>'
        f"<b>{escape(alert.rule)}</b><span>{_expected(alert, now)}</span></li>"
        for alert in alerts
    )
    return f'<ul class="alerts">{items}</ul>'


def _expected(alert: AlertRow, now: int) -> str:
    if not alert.is_on:
        return f"cleared {ago(alert.time, now)}"
    chance = f"probability {percent(alert.probability)}"
    # Without a crossing it is so already, or no median lies beyond the threshold: the store does not tell which.
    return f"at {clock(alert.crossing, now)}, {chance}" if alert.crossing else chance

"""A forecast as text for a person, as data for a program, and as a picture."""

from datetime import UTC, datetime, tzinfo

import numpy as np

from edge.contract.columns import Float64
from edge.contract.times import SECOND, format_duration, iso
from edge.quoting import one_line
from flows.commands.looking.outlook import Outlook
from flows.commands.looking.series_text import forecaster
from flows.commands.looking.standing import State
from flows.output.tables import finite
from pipeline.report.page import beside_yesterday, gain, number, percent
from pipeline.report.plots import Panel, forecast_plot

BLOCKS = "▁▂▃▄▅▆▇█"
ROWS = 24  # of a table that is not asked for as a whole


def sparkline(values: Float64, most: int) -> str:
    """Values as blocks, the smallest as the lowest one; a blank where there is none.

    Args:
        values: values in order of time.
        most: largest number of blocks; of more values every second, third … is shown.
    """
    shown = values[:: max(1, -(-len(values) // most))]
    known = shown[np.isfinite(shown)]
    if not len(known):
        return ""
    low, high = float(known.min()), float(known.max())
    height = (shown - low) / (high - low) if high > low else np.where(np.isfinite(shown), 0.5, np.nan)
    return "".join(BLOCKS[min(7, int(8 * part))] if np.isfinite(part) else " " for part in height.tolist())


def outlook_text(outlook: Outlook, zone: tzinfo | None = None, *, rows: int | None = ROWS, width: int = 80) -> str:
    """Who forecasts, a line of blocks, and the numbers by time.

    Args:
        outlook: the forecast.
        zone: time zone of the times; None: that of the machine.
        rows: largest number of rows; None: each interval has one.
        width: columns of the terminal.
    """
    ahead, series = outlook.ahead, outlook.standing.series
    step = max(1, -(-len(ahead.time) // rows)) if rows else 1
    chosen = list(range(0, len(ahead.time), step))
    head = f"time ({_local(int(ahead.time[0]), zone):%Z})"
    cells = [(head, *ahead.quantiles)]
    for row, values in zip(chosen, outlook.values[chosen], strict=True):
        cells.append((_clock(int(ahead.time[row]), zone), *(number(value, 4) for value in values.tolist())))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    table = [
        "  ".join([line[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(line[1:], widths[1:], strict=True))])
        for line in cells
    ]
    unit = f" in {one_line(outlook.label)}" if series.unit or series.counter else ""
    known = _clock(int(ahead.origin[0]), zone)
    lines = [
        f"{one_line(series.name)}{unit}, every {format_duration(outlook.interval)}, forecast by {forecaster(ahead.model)}",
        f"made from what was known at {known}; newest reading {number(series.value, 4)}",
    ]
    lines.append(_worth(outlook))
    lines += _blocks(outlook, width)
    lines += table
    if step > 1:
        lines.append(f"of {len(ahead.time)} intervals one row in {step} is shown; --all shows each")
    lines += _older(outlook, zone)
    if outlook.standing.state is not State.LIVE:
        lines.append(f"{outlook.standing.state.value}: {outlook.standing.reason}")
    return "\n".join(lines)


def _worth(outlook: Outlook) -> str:
    """How good the forecasts of this series were, as `gatecast series` and the page have it."""
    scored, over = outlook.standing.scored, format_duration(outlook.over)
    if scored is None:
        return f"no forecast was scored in the last {over}"
    coverage = percent(finite(scored.coverage))
    unit = f" {one_line(outlook.standing.series.unit)}" if outlook.standing.series.unit else ""
    error, naive = f"error {number(scored.error)}{unit}", f"naive (the value one day before) {number(scored.naive)}{unit}"
    share = f"coverage {coverage} (facts in the interval)"
    if better := beside_yesterday(scored.error, scored.naive, unit.strip()):
        return f"last {over}: {better},\n{share}"
    return f"last {over}: {error}, {naive},\ngain {gain(scored.gain)} (1 - error / naive), {share}"


def _blocks(outlook: Outlook, width: int) -> list[str]:
    """Facts and forecast on one scale, with a line between what was and what comes."""
    past, median = outlook.facts, outlook.values[:, outlook.median]
    together = np.concatenate([past, median])
    step = max(1, -(-len(together) // (width - 1)))
    blocks = sparkline(together[len(past) % step :], width - 1)
    return [f"{blocks[: len(past) // step]}│{blocks[len(past) // step :]}"] if blocks else []


def _older(outlook: Outlook, zone: tzinfo | None) -> list[str]:
    """Which rows an older forecast has made."""
    ahead = outlook.ahead
    older = np.flatnonzero(ahead.origin < ahead.origin[0])
    if not len(older):
        return []
    first = _clock(int(ahead.time[older[0]]), zone)
    return [
        f"rows from {first} on are of an earlier forecast:",
        "the agent stores what is far ahead less often ([agent] refresh)",
    ]


def _local(time: int, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(time // SECOND, UTC).astimezone(zone)


def _clock(time: int, zone: tzinfo | None) -> str:
    return f"{_local(time, zone):%Y-%m-%d %H:%M:%S}"


def outlook_document(outlook: Outlook) -> dict[str, object]:
    """The same as JSON types, with each interval; absent is null, times are UTC."""
    ahead, standing = outlook.ahead, outlook.standing
    scored = standing.scored
    return {
        "name": standing.series.name,
        "unit": standing.series.unit or None,
        "counter": standing.series.counter,
        "interval_seconds": outlook.interval / SECOND,
        "forecast_by": ahead.model,
        "origin": iso(int(ahead.origin[0])),
        "state": standing.state.value,
        "reason": standing.reason or None,
        "error_over_seconds": outlook.over / SECOND,
        "scores": 0 if scored is None else scored.count,
        "error": None if scored is None else finite(scored.error),
        "naive_error": None if scored is None else finite(scored.naive),
        "gain": finite(standing.gain),
        "coverage": None if scored is None else finite(scored.coverage),
        "levels": dict(zip(ahead.quantiles, outlook.levels, strict=True)),
        "facts": [
            {"time": iso(time), "value": finite(value)}
            for time, value in zip(outlook.past.tolist(), outlook.facts.tolist(), strict=True)
        ],
        "forecast": [_row(outlook, row) for row in range(len(ahead.time))],
    }


def _row(outlook: Outlook, row: int) -> dict[str, object]:
    ahead = outlook.ahead
    values = {name: finite(float(column[row])) for name, column in ahead.quantiles.items()}
    return {"time": iso(int(ahead.time[row])), "origin": iso(int(ahead.origin[row])), "lead": int(ahead.lead[row]), **values}


def outlook_picture(outlook: Outlook, zone: tzinfo | None = None) -> bytes:
    """Facts, median and interval as a PNG.

    Args:
        outlook: the forecast.
        zone: time zone of the axis; None: that of the machine.
    """
    ahead, past = outlook.ahead, outlook.past
    blank = np.full((len(past), len(outlook.levels)), np.nan)
    panel = Panel(
        one_line(outlook.standing.series.name),
        np.concatenate([past, ahead.time]),
        np.concatenate([outlook.facts, np.full(len(ahead.time), np.nan)]),
        np.concatenate([blank, outlook.values]),
        outlook.levels,
        ahead.time[:1],
        outlook.label,
    )
    return forecast_plot([panel], forecaster(ahead.model), zone or _local(int(ahead.time[0]), None).tzinfo or UTC)

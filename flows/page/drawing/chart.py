"""The chart of a series, as options of ECharts; colours are variables of the style sheet, so a theme needs no new drawing."""

from itertools import pairwise
from typing import Any

import numpy as np

from edge.contract.columns import Float64, Int64
from flows.page.figures.detail import Detail, Fan

MILLISECOND = 1_000_000  # ns; ECharts counts in these
FACT, MADE, LINE, QUIET = "var(--fact)", "var(--made)", "var(--line)", "var(--quiet)"
MOST = 400  # moments of a line
FACE = "Inter, system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, sans-serif"
FONT = {"fontFamily": FACE, "fontSize": 12, "color": QUIET}
# What stands at the pointer: the fact, the median, and the outermost quantiles.
TOOLTIP = """items => {
  const at = items[0].axisValue, told = new Map(items.map(item => [item.seriesName, item.data[2] ?? item.data[1]]));
  const day = new Date(at).toLocaleString([], {weekday: 'short', hour: '2-digit', minute: '2-digit', timeZone: 'UTC'});
  const show = value => Number(value).toLocaleString('en', {maximumSignificantDigits: 4});
  const rows = [];
  if (told.has('fact')) rows.push(`<i class="dot fact"></i>fact <b>${show(told.get('fact'))}</b>`);
  if (told.has('forecast')) rows.push(`<i class="dot made"></i>forecast <b>${show(told.get('forecast'))}</b>`);
  if (told.has('lowest')) rows.push(`<i class="dot band"></i>between <b>${show(told.get('lowest'))}</b>`
    + ` and <b>${show(told.get('highest'))}</b>`);
  return `<div class="tip"><span>${day} UTC</span>${rows.map(row => `<div>${row}</div>`).join('')}</div>`;
}"""
HOURS = """value => {
  const moment = new Date(value), pad = number => String(number).padStart(2, '0');
  if (moment.getUTCHours() + moment.getUTCMinutes() === 0)
    return moment.toLocaleDateString('en', {weekday: 'short', timeZone: 'UTC'}) + ' ' + moment.getUTCDate();
  return `${pad(moment.getUTCHours())}:${pad(moment.getUTCMinutes())}`;
}"""


def options(detail: Detail, unit: str) -> dict[str, Any]:
    """The chart of one series: what was measured, what was forecast for it, and the fan of what is to come.

    Args:
        detail: figures of the series.
        unit: unit of the series; empty where nobody has named it.
    """
    return {
        "animation": False,
        "useUTC": True,
        "textStyle": {"fontFamily": FACE},
        "grid": {"left": 8, "right": 16, "top": 28, "bottom": 8, "containLabel": True},
        "xAxis": {
            "type": "time",
            "axisLine": {"lineStyle": {"color": LINE}},
            "axisTick": {"show": False},
            "axisLabel": {**FONT, "hideOverlap": True, "margin": 12, ":formatter": HOURS},
            "splitLine": {"show": False},
        },
        "yAxis": {
            "type": "value",
            "scale": True,
            "name": unit,
            "nameTextStyle": {**FONT, "align": "right"},
            "axisLabel": FONT,
            "splitNumber": 4,
            "splitLine": {"lineStyle": {"color": LINE}},
        },
        "tooltip": {
            "trigger": "axis",
            "axisPointer": {"type": "line", "lineStyle": {"color": QUIET, "type": "dotted"}},
            "backgroundColor": "var(--raised)",
            "borderColor": LINE,
            "padding": 10,
            "textStyle": {"color": "var(--ink)", "fontFamily": FACE, "fontSize": 13},
            "extraCssText": "box-shadow: var(--shadow); border-radius: 10px",
            ":formatter": TOOLTIP,
        },
        "series": [
            *_bands(detail.fan),
            _line("forecast", detail.fan.time, detail.fan.median, MADE, {"type": [5, 4], "width": 2}),
            _now(_line("fact", detail.fact_time, detail.facts, FACT, {"width": 2}), detail.span[1]),
            *_anomalies(detail),
        ],
    }


def _anomalies(detail: Detail) -> list[dict[str, Any]]:
    """A ring around each value that the forecasts had not expected."""
    if not detail.anomalies:
        return []
    data = [[time // MILLISECOND, value] for time, value in detail.anomalies]
    style = {"color": "transparent", "borderColor": "var(--bad)", "borderWidth": 2}
    ring = {"type": "scatter", "symbol": "circle", "symbolSize": 11, "silent": True, "itemStyle": style, "z": 6}
    return [{"name": "unexpected", **ring, "data": data}]


def _line(name: str, time: Int64, values: Float64, colour: str, style: dict[str, Any]) -> dict[str, Any]:
    return {
        **_bare(name),
        "data": _pairs(time, values),
        "lineStyle": {"color": colour, "cap": "round", "join": "round", **style},
        "itemStyle": {"color": colour},
        "showSymbol": len(time) == 1,
        "z": 5,
    }


def _bare(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "line",
        "showSymbol": False,
        "symbol": "circle",
        "emphasis": {"disabled": True},
        "silent": True,
    }


def _bands(fan: Fan) -> list[dict[str, Any]]:
    """Areas between neighbouring quantiles, one upon the other; the inner ones are darker."""
    if len(fan.levels) < 2:
        return []
    middle = (len(fan.levels) - 1) / 2
    low = fan.values[:, 0]
    bands: list[dict[str, Any]] = [
        {
            **_bare("lowest"),
            "stack": "fan",
            "stackStrategy": "all",
            "data": _pairs(fan.time, low, low),
            "lineStyle": {"opacity": 0},
            "itemStyle": {"color": MADE},
        }
    ]
    for number, (below, above) in enumerate(pairwise(range(len(fan.levels)))):
        distance = abs(number + 0.5 - middle) / middle
        is_last = above == len(fan.levels) - 1
        bands.append(
            {
                **_bare("highest" if is_last else f"band {number}"),
                "stack": "fan",
                "stackStrategy": "all",
                "data": _pairs(fan.time, fan.values[:, above] - fan.values[:, below], fan.values[:, above]),
                "lineStyle": {"opacity": 0},
                "itemStyle": {"color": MADE},
                "areaStyle": {"color": MADE, "opacity": round(0.30 - 0.19 * distance, 3)},
            }
        )
    return bands


def _now(line: dict[str, Any], now: int) -> dict[str, Any]:
    """The same line with the moment that is now."""
    mark = {
        "silent": True,
        "symbol": "none",
        "animation": False,
        "label": {**FONT, "formatter": "now", "position": "end", "distance": 6},
        "lineStyle": {"color": QUIET, "type": "solid", "width": 1, "opacity": 0.6},
        "data": [{"xAxis": now // MILLISECOND}],
    }
    return {**line, "markLine": mark}


def _pairs(time: Int64, values: Float64, told: Float64 | None = None) -> list[list[float | None]]:
    """Moments and values as ECharts takes them, thinned out where there are many; a value that is not known cuts the line."""
    step = max(1, -(-len(time) // MOST)) if told is not None else 1
    columns = [time // MILLISECOND, *([values] if told is None else [values, told])]
    rows = np.stack([np.asarray(column, np.float64) for column in columns], axis=1)[::step]
    return [[None if value != value else value for value in row] for row in rows.tolist()]  # noqa: PLR0124 - NaN


def spark(facts: tuple[Int64, Float64], fan: Fan, span: tuple[int, int], size: tuple[int, int] = (112, 30)) -> str:
    """The small picture of a series as SVG, without a word: the row beside it says the same.

    Args:
        facts: moments, ns UTC, int64 `[n]`, and readings, float64 `[n]`.
        fan: forecasts of what is to come.
        span: first and last moment of the picture, ns UTC.
        size: width and height, px.
    """
    width, height = size
    values = np.concatenate([facts[1], fan.values.ravel()])
    known = values[np.isfinite(values)]
    if not len(known):
        return f'<svg class="spark" width="{width}" height="{height}" aria-hidden="true"></svg>'
    low, high = float(known.min()), float(known.max())
    room = high - low or 1.0

    def path(time: Int64, column: Float64) -> list[str]:
        return [
            f"{(moment - span[0]) / (span[1] - span[0]) * width:.1f} {height - 2 - (value - low) / room * (height - 4):.1f}"
            for moment, value in zip(time.tolist(), column.tolist(), strict=True)
            if value == value  # noqa: PLR0124 - NaN
        ]

    pieces = []
    if len(fan) and len(fan.levels) > 1:
        edge = [*path(fan.time, fan.values[:, 0]), *reversed(path(fan.time, fan.values[:, -1]))]
        pieces.append(f'<polygon class="band" points="{" ".join(edge)}"/>')
    pieces += [
        f'<polyline class="{name}" points="{" ".join(path(time, column))}"/>'
        for name, time, column in (("made", fan.time, fan.median), ("fact", *facts))
    ]
    shape = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg class="spark" {shape} aria-hidden="true" focusable="false">{"".join(pieces)}</svg>'

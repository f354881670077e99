"""Pictures of a report as SVG: small, sharp at every width, and in the colours of the page, by day and by night.

The SVG holds shapes only and is stretched to the width of the page. Words and numbers stand beside it as text of the page, so
that they are as large on a phone as elsewhere.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import escape

import numpy as np

from edge.contract.columns import Bool, Float64, Int64
from edge.contract.times import DAY, SECOND, UNITS
from pipeline.report.plots import Panel

WIDTH, HEIGHT = 1000, 400  # units of a picture, whatever its size on the page
MOST_TICKS = 5  # on an axis: more of them would not fit a phone
MINUTE, HOUR = UNITS["min"], UNITS["h"]
WORDS = {"d": "days", "h": "hours", "min": "minutes", "s": "seconds"}
STEPS = (
    *(SECOND * number for number in (1, 5, 15, 30)),
    *(MINUTE * number for number in (1, 5, 15, 30)),
    *(HOUR * number for number in (1, 2, 3, 6, 12)),
    *(DAY * number for number in (1, 2, 4, 7, 14, 28, 91, 182, 365, 1826)),
)


@dataclass(frozen=True, slots=True)
class Axis:
    """One direction of a picture.

    Args:
        low: value at its beginning.
        high: value at its end.
        ticks: values that are named, with their words.
    """

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]

    def share(self, value: float) -> float:
        """Position of a value as a share of the axis."""
        return (value - self.low) / (self.high - self.low)


def value_axis(values: Float64, *, from_zero: bool = False) -> Axis:
    """An axis with round numbers that holds all values.

    Args:
        values: numbers of any shape; those that are not finite do not count.
        from_zero: whether it begins at 0, as for errors.
    """
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    low = 0.0 if from_zero else low
    if not high > low:
        low, high = low - max(1.0, abs(low)) / 2, high + max(1.0, abs(high)) / 2
    size = 10.0 ** math.floor(math.log10((high - low) / 3))
    step = next(size * number for number in (1, 2, 5, 10) if (high - low) / (size * number) <= MOST_TICKS - 1)
    first, last = math.floor(low / step), math.ceil(high / step)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    large = max(abs(first), abs(last)) * step >= 1e6 or digits > 6
    ticks = [
        (number * step, f"{number * step:g}" if large else f"{number * step:,.{digits}f}") for number in range(first, last + 1)
    ]
    return Axis(first * step, last * step, tuple((value, words.replace("-", "\N{MINUS SIGN}")) for value, words in ticks))


def time_axis(first: int, last: int) -> Axis:
    """An axis of time in UTC.

    Args:
        first: first moment, ns UTC.
        last: last moment, ns UTC.
    """
    step = next((step for step in STEPS if (last - first) // step < MOST_TICKS), STEPS[-1])
    moments = range(-(-first // step) * step, last + 1, step)
    return Axis(first, max(last, first + 1), tuple((moment, _moment(moment, step)) for moment in moments))


def _moment(moment: int, step: int) -> str:
    time = datetime.fromtimestamp(moment // SECOND, UTC)
    if step >= 91 * DAY:
        return f"{time:%b %Y}"
    if step >= DAY or moment % DAY == 0:
        return f"{time.day} {time:%b}"
    return f"{time:%H:%M}" if step >= MINUTE else f"{time:%H:%M:%S}"


def lead_axis(leads: Sequence[int], interval: int) -> tuple[Axis, str]:
    """The axis of leads from 0 on, and the words for its unit.

    Args:
        leads: leads in order.
        interval: ns.
    """
    name = next(unit for unit in ("d", "h", "min", "s", "ms", "us", "ns") if interval % UNITS[unit] == 0)
    if name == "min" and leads[-1] * interval >= 6 * HOUR:
        name = "h"
    size = interval / UNITS[name]
    highest = leads[-1] * size
    steps = (1, 2, 3, 4, 6, 12, 24, 48, 96, 168) if name == "h" else [n * 10**p for p in range(8) for n in (1, 2, 5)]
    step = next((step for step in steps if highest / step <= MOST_TICKS + 1), steps[-1])
    return Axis(0.0, highest, tuple((float(value), f"{value}") for value in range(0, math.floor(highest) + 1, step))), name


def _runs(known: Bool) -> Iterator[slice]:
    """Stretches without a gap."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    yield from (slice(int(first), int(last)) for first, last in edges.reshape(-1, 2))


def _steps(across: Int64, down: Int64) -> str:
    """Moves from each point to the next, as SVG writes them."""
    moves = np.stack([np.diff(across), np.diff(down)], axis=1).ravel().tolist()
    return "".join(f"{move}" if move < 0 or not number else f" {move}" for number, move in enumerate(moves))


def _line(across: Int64, down: Float64) -> str:
    """A line through points, cut where one is missing; a lone point is a dot."""
    pieces = []
    for run in _runs(np.isfinite(down)):
        x, y = across[run], down[run].round().astype(np.int64)
        pieces.append(f"M{x[0]} {y[0]}" + (f"l{_steps(x, y)}" if len(x) > 1 else "h0"))
    return "".join(pieces)


def _area(across: Int64, low: Float64, high: Float64) -> str:
    """The area between two lines."""
    pieces = []
    for run in _runs(np.isfinite(low) & np.isfinite(high)):
        x = across[run] if run.stop - run.start > 1 else across[run].repeat(2) + np.array([-5, 5])
        ends = [np.broadcast_to(end[run], x.shape).round().astype(np.int64) for end in (low, high)]
        both, around = np.concatenate([x, x[::-1]]), np.concatenate([ends[0], ends[1][::-1]])
        pieces.append(f"M{both[0]} {around[0]}l{_steps(both, around)}z")
    return "".join(pieces)


def _shape(kind: str, drawn: str) -> str:
    return f'<path class="{kind}" d="{drawn}"/>' if drawn else ""


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the shapes of a picture.

    Args:
        across: axis to the right.
        up: axis upwards.
        unit: unit of the axis upwards.
        described: sentence for those who do not see the picture.
        below: unit of the axis to the right; empty where its words say it.
    """

    across: Axis
    up: Axis
    unit: str
    described: str
    below: str = ""

    def x(self, values: Float64 | Int64) -> Int64:
        """Positions to the right."""
        share = (values - self.across.low) / (self.across.high - self.across.low)
        return (WIDTH * share).round().astype(np.int64)

    def y(self, values: Float64) -> Float64:
        """Positions downwards; NaN stays."""
        return HEIGHT * (1 - (values - self.up.low) / (self.up.high - self.up.low))

    def html(self, shapes: Sequence[str]) -> str:
        """The whole picture."""
        grid = "".join(f"M0 {HEIGHT * (1 - self.up.share(value)):.0f}h{WIDTH}" for value, _ in self.up.ticks)
        words = [
            f'<i class="y" style="top:{100 - 100 * self.up.share(value):.1f}%">{text}</i>' for value, text in self.up.ticks
        ]
        for value, text in self.across.ticks:
            share = 100 * self.across.share(value)
            side = " end" if share > 94 else " start" if share < 4 else ""
            words.append(f'<i class="x{side}" style="left:{share:.1f}%">{text}</i>')
        below = f'<i class="below">{escape(self.below)}</i>' if self.below else ""
        return (
            f'<div class="plot{" named" if below else ""}" role="img" aria-label="{escape(self.described)}">'
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
            f'<path class="grid" d="{grid}"/>{"".join(shapes)}</svg>'
            f'<i class="unit">{escape(self.unit)}</i>{"".join(words)}{below}</div>'
        )


def thinned(panel: Panel, most: int) -> Panel:
    """The newest part of a panel: whole forecasts that fit, one at least, and then every so many moments.

    Args:
        panel: series with its forecasts.
        most: number of moments, where one forecast fits.
    """
    begins = np.searchsorted(panel.times, panel.origins)
    lengths = len(panel.times) - begins
    if len(begins) > 1:
        fitting = begins[lengths + lengths[-1] <= most]
        first = int(fitting[0] if len(fitting) else begins[-1])
        first = max(0, first - int(lengths[-1]))  # facts of one horizon before the first forecast
    else:
        first = 0
    rows = slice(first, None, max(1, (len(panel.times) - first) // most))
    kept = panel.origins[panel.origins > panel.times[first]] if first else panel.origins
    return replace(panel, times=panel.times[rows], facts=panel.facts[rows], forecasts=panel.forecasts[rows], origins=kept)


def forecast_picture(panel: Panel, described: str) -> str:
    """Fact, median and the fan of the quantiles of one series, as HTML.

    Args:
        panel: series with its forecasts.
        described: sentence for those who do not see it.
    """
    step = int(panel.times[1] - panel.times[0]) if len(panel.times) > 1 else SECOND
    frame = Frame(
        time_axis(int(panel.times[0]), int(panel.times[-1]) + step),
        value_axis(np.concatenate([panel.facts, panel.forecasts.ravel()])),
        panel.label,
        described,
    )
    x, levels = frame.x(panel.times + step // 2), len(panel.levels)  # a value stands for its interval: draw it in the middle
    cuts = "".join(f"M{across} 0v{HEIGHT}" for across in frame.x(panel.origins).tolist())
    fans, medians = [""] * (levels // 2), ""
    begins = np.searchsorted(panel.times, panel.origins).tolist()
    for first, last in zip(begins, [*begins[1:], len(x)], strict=True):
        rows = np.arange(first, last)
        rows = rows[np.isfinite(panel.forecasts[first:last, levels // 2])]  # one line through all leads that are stored
        quantiles = frame.y(panel.forecasts[rows])
        for pair in range(levels // 2):
            fans[pair] += _area(x[rows], quantiles[:, pair], quantiles[:, -1 - pair])
        medians += _line(x[rows], quantiles[:, levels // 2])
    shapes = [_shape("cut", cuts), *(_shape("fan", fan) for fan in fans), _shape("made", medians)]
    return frame.html([*shapes, _shape("fact", _line(x, frame.y(panel.facts)))])


@dataclass(frozen=True, slots=True)
class Line:
    """Error of one forecaster.

    Args:
        name: name of the forecaster.
        error: error at the leads of the plot, float64 `[leads]`.
        role: `model`, `champion` or `baseline`; decides how it is drawn.
    """

    name: str
    error: Float64
    role: str = "baseline"


def lead_picture(lines: Sequence[Line], leads: Sequence[int], interval: int, unit: str) -> str:
    """Error over lead of several forecasters, with the names of the lines, as HTML.

    Args:
        lines: forecasters, the model first.
        leads: leads of the errors, in order.
        interval: ns.
        unit: unit of the error.
    """
    across, name = lead_axis(leads, interval)
    errors = np.stack([line.error for line in lines])
    last = ", ".join(f"{line.name} {line.error[-1]:.3g}" for line in lines)
    described = f"Error by time ahead, {unit}; at {leads[-1] * interval / UNITS[name]:g} {name}: {last}."
    frame = Frame(across, value_axis(errors, from_zero=True), unit, described, f"{WORDS.get(name, name)} ahead")
    x = frame.x(np.asarray(leads, np.float64) * (interval / UNITS[name]))
    kinds, others = [], 0
    for line in lines:
        kinds.append("made" if line.role == "model" else "live" if line.role == "champion" else f"other o{others % 6}")
        others += line.role == "baseline"
    drawn = [_shape(kind, _line(x, frame.y(error))) for kind, error in zip(kinds, errors, strict=True)]
    key = "".join(
        f'<li><svg viewBox="0 0 28 8" aria-hidden="true"><path class="{kind}" d="M0 4h28"/></svg>{escape(line.name)}</li>'
        for kind, line in zip(kinds, lines, strict=True)
    )
    return f'{frame.html(drawn[::-1])}<ul class="key">{key}</ul>'

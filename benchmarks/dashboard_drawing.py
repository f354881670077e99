"""Draws a dashboard of Grafana from its file and the answers to its queries: an impression of it, without Grafana."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import matplotlib as mpl
import numpy as np
from PIL import Image

from tests.support.grafana_queries import Json, Rows

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib import dates

BACKGROUND, SURFACE, EDGE, TEXT, DIM, GRID = "#111217", "#181b1f", "#2c2f36", "#ccccdc", "#8e8e9c", "#26292f"
NAMED = {"text": TEXT, "green": "#73BF69", "yellow": "#FADE2A", "orange": "#FF9830", "red": "#F2495C", "purple": "#B877D9"}
PALETTE = ["#73BF69", "#FADE2A", "#5794F2", "#FF9830", "#F2495C", "#B877D9"]
WIDTH, ROW = 14.0, 0.38  # inches: of a dashboard, of a row of its grid
GAP = 0.06  # inches between panels
TAGS = ("time", "agent", "series", "lead", "rule")
COLOURS = 128  # of a picture
POINTS = 72  # in an inch
MINUTE = 60  # seconds
LENGTHS = ((86_400, "days"), (3600, "hours"), (MINUTE, "mins"))  # seconds
MOST_LABELLED = 8  # groups of bars with numbers on them


@dataclass(frozen=True, slots=True)
class Shown:
    """What a dashboard shows.

    Args:
        board: its file, parsed.
        variables: value of each variable.
        rows: the rows of each query, by a name such as `panel 'Backlog' A`.
        span: first and last moment, ns UTC.
        now: moment that is now, ns UTC.
    """

    board: Json
    variables: dict[str, str]
    rows: dict[str, Rows]
    span: tuple[int, int]
    now: int

    def words(self, text: str) -> str:
        """A title with the values of the variables in it."""
        return re.sub(r"\$\{?(\w+)\}?", lambda match: self.variables.get(match[1], match[0]), text)

    def answer(self, panel: Json, ref: str) -> Rows:
        """The rows of a query."""
        return self.rows.get(f"panel '{panel['title']}' {ref}", [])


def colour(name: str) -> str:
    """A colour of Grafana's as matplotlib takes it."""
    return NAMED.get(name, name)


def _settings(panel: Json, name: str) -> Json:
    """The settings of a line or column: those of the panel, and the overrides for its name."""
    defaults = panel["fieldConfig"]["defaults"]
    settings = {**defaults, **{f"custom.{key}": value for key, value in defaults.get("custom", {}).items()}}
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"]["options"] == name:
            settings |= {setting["id"]: setting["value"] for setting in override["properties"]}
    return settings


def _bytes(value: float) -> str:
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if value >= factor:
            return f"{value / factor:.3g} {unit}"
    return f"{value:.0f} B"


def _time(value: float, unit: str, now: int) -> str:
    """A moment, or a length of a minute or more."""
    if unit == "dateTimeFromNow":
        return f"{(now - value) / 60e9:.0f} minutes ago" if now - value >= 90e9 else "a few seconds ago"
    if unit == "dateTimeAsLocal":
        return f"{datetime.fromtimestamp(value / 1e3, UTC):%Y-%m-%d %H:%M:%S}"
    size, word = next((size, word) for size, word in LENGTHS if value >= size)
    return f"{value / size:.3g} {word}"


def formatted(value: object, settings: Json, now: int) -> str:
    """A value as Grafana writes it, as far as the dashboards use its units."""
    if value is None:
        return ""
    for mapping in settings.get("mappings") or []:
        chosen = mapping["options"].get(f"{value:g}" if isinstance(value, float | int) else str(value))
        if chosen:
            return str(chosen["text"])
    if not isinstance(value, float | int):
        return str(value)
    unit, decimals = settings["unit"], settings.get("decimals")
    if unit == "decbytes":
        return _bytes(value)
    if unit.startswith("dateTime") or (unit == "s" and value >= MINUTE):
        return _time(value, unit, now)
    scaled, behind = (value * 100, " %") if unit == "percentunit" else (value, "")
    behind = {"s": " s", "µs": " µs"}.get(unit, behind)
    if unit.startswith("suffix:"):
        behind = unit.removeprefix("suffix:")
    plain = f"{scaled:.{decimals}f}" if decimals is not None else f"{scaled:.4g}"
    return f"{plain}{behind}"


def _level(value: object, settings: Json) -> str:
    for mapping in settings.get("mappings") or []:
        chosen = mapping["options"].get(f"{value:g}" if isinstance(value, float | int) else str(value))
        if chosen:
            return colour(chosen["color"])
    found = TEXT
    for step in settings["thresholds"]["steps"]:
        if step["value"] is None or (isinstance(value, float | int) and value >= step["value"]):
            found = colour(step["color"])
    return found


def _numbers(rows: Rows) -> Iterator[tuple[str, list[int], list[float]]]:
    """The lines of an answer: name of the tag, times and values."""
    lines: dict[str, tuple[list[int], list[float]]] = {}
    for row in rows:
        (value,) = [cell for name, cell in row.items() if name not in TAGS]
        if value is not None:
            times, values = lines.setdefault(row.get("agent") or row.get("rule", ""), ([], []))
            times.append(row["time"])
            values.append(value)
    for name, (times, values) in sorted(lines.items()):
        yield name, times, values


def _moments(times: list[int]) -> Any:  # noqa: ANN401 - matplotlib has no types
    return dates.date2num([datetime.fromtimestamp(time / 1e9, UTC) for time in times])


def draw_number(axes: Any, panel: Json, shown: Shown) -> None:  # noqa: ANN401 - matplotlib has no types
    """One value in the middle of its panel."""
    rows = shown.answer(panel, "A")
    value = next((cell for name, cell in rows[-1].items() if name not in TAGS), None) if rows else None
    settings = _settings(panel, "")
    text = settings["noValue"] if value is None else formatted(value, settings, shown.now)
    inches = panel["gridPos"]["w"] * WIDTH / 24 - 0.4
    size = min(24.0, inches * POINTS / (0.66 * max(1, len(text))))
    axes.text(0.5, 0.45, text, ha="center", va="center", fontsize=size, color=_level(value, settings), weight="bold")
    axes.axis("off")


def draw_chart(axes: Any, panel: Json, shown: Shown) -> None:  # noqa: ANN401
    """Lines, bands or bars over time, and the marks of the annotations."""
    drawn: dict[str, tuple[Any, list[float], Json]] = {}
    palette = iter(PALETTE * 9)
    for target in panel["targets"]:
        alias = target.get("alias", "")
        for tag, times, values in _numbers(shown.answer(panel, target["refId"])):
            name = tag if alias.startswith("$tag_") else alias
            settings = _settings(panel, alias)
            own = settings["color"].get("fixedColor") if settings["color"]["mode"] == "fixed" else next(palette)
            drawn[name] = (_moments(times), values, settings | {"own": colour(own)})
    heights: dict[float, float] = {}  # of the bars that others stand on, by their moment
    for name, (moments, values, settings) in drawn.items():
        width = settings.get("custom.lineWidth", 1.5)
        if settings.get("custom.drawStyle") == "bars":
            bar = np.diff(moments).min() if len(moments) > 1 else 0.02
            is_stacked = settings.get("custom.stacking", {}).get("mode") == "normal"
            share = 1 if is_stacked else len(drawn)
            feet = [heights.get(moment, 0.0) * is_stacked for moment in moments]
            axes.bar(moments, values, width=0.8 * bar / share, bottom=feet, color=settings["own"], label=name, alpha=0.8)
            heights |= {moment: foot + value for moment, foot, value in zip(moments, feet, values, strict=True)}
            continue
        if settings.get("custom.drawStyle") == "points":
            axes.plot(moments, values, color=settings["own"], lw=0, label=name, marker="o", markersize=3)
            continue
        below = drawn.get(settings.get("custom.fillBelowTo", ""))
        if below is not None:
            shared, first, second = np.intersect1d(moments, below[0], return_indices=True)
            upper, lower = np.asarray(values)[first], np.asarray(below[1])[second]
            axes.fill_between(
                shared, lower, upper, color=settings["own"], alpha=0.2, linewidth=0, label=name.removesuffix(" high")
            )
        if width:
            style = (0, (4, 2)) if "custom.lineStyle" in settings else "-"
            marker = "o" if settings.get("custom.showPoints") == "always" or len(moments) < 3 else ""
            axes.plot(moments, values, color=settings["own"], lw=width, ls=style, label=name, marker=marker, markersize=4)
    span = shown.span
    if "timeFrom" not in panel:
        axes.set_xlim(*_moments(list(span)))
    _marks(axes, shown)
    _dress(axes, panel, shown)
    locator = dates.AutoDateLocator(maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, show_offset=False))
    if not drawn:
        axes.text(0.5, 0.5, panel["fieldConfig"]["defaults"]["noValue"], transform=axes.transAxes, ha="center", color=DIM)


def _marks(axes: Any, shown: Shown) -> None:  # noqa: ANN401
    for note in shown.board["annotations"]["list"]:
        for row in shown.rows[f"annotation '{note['name']}'"]:
            if shown.span[0] <= row["time"] <= shown.span[1]:
                moment, shade = _moments([row["time"]])[0], colour(note["iconColor"])
                axes.axvline(moment, color=shade, lw=1, ls=(0, (3, 3)))
                foot = axes.get_xaxis_transform()  # a triangle below the line, as Grafana has it
                axes.plot([moment], [0], color=shade, marker="^", markersize=5, transform=foot, clip_on=False)


def _dress(axes: Any, panel: Json, shown: Shown) -> None:  # noqa: ANN401
    settings = _settings(panel, "")
    axes.set_facecolor(SURFACE)
    axes.set_axisbelow(True)
    axes.grid(color=GRID, linewidth=0.8)
    axes.tick_params(colors=DIM, labelsize=7, length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.yaxis.set_major_formatter(lambda value, _: formatted(value, {**settings, "mappings": [], "decimals": None}, shown.now))
    if "min" in settings or "max" in settings:
        axes.set_ylim(settings.get("min"), settings.get("max", 1) * 1.02)
    handles, _ = axes.get_legend_handles_labels()
    if handles:
        below = -(MARGINS["timeseries"][1] - 0.05) / (axes.get_position().height * axes.figure.get_figheight())
        axes.legend(
            loc="lower left", bbox_to_anchor=(0, below), ncols=8, fontsize=7.5, frameon=False, labelcolor=TEXT, handlelength=1.4
        )


def draw_bars(axes: Any, panel: Json, shown: Shown) -> None:  # noqa: ANN401
    """Groups of bars, one for each lead."""
    rows = sorted(shown.answer(panel, "A"), key=lambda row: int(row["lead"]))
    names = [name for name in rows[0] if name not in TAGS] if rows else []
    place = np.arange(len(rows))
    for number, name in enumerate(names):
        settings = _settings(panel, name)
        values = [row[name] if row[name] is not None else np.nan for row in rows]
        bars = axes.bar(
            place + 0.8 * (number - (len(names) - 1) / 2) / len(names),
            values,
            width=0.72 / len(names),
            color=settings["color"]["fixedColor"],
            label=name,
        )
        if len(rows) <= MOST_LABELLED:
            axes.bar_label(bars, [formatted(value, settings, shown.now) for value in values], fontsize=7, color=TEXT, padding=1)
    axes.set_xticks(place, [row["lead"] for row in rows])
    _dress(axes, panel, shown)
    axes.grid(visible=False, axis="x")


def draw_gauges(axes: Any, panel: Json, shown: Shown) -> None:  # noqa: ANN401
    """A bar for each column."""
    rows = shown.answer(panel, "A")
    (regex,) = [step["options"]["regex"] for step in panel["transformations"] if step["id"] == "renameByRegex"]
    cells = {
        re.sub(regex, r"\1", name): value for name, value in (rows[0] if rows else {}).items() if name not in TAGS and value
    }
    if not cells:
        axes.text(0.5, 0.5, panel["fieldConfig"]["defaults"]["noValue"], ha="center", va="center", color=DIM)
        axes.axis("off")
        return
    place = np.arange(len(cells))[::-1]
    axes.barh(place, list(cells.values()), color=PALETTE[2], height=0.55, alpha=0.85)
    for height, (name, value) in zip(place, cells.items(), strict=True):
        axes.text(0, height + 0.34, f" {name}", color=TEXT, fontsize=8, va="bottom")
        axes.text(value, height, f" {value:g}", color=TEXT, fontsize=9, va="center", weight="bold")
    axes.set_ylim(min(-0.7, len(cells) - 3.7), len(cells) - 0.2)
    axes.set_xlim(0, max(cells.values()) * 1.15)
    axes.axis("off")


def draw_table(axes: Any, panel: Json, shown: Shown) -> None:  # noqa: ANN401
    """The first rows of a table, as many as there is room for."""
    rows = shown.answer(panel, "A")
    (organized,) = [step["options"] for step in panel["transformations"] if step["id"] == "organize"]
    order = sorted(organized["indexByName"], key=organized["indexByName"].get)
    columns = [name for name in order if not organized["excludeByName"].get(name)]
    axes.axis("off")
    if not rows:
        axes.text(0.5, 0.5, panel["fieldConfig"]["defaults"]["noValue"], ha="center", va="center", color=DIM)
        return
    texts = {name: [_cell(panel, name, row, shown.now) for row in rows] for name in columns}
    shares = np.array([min(34, max(map(len, [name, *texts[name]])) + 2) for name in columns], float)
    left = np.concatenate([[0], np.cumsum(shares)[:-1]]) / shares.sum()
    room = int((panel["gridPos"]["h"] - 2) / 0.72)
    width = panel["gridPos"]["w"] * 9.4
    for place, name, share in zip(left, columns, shares / shares.sum(), strict=True):
        axes.text(place, 1, name, color=PALETTE[2], fontsize=7.5, va="top", weight="bold", transform=axes.transAxes)
        settings = _settings(panel, name)
        most = max(4, int(share * width))
        for number, (row, text) in enumerate(zip(rows[:room], texts[name], strict=False)):
            shade = _level(row.get(name), settings) if settings.get("mappings") else TEXT
            short = text if len(text) <= most else f"{text[: most - 1]}…"
            height = 1 - (number + 1.15) / (room + 1)
            axes.text(place, height, short, color=shade, fontsize=7.5, va="top", transform=axes.transAxes)


def _cell(panel: Json, name: str, row: dict[str, Any], now: int) -> str:
    settings = _settings(panel, name)
    if name == "Time" and settings["unit"] != "dateTimeFromNow":
        return f"{datetime.fromtimestamp(row['time'] / 1e9, UTC):%Y-%m-%d %H:%M}"
    return formatted(row["time"] if name == "Time" else row.get(name), settings, now)


DRAWN = {"stat": draw_number, "timeseries": draw_chart, "barchart": draw_bars, "bargauge": draw_gauges, "table": draw_table}
MARGINS = {"timeseries": (0.42, 0.52), "barchart": (0.42, 0.52), "table": (0.12, 0.05)}  # inches on the left and at the bottom


OPENED = ("best", "Anomalies")  # words in the titles of closed rows that are drawn open


def _places(board: Json) -> Iterator[tuple[Json, bool]]:
    """Every row and panel, and whether it is drawn open; closed rows are drawn closed but for rankings and anomalies."""
    for panel in board["panels"]:
        yield panel, True
        if panel["type"] == "row" and any(word in panel["title"] for word in OPENED):
            yield from ((inner, True) for inner in panel["panels"])


def draw(shown: Shown) -> bytes:
    """A dashboard as a picture.

    Args:
        shown: the dashboard and its answers.

    Returns:
        A PNG file.
    """
    panels = [panel for panel, _ in _places(shown.board)]
    height = ROW * (max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels) + 1.6)
    figure = plt.figure(figsize=(WIDTH, height), facecolor=BACKGROUND)
    chosen = [
        ("Fleet", "Gatecast"),
        *((name, shown.variables[key]) for name, key in (("Series", "series"), ("Lead", "lead")) if key in shown.variables),
    ]
    title = "   ".join([shown.board["title"], *(f"{name}: {value}" for name, value in chosen)])
    figure.text(0.008, 1 - 0.28 / height, title, color=TEXT, fontsize=12, weight="bold", va="center")
    column = WIDTH / 24
    for panel in panels:
        place = panel["gridPos"]
        left, top = place["x"] * column + GAP, (place["y"] + 1.5) * ROW + GAP
        wide, high = place["w"] * column - 2 * GAP, place["h"] * ROW - 2 * GAP
        if panel["type"] == "row":
            figure.text(
                left / WIDTH,
                1 - (top + high / 2) / height,
                f"▾ {shown.words(panel['title'])}",
                color=TEXT,
                fontsize=10,
                va="center",
            )
            continue
        frame = plt.Rectangle(
            (left / WIDTH, 1 - (top + high) / height),
            wide / WIDTH,
            high / height,
            facecolor=SURFACE,
            edgecolor=EDGE,
            lw=0.8,
            zorder=-1,
        )
        figure.add_artist(frame)
        figure.text(
            (left + 0.1) / WIDTH, 1 - (top + 0.16) / height, shown.words(panel["title"]), color=TEXT, fontsize=8.5, va="center"
        )
        margin, bottom = MARGINS.get(panel["type"], (0.12, 0.08))
        inner = (left + margin + 0.05, height - top - high + bottom, wide - margin - 0.2, high - bottom - 0.34)
        axes = figure.add_axes((inner[0] / WIDTH, inner[1] / height, inner[2] / WIDTH, inner[3] / height))
        DRAWN[panel["type"]](axes, panel, shown)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=100, facecolor=BACKGROUND)
    plt.close(figure)
    smaller = io.BytesIO()
    Image.open(buffer).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(smaller, "PNG", optimize=True)
    return smaller.getvalue()

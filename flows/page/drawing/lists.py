"""The list of series as HTML: one row is one link."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import quote

from edge.quoting import gained
from edge.stores.asking.rows import USUAL
from flows.page.drawing.chart import spark
from flows.page.drawing.words import DASH, ago, percent, with_unit
from flows.page.figures.asked import SPARK, Snapshot, Spark
from flows.page.figures.series import Row, is_silent
from pipeline.report.page import beside_yesterday

END = 14  # signs at the end of a name that are always seen
LONG = 16  # signs; where a name of the list has more, names stand above their small pictures
WORSE = -0.02  # a gain below this is drawn as a loss


def address(name: str) -> str:
    """The address of the page of a series."""
    return f"/series/{quote(name, safe='')}"


def series_list(rows: Sequence[Row], sparks: Mapping[str, Spark], snapshot: Snapshot, current: str) -> str:
    """The rows that are in view.

    Args:
        rows: rows in their order.
        sparks: name to small picture; a series without one is shown without.
        snapshot: figures of the fleet.
        current: name of the series that is open; empty where none is.
    """
    if not rows:
        return '<p class="empty">No series of this name.</p>' if snapshot.rows else '<p class="empty">No reading yet.</p>'
    items = "".join(_item(row, sparks.get(row.name), snapshot, is_current=row.name == current) for row in rows)
    long = " long" if max(len(row.name) for row in rows) > LONG else ""
    return f'<ul class="series{long}">{items}</ul>'


def _item(row: Row, picture: Spark | None, snapshot: Snapshot, *, is_current: bool) -> str:
    interval = snapshot.interval or USUAL
    span = (snapshot.now - SPARK * interval, snapshot.now + SPARK * interval)
    drawn = "" if picture is None else spark(picture.facts, picture.fan, span)
    state = ' aria-current="page"' if is_current else ""
    return (
        f'<li><a href="{address(row.name)}" data-series="{escape(row.name)}"{state}>'
        f'<span class="name">{cut(row.name)}</span>'
        f'<span class="state">{_state(row, snapshot)}</span>'
        f"{drawn}"
        f'<span class="value">{with_unit(row.value, row.unit)}{gain(row)}</span></a></li>'
    )


def dotted(name: str) -> str:
    """A name whose last level stands out."""
    return _shaded(name, 0, len(name))


def cut(name: str) -> str:
    """The same for a narrow column: where it is too long, the middle is left out, and both ends are seen.

    A screen reader says the name as a whole.
    """
    if len(name) <= END:
        return dotted(name)
    begin, end = _shaded(name, 0, len(name) - END), _shaded(name, len(name) - END, len(name))
    whole = escape(name)
    return f'<span class="cut" role="img" aria-label="{whole}" title="{whole}"><span>{begin}</span><span>{end}</span></span>'


def _shaded(name: str, start: int, stop: int) -> str:
    """A piece of a name: what stands before its last level is quiet, the last level stands out."""
    level = name.rfind(".") + 1
    if not level:
        return escape(name[start:stop])
    pieces = (("head", name[start : min(level, stop)]), ("tail", name[max(level, start) : stop]))
    return "".join(f'<span class="{shade}">{escape(text)}</span>' for shade, text in pieces if text)


def gain(row: Row) -> str:
    """The gain of a series, with a colour and a sign; below -100 % in words."""
    value = row.gain
    if math.isnan(value):
        title = "both errors are 0" if row.error == row.naive == 0 else "not scored yet"
        return f'<span class="gain none" title="{title}">{DASH}</span>'
    kind = "good" if value > 0 else "bad" if value < WORSE else "even"
    title = beside_yesterday(row.error, row.naive, row.unit) or "error beside that of the seasonal-naive forecast"
    return f'<span class="gain {kind}" title="{escape(title)}">{gained(value, percent(value, sign=True))}</span>'


def _state(row: Row, snapshot: Snapshot) -> str:
    """What is wrong with a series, or how old its newest reading is."""
    age = ago(row.time, snapshot.now)
    if row.alerts:
        return '<b class="bad">alert</b>'
    if is_silent(row, snapshot.now, snapshot.interval):
        return f'<b class="warn">silent</b> {age}'
    return age if row.model else f"{age}, no forecast"

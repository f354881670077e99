"""The two pages, overview and series: what is sent once, and what is brought up to date while somebody looks."""

from collections.abc import Callable
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from nicegui import run, ui
from nicegui.events import GenericEventArguments

from edge.contract.times import DAY
from edge.stores.asking.rows import USUAL
from flows.page.drawing import cards, lists
from flows.page.drawing.chart import options
from flows.page.drawing.words import ago, count, length
from flows.page.figures.series import ORDERS, Order, Row, matching, ordered
from flows.page.watching import Watch

if TYPE_CHECKING:
    from flows.page.figures.detail import Detail

HERE = Path(__file__).parent
STYLE, SCRIPT, LOGO = ((HERE / name).read_text("utf-8") for name in ("page.css", "page.js", "logo.svg"))
HEAD = f"<style>{STYLE}</style><script>{SCRIPT}</script>"
THEME = '<button type="button" class="theme" aria-label="Colours: as the system, light, dark" onclick="nextTheme()"></button>'
JUMPS = '<a href="#main">Overview</a><a href="#series">Series</a>'  # at the lower end of a phone
IN_VIEW = 40  # series of one page of the list
EVERY = 1.0  # seconds
SOON = 0.2  # seconds, until the store has answered for the first time
TITLES: dict[Order, str] = {
    "attention": "what needs a look",
    "name": "name",
    "error": "largest error",
    "alert": "alerts",
    "silence": "longest silence",
}
SPANS = {"latest": 0, "24 h": DAY, "3 days": 3 * DAY, "1 week": 7 * DAY, "1 month": 30 * DAY}


def add_pages(watch: Watch, title: str) -> None:
    """Register both pages.

    Args:
        watch: thread that knows what the store holds.
        title: name of the fleet.
    """

    @ui.page("/", title=f"{title} · Gatecast")
    async def overview() -> None:
        await Frame(watch, title).overview()

    @ui.page("/series/{name:path}", title=f"{title} · Gatecast")
    async def series(name: str) -> None:
        await Frame(watch, title, name).one_series()


def block(tag: str, classes: str = "", **attributes: str) -> ui.element:
    """An element of HTML."""
    element = ui.element(tag).classes(classes)
    for name, value in attributes.items():
        element.props[name.replace("_", "-").strip("-")] = value
    return element


class Frame:
    """What one visitor sees.

    Args:
        watch: thread that knows what the store holds.
        title: name of the fleet.
        name: name of the series that is open; empty for the overview.
    """

    def __init__(self, watch: Watch, title: str, name: str = "") -> None:
        self._watch, self._title, self._name = watch, title, name
        self._search, self._order, self._first = "", ORDERS[0], 0
        self._shown: tuple[object, ...] = ()
        self._span, self._is_busy = 0, False
        self._live: list[tuple[ui.html, Callable[[], str]]] = []
        self._chart: ui.echart | None = None
        self._detail: Detail | None = None
        self._first_looks: ui.timer | None = None

    async def overview(self) -> None:
        """The page of the fleet."""
        with self._around("overview"):
            self._text(lambda: cards.headline(self._watch.snapshot), "div", "headline")
            self._text(self._alerts, "div")
            self._text(lambda: cards.fleet_figures(self._watch.snapshot), "div")
            with block("section", "card chart", aria_label="Forecast of the first series"):
                self._text(self._featured, "div", "card-head")
                self._draw()
            with block("div", "cards"):
                self._card("Agents", lambda: cards.agents_card(self._watch.snapshot.agents, self._watch.snapshot.clock))
                self._card("Not used", lambda: cards.drops_card(self._watch.snapshot.agents))
                self._card("Forecast by", self._runs, "wide")
        await self._refresh()

    async def one_series(self) -> None:
        """The page of one series."""
        with self._around("one"):
            with block("a", "back", href="/"):
                ui.html("← all series", sanitize=False, tag="span")
            self._text(self._head, "div", "headline")
            self._text(self._figures, "div")
            with block("section", "card chart", aria_label="Fact and forecast"):
                with block("div", "card-head"):
                    self._text(lambda: cards.legend(self._detail) if self._detail else "", "div")
                    self._spans()
                self._draw()
            self._text(self._table, "div")
            self._card("Error by distance", self._leads)
        await self._refresh()

    def _around(self, kind: str) -> ui.element:
        """Bar, list and the main part of a page; returns the main part, which is empty."""
        ui.add_head_html(HEAD)
        if kind == "overview":  # what is seen before the scripts of the page have run
            told = cards.headline(self._watch.snapshot) if self._watch.is_fresh else ""
            brand = f'<header class="bar"><span class="brand">{LOGO}<b>Gatecast</b></span></header>'
            shell = f'{brand}<div class="side"></div><main><div class="headline">{told}</div></main>'
            ui.add_body_html(f'<div class="page shell {kind}" aria-hidden="true">{shell}</div>')
        with block("div", f"page {kind}"):
            self._bar()
            with block("nav", "side", aria_label="Series", id="series", tabindex="-1"):
                self._controls()
                self._list = ui.html("", sanitize=False).classes("list")
                self._pager()
            main = block("main", "", id="main", tabindex="-1")
            if kind == "overview":
                ui.html(JUMPS, sanitize=False, tag="nav").classes("jumps").props('aria-label="Parts of this page"')
        self._first_looks = None if self._watch.is_fresh else ui.timer(SOON, self._refresh)
        ui.timer(EVERY, self._refresh)
        return main

    def _bar(self) -> None:
        with block("header", "bar"):
            ui.html(
                f'<a class="skip" href="#main">Skip to the figures</a><a class="brand" href="/">{LOGO}<b>Gatecast</b></a>'
                f'<span class="fleet">{escape(self._title)}</span>',
                sanitize=False,
            ).classes("brands")
            self._text(self._state, "div", "status", role="status", aria_live="polite")
            ui.html(THEME, sanitize=False)

    def _controls(self) -> None:
        with block("div", "controls", role="search"):
            search = block("input", "search", type="search", placeholder="Search series", aria_label="Search series")
            search.on("input", self._searched, js_handler="(event) => emit(event.target.value)", throttle=0.2)
            with block("label", "order"):
                ui.html("sorted by", sanitize=False, tag="span")
                with block("select", "", aria_label="Sort series by") as order:
                    for key in ORDERS:
                        ui.html(TITLES[key], sanitize=False, tag="option").props(f"value={key}")
            order.on("change", self._sorted, js_handler="(event) => emit(event.target.value)")

    def _pager(self) -> None:
        with block("div", "pager"):
            self._back = block("button", "", type="button", aria_label="Earlier series").on(
                "click", partial(self._turn, -IN_VIEW)
            )
            self._where = ui.html("", sanitize=False, tag="span")
            self._on = block("button", "", type="button", aria_label="Further series").on("click", partial(self._turn, IN_VIEW))
            with self._back:
                ui.html("←", sanitize=False, tag="span")
            with self._on:
                ui.html("→", sanitize=False, tag="span")

    def _spans(self) -> None:
        with block("div", "spans", role="group", aria_label="Time that is shown"):
            for text, span in SPANS.items():
                button = block("button", "", type="button", aria_pressed=str(span == 0).lower())
                button.on("click", partial(self._show_span, button, span))
                with button:
                    ui.html(text, sanitize=False, tag="span")
        self._buttons = [child for child in button.parent_slot.parent if child.tag == "button"] if button.parent_slot else []

    async def _show_span(self, pressed: ui.element, span: int) -> None:
        self._span = span
        for button in self._buttons:
            button.props["aria-pressed"] = str(button is pressed).lower()
            button.update()
        self._shown = ()
        await self._refresh()

    def _draw(self) -> None:
        self._chart = ui.echart({"series": []}, renderer="svg").classes("fan").props('role="img"')

    def _card(self, title: str, text: Callable[[], str], classes: str = "") -> None:
        with block("section", f"card {classes}", aria_label=title):
            ui.html(escape(title), sanitize=False, tag="h2")
            self._text(text, "div")

    def _text(self, text: Callable[[], str], tag: str, classes: str = "", **attributes: str) -> None:
        """HTML that is made anew after each look at the store."""
        element = ui.html("", sanitize=False, tag=tag).classes(classes)
        for name, value in attributes.items():
            element.props[name.replace("_", "-")] = value
        self._live.append((element, text))

    async def _searched(self, event: GenericEventArguments) -> None:
        self._search, self._first = str(event.args), 0
        await self._refresh()

    async def _sorted(self, event: GenericEventArguments) -> None:
        chosen = next((order for order in ORDERS if order == event.args), ORDERS[0])
        self._order, self._first = chosen, 0
        await self._refresh()

    async def _turn(self, by: int) -> None:
        self._first = max(0, self._first + by)
        await self._refresh()

    async def _refresh(self) -> None:
        """Bring everything up to date that has changed since."""
        if self._is_busy:
            return
        self._is_busy = True
        try:
            await self._bring_up_to_date()
        finally:
            self._is_busy = False

    async def _bring_up_to_date(self) -> None:
        watch = self._watch
        key = (watch.number, self._search, self._order, self._first, self._span)
        if watch.is_fresh and self._first_looks is not None:
            self._first_looks.cancel()
            self._first_looks = None
        if key != self._shown and watch.is_fresh:
            snapshot = watch.snapshot
            rows = ordered(matching(snapshot.rows, self._search), self._order, snapshot.now, snapshot.interval)
            self._first = min(self._first, max(0, (len(rows) - 1) // IN_VIEW * IN_VIEW))
            view = rows[self._first : self._first + IN_VIEW]
            sparks = await run.io_bound(watch.sparks, [row.name for row in view]) or {}
            _set(self._list, lists.series_list(view, sparks, snapshot, self._name))
            self._tell_where(len(view), len(rows))
            await self._bring_chart_up_to_date()
            self._shown = key
        for element, text in self._live:
            _set(element, text())

    def _tell_where(self, shown: int, rows: int) -> None:
        last = self._first + shown
        _set(self._where, f"{count(self._first + 1)} to {count(last)} of {count(rows)}" if rows else "")
        for button, is_off in ((self._back, self._first == 0), (self._on, last >= rows)):
            button.props["disabled"] = is_off
            button.set_visibility(rows > IN_VIEW)
            button.update()

    async def _bring_chart_up_to_date(self) -> None:
        row, snapshot = self._row(), self._watch.snapshot
        if row is None or self._chart is None:
            return
        span = self._span or 72 * (snapshot.interval or USUAL)
        detail = await run.io_bound(self._watch.series, row.name, span)
        if detail is None:
            return
        self._detail = detail
        self._chart.options.clear()
        self._chart.options.update(options(detail, row.unit))
        self._chart.props["aria-label"] = cards.described(row, detail, snapshot)
        self._chart.update()

    def _row(self) -> Row | None:
        """The series that is drawn: the one that is open, else the first by name that has a forecast."""
        rows = self._watch.snapshot.rows
        if self._name:
            return self._watch.snapshot.row(self._name)
        return min((row for row in rows if row.origin), key=lambda row: row.name, default=None)

    def _state(self) -> str:
        watch = self._watch
        if watch.trouble:
            return f'<i class="light bad"></i><span class="trouble">{escape(watch.trouble)}</span>'
        if not watch.is_fresh:
            return '<i class="light off"></i><span>reading the store</span>'
        heard = max((agent.time for agent in watch.snapshot.agents), default=0)
        if heard and not any(agent.is_up(watch.snapshot.clock) for agent in watch.snapshot.agents):
            return f'<i class="light off"></i><span>no agent has reported for {length(watch.snapshot.clock - heard)}</span>'
        newest = max((row.time for row in watch.snapshot.rows), default=0)
        told = f"last reading {ago(newest, watch.snapshot.now)}" if newest else "no reading yet"
        return f'<i class="light good"></i><span>live</span><span class="told">{told}</span>'

    def _alerts(self) -> str:
        snapshot = self._watch.snapshot
        if not snapshot.alerts:
            return ""
        card = cards.alerts_card(snapshot.alerts, snapshot.now)
        return f'<section class="card alerting" aria-label="Alerts"><h2>Alerts</h2>{card}</section>'

    def _featured(self) -> str:
        row = self._row()
        if row is None or self._detail is None:
            return '<p class="empty">The first forecast is drawn here.</p>'
        link = f'<a class="featured" href="{lists.address(row.name)}">{lists.dotted(row.name)}</a>'
        return f"<h2>{link}</h2>{cards.legend(self._detail)}"

    def _runs(self) -> str:
        snapshot = self._watch.snapshot
        return cards.runs_card(snapshot.runs, snapshot.rows, snapshot.now)

    def _head(self) -> str:
        row = self._row()
        if row is not None:
            return cards.series_head(row, self._watch.snapshot)
        if not self._watch.is_fresh:
            return f"<h1>{escape(self._name)}</h1>"
        return f"<h1>{escape(self._name)}</h1><p class='lead'>The store has no reading of this series.</p>"

    def _figures(self) -> str:
        row = self._row()
        return "" if row is None or self._detail is None else cards.series_figures(row, self._detail, self._watch.snapshot)

    def _table(self) -> str:
        row = self._row()
        return "" if row is None or self._detail is None else cards.ahead_table(self._detail, row.unit, self._watch.snapshot)

    def _leads(self) -> str:
        row, detail, snapshot = self._row(), self._detail, self._watch.snapshot
        if row is None or detail is None:
            return ""
        said = f'<p class="quiet">Forecasts of the last {length(snapshot.span)}, beside yesterday repeated.</p>'
        return said + cards.leads_card(detail.leads, snapshot.interval, row.unit)


def _set(element: ui.html, content: str) -> None:
    """Send HTML where it has changed."""
    if element.content != content:
        element.set_content(content)

"""The report is one file that fits a phone and a desk, reaches every series, and lets no text of others become code."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from edge.contract.times import SECOND
from pipeline.report.drawing import Line, lead_picture
from pipeline.report.page import Grid
from pipeline.report.plots import Panel
from pipeline.report.sheet import Key, SeriesFigures, Sheet, forecasts_shown, sheet_html, table, typical
from pipeline.report.winner import Winner
from tests.support.chromium import browser

HOUR = 3600 * SECOND
EVIL = '"><script>alert(1)</script>'
LONG = "plant/" + "line_" * 40 + "temperature"


def series(name: str, skill: float = 0.1, unit: str = "°C", horizon: int = 24) -> SeriesFigures:
    """A series with five forecasts."""
    hours = 6 * horizon
    times, facts = HOUR * np.arange(hours, dtype=np.int64), 1e4 * np.sin(np.arange(hours) / 4)
    forecasts = facts[:, None] + np.array([-1e3, 0, 1e3])
    panel = Panel(name, times, facts, forecasts, (0.1, 0.5, 0.9), times[horizon::horizon], unit or "value")
    grid = Grid(("forecaster", "replay", "held-out part"), (("GRU", "1,234", "5.00"), (name, "1.00", "–")))  # noqa: RUF001
    return SeriesFigures(name, unit, panel, 1234.5, skill, grid, (f"History of {name}.",))


def sheet(*shown: SeriesFigures, text: str = "words") -> Sheet:
    """A report of these series; `text` stands wherever there is text."""
    lines = [Line(text, np.array([1.0, 2.0]), "model"), *(Line(f"{text} {n}", np.array([2.0, 3.0])) for n in range(6))]
    candidates = Grid(
        ("candidate", "skill", "ahead on", "coverage", "kB", "µs/forecast", "training"),
        ((text, "+11.7 %", "120 of 150", "80.0 %", "999", "123", "123 s"),),
    )
    return Sheet(
        title=text,
        lead=text,
        keys=tuple(Key(text, "+12.3 %", text) for _ in range(5)),
        winner=Winner(text, f"{text} is released.", (text,), (("passed", text), ("failed", text), ("note", text))),
        candidates=candidates,
        leads=lead_picture(lines, [1, 24], HOUR, text),
        leads_grid=Grid(("forecaster", "1h ahead", "6h ahead", "12h ahead", "1d ahead"), ((text, "1", "2", "3", "4"),)),
        leads_unit=text,
        basis=text,
        series=shown,
        notes=((text, (text,)),),
    )


class Reader(HTMLParser):
    """What a page consists of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it."""
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of all elements with this tag."""
        return [attributes for name, attributes in self.tags if name == tag]


def read(page: str) -> Reader:
    """A page, taken apart."""
    reader = Reader()
    reader.feed(page)
    return reader


def test_every_series_has_its_anchor_and_its_picture() -> None:
    """Whatever it is called: the list has a link to each, and behind each link lies a picture with words."""
    page = read(sheet_html(sheet(*(series(f"s{number}") for number in range(75)))))
    ids = {each.get("id") for _, each in page.tags} - {None}
    targets = [str(link["href"]).removeprefix("#") for link in page.all("a")]
    assert {f"series-{number}" for number in range(1, 76)} <= ids
    assert set(targets) <= ids
    pictures = [each["aria-label"] for each in page.all("div") if each.get("role") == "img"]
    assert len(pictures) == 1 + 1 + 75  # the first one, the errors by lead, and every series
    for number in range(75):
        assert any(str(label).startswith(f"s{number}: fact and the newest 5 forecasts, in °C.") for label in pictures)


def test_the_picture_comes_before_any_table_and_shows_the_series_in_the_middle() -> None:
    """By skill: neither the best one nor the worst."""
    shown = (series("best", 0.9), series("worst", -0.9), series("middle", 0.2), series("none", float("nan")))
    page = sheet_html(sheet(*shown))
    assert page.index('<svg viewBox="0 0 1000 400"') < page.index("<table")
    assert 'aria-label="middle: fact' in page[: page.index("<table")]
    assert typical(shown) == 2
    assert typical([replace(each, panel=None) for each in shown]) is None
    assert "no series has a whole forecast" in sheet_html(sheet(replace(shown[0], panel=None)))


def test_a_series_far_behind_a_simple_forecast_is_told_in_words() -> None:
    """A skill of -72235 % says nothing: in the list, in its heading, and to those who do not see the picture."""
    page = sheet_html(sheet(series("still", -722.35), series("usual", -0.5)))
    assert '<td class="bad">far worse</td>' in page
    assert 'skill <b class="bad">far worse</b>' in page
    assert "on average; skill far worse. The table" in page
    assert "in the unit of the series; far worse: more than twice the error of the best simple forecast</caption>" in page
    assert "72235" not in page.replace(",", "")
    assert "far worse" not in sheet_html(sheet(series("usual", -1.0)))


def test_no_text_becomes_code_and_nothing_is_fetched() -> None:
    """Names, units and sentences are escaped everywhere, in attributes too; every link stays within the file."""
    page = sheet_html(sheet(series(EVIL, unit=EVIL), text=EVIL))
    reader = read(page)
    assert not reader.all("script")
    assert {name for name, _ in reader.tags} <= {
        *(
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "header",
            "main",
            "section",
            "article",
            "nav",
            "figure",
            "figcaption",
        ),
        *("h1", "h2", "h3", "p", "a", "ul", "li", "dl", "dt", "dd", "div", "span", "b", "i", "small", "details", "summary"),
        *("table", "caption", "thead", "tbody", "tr", "th", "td", "svg", "path", "figcaption"),
    }
    assert not any(name.startswith("on") for _, attributes in reader.tags for name in attributes)
    assert all(str(link["href"]).startswith("#") for link in reader.all("a"))
    assert not re.search(r"url\(|@import|src=|https?:", page)


def test_it_can_be_heard() -> None:
    """One first heading and no level left out, headers that say what they are of, captions, and a language."""
    page = read(sheet_html(sheet(series("a"))))
    levels = [int(name[1]) for name, _ in page.tags if re.fullmatch(r"h\d", name)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert page.all("html") == [{"lang": "en"}]
    assert {header.get("scope") for header in page.all("th")} == {"row", "col"}
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(drawing.get("aria-hidden") == "true" for drawing in page.all("svg"))


def test_units_stand_at_every_figure_and_where_none_is_known_it_is_said() -> None:
    """At the axis, in the heading, beside the error and over the table."""
    page = sheet_html(sheet(series("a", unit="°C"), series("b", unit="")))
    article = page[page.index('id="series-1"') : page.index('id="series-2"')]
    for words in ('<span class="unit">°C</span>', "error 1,234 °C", '<i class="unit">°C</i>', "mean absolute error, in °C"):
        assert words in article
    assert "No unit is known" not in page
    assert "No unit is known: unit = &quot;°C&quot; in an [[ingest]] rule" in sheet_html(sheet(series("b", unit="")))


@pytest.mark.parametrize(("count", "most"), [(15, 0.3e6), (1000, 6e6)])
def test_a_report_of_many_series_stays_small(count: int, most: float) -> None:
    """Fewer forecasts in each picture where there are many; with 1,000 series and a day of quarter hours it is below 6 MB."""
    page = sheet_html(sheet(*(series(f"sensor {number}", horizon=96) for number in range(count))))
    assert len(page.encode()) < most
    assert page.count("<article") == count


@pytest.mark.parametrize(
    ("count", "horizon", "forecasts"), [(1, 24, 5), (200, 96, 5), (1000, 24, 4), (1000, 96, 1), (1, 720, 1), (10**6, 24, 1)]
)
def test_no_forecast_is_made_that_no_picture_has_room_for(count: int, horizon: int, forecasts: int) -> None:
    """120,000 moments for all series: 120 each of 1,000, which are a day of facts and four forecasts of a day in hours."""
    assert forecasts_shown(count, horizon) == forecasts


def test_a_table_of_many_columns_carries_its_headers_into_its_cells() -> None:
    """So that a phone can show each row as a block; a narrow one stays a table."""
    wide = table(Grid(("a", "b", "c", "d"), (("1", "2", "3", "4"),)), "c", marked="1")
    assert '<td role="cell" data-label="d">4</td>' in wide
    assert 'class="figures wide"' in wide
    assert '<tr role="row" class="marked">' in wide
    assert "wide" not in table(Grid(("a", "b"), (("1", "2"),)), "c")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_window(width: int, scheme: str, tmp_path: Path) -> None:
    """In a real Chromium, with everything open, and with long words everywhere; nothing is fetched."""
    path = tmp_path / "report.html"
    long = "w" * 60
    shown = (series(LONG), series("a", unit="m" * 40), *(series(f"s{number}") for number in range(80)))
    path.write_text(sheet_html(sheet(*shown, text=long)), "utf-8")
    with browser() as tab:
        tab.size(width, 900, scheme).open(path.as_uri())
        tab.wait("document.querySelector('main') !== null")
        tab.value("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert tab.value("document.documentElement.scrollWidth") == width
        beyond = """[...document.querySelectorAll('body *')].filter(each => {
          const box = each.getBoundingClientRect();
          return box.width > 1 && (box.right > innerWidth + 1 || box.left < -1);
        }).map(each => each.outerHTML.slice(0, 200))"""
        assert tab.value(beyond) == []
        assert tab.faults == []
        assert tab.requests == [path.as_uri()]
        assert tab.value("document.querySelector('#series-82 svg').getBoundingClientRect().width") > width / 2
        background = tab.value("getComputedStyle(document.documentElement).backgroundColor")
        assert background == {"light": "rgb(246, 246, 243)", "dark": "rgb(16, 20, 24)"}[scheme]

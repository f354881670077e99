"""How the page writes numbers, times, rows and charts."""

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.contract.times import DAY, SECOND, UNITS
from flows.page.drawing import cards, lists, words
from flows.page.drawing.chart import options, spark
from flows.page.drawing.lists import address, series_list
from flows.page.figures.asked import POINTS, Snapshot, look, look_at_series, look_at_sparks
from flows.page.figures.detail import Detail, Fan
from flows.page.figures.series import Row, ordered
from tests.support.page_store import FREEZER, HOUR, NOW, OLD, YARD, page_store


@pytest.fixture(name="store")
def small_store(tmp_path: Path) -> Path:
    """The small store."""
    path = tmp_path / "store.db"
    page_store(path).close()
    return path


def plain(html: str) -> str:
    """What a reader sees: blanks as one, a minus as a keyboard has it, and `none` for a dash."""
    letters: dict[str, str | int | None] = {"\N{NARROW NO-BREAK SPACE}": " ", words.MINUS: "-", words.DASH: "none"}
    return " ".join(re.sub(r"<[^>]+>", " ", html).translate(str.maketrans(letters)).split())


def test_numbers_are_written_for_people() -> None:
    """A minus is a minus, and what is not known is a dash."""
    shown = [plain(words.reading(value)) for value in (-18.5, 0.0, 3.14159, 102.25, 1021.4, 20500.0, math.nan)]
    assert shown == ["-18.5", "0", "3.14", "102.2", "1,021.4", "20,500", "none"]
    assert [plain(words.percent(value, sign=True)) for value in (0.148, -0.2, math.nan)] == ["+15 %", "-20 %", "none"]
    assert [plain(words.amount(value)) for value in (12.0, 2048.0, 4.12e6, math.nan)] == ["12 B", "2.05 kB", "4.12 MB", "none"]
    spans = (45 * SECOND, 90 * UNITS["min"], HOUR, DAY, 3 * DAY, -1)
    assert [plain(words.length(span)) for span in spans] == ["45 s", "90 min", "1 h", "24 h", "3 days", "0 s"]
    assert [plain(words.ago(NOW - age, NOW)) for age in (0, 60 * SECOND)] == ["just now", "1 min ago"]


def test_times_are_utc_and_readable_by_machines() -> None:
    """A moment of today has no day, one of this week has its name."""
    assert words.clock(NOW, NOW) == '<time datetime="2026-01-15T18:00:00Z">18:00</time>'
    assert plain(words.clock(NOW + DAY, NOW)) == "Fri 18:00"
    assert plain(words.clock(NOW - 40 * DAY, NOW)) == "06 Dec 2025"
    assert plain(words.day(NOW)) == "15 Jan 2026, 18:00"
    assert [words.model(name) for name in ("20260108T030000Z-gru-bbbbbbbb", "last <value>")] == [
        "GRU, 8 Jan 2026 03:00",
        "last &lt;value&gt;",
    ]


def test_the_list_shows_the_store_and_escapes_names(store: Path) -> None:
    """A name that is HTML is text; the address of a series holds no letter that means something else."""
    opened = page_store(store)
    snapshot = look(opened, NOW, by_readings=False)
    listed = ordered(snapshot.rows, "attention", snapshot.now, snapshot.interval)
    html = series_list(listed, look_at_sparks(opened, snapshot, [FREEZER]), snapshot, YARD)
    assert "<b>old</b>" not in html
    assert "&lt;b&gt;old&lt;/b&gt;" in html
    assert next(re.finditer(r'data-series="([^"]+)"', html))[1] == FREEZER  # the alert comes first
    assert plain(html).startswith("cellar. freezer alert -18.5 °C +50 %")
    assert f'<a href="{address(YARD)}" data-series="{YARD}" aria-current="page">' in html
    assert html.count("<svg") == 1
    assert address("a/b c?") == "/series/a%2Fb%20c%3F"
    assert "silent" in plain(html)
    assert "No series" in series_list([], {}, snapshot, "")
    assert "No reading" in series_list([], {}, Snapshot(NOW, NOW), "")


def test_a_long_name_keeps_both_ends() -> None:
    """The last 14 signs are never cut, so that neighbours differ; the whole name is in the title and for a screen reader."""
    assert lists.cut("yard") == "yard"
    assert lists.cut("cellar.freezer") == '<span class="head">cellar.</span><span class="tail">freezer</span>'
    assert lists.cut("floor-2.room-17.temperature") == (
        '<span class="cut" role="img" aria-label="floor-2.room-17.temperature" title="floor-2.room-17.temperature">'
        '<span><span class="head">floor-2.room-</span></span>'
        '<span><span class="head">17.</span><span class="tail">temperature</span></span></span>'
    )
    within = lists.cut("a.b<c_outlet_pressure")
    assert (
        '<span class="head">a.</span><span class="tail">b&lt;c_o</span></span><span><span class="tail">utlet_pressure' in within
    )


def test_names_stand_above_their_pictures_where_one_of_the_list_is_long(store: Path) -> None:
    """All rows of a list look alike; up to 16 signs fit beside the picture."""
    snapshot = look(page_store(store), NOW, by_readings=False)
    short, long = (Row("n" * signs, 1.0, NOW) for signs in (16, 17))
    assert series_list([short], {}, snapshot, "").startswith('<ul class="series"><li>')
    assert series_list([short, long], {}, snapshot, "").startswith('<ul class="series long"><li>')


def test_the_chart_holds_the_fan_as_bands_upon_each_other(store: Path) -> None:
    """The bands add up to the quantiles; the third number of a point is the quantile itself, for the tooltip."""
    opened = page_store(store)
    snapshot = look(opened, NOW, by_readings=False)
    drawn = options(look_at_series(opened, snapshot, FREEZER, 3 * HOUR), "°C")["series"]
    assert [line["name"] for line in drawn] == ["lowest", "band 0", "highest", "forecast", "fact", "unexpected"]
    assert drawn[5]["data"] == [[(NOW - 2 * HOUR) // 1_000_000, -20.0]]  # the row that only clears the alarm is none
    at = (NOW + HOUR) / 1e6
    assert [line["data"][1] for line in drawn[:3]] == [[at, -19.0, -19.0], [at, 2.5, -16.5], [at, 2.5, -14.0]]
    assert drawn[3]["data"][1] == [at, -16.5]
    (moment, value) = drawn[4]["data"][-1]
    assert value == -18.5
    assert moment == pytest.approx(NOW / 1e6, abs=3 * HOUR / POINTS / 1e6)  # the beginning of its step
    assert drawn[4]["markLine"]["data"] == [{"xAxis": NOW // 1_000_000}]


def test_a_value_that_is_not_known_cuts_the_line_and_long_bands_are_thinned() -> None:
    """JSON has no NaN, and a browser needs no thousand points."""
    time = np.arange(1000) * HOUR
    values = np.stack([np.arange(1000.0), np.arange(1000.0) + 1], axis=1)
    values[3, 0] = math.nan
    fan = Fan(time, (0.5, 0.9), values, time)
    lowest, _, median, _ = options(Detail("a", (0, NOW), time[:0], values[:0, 0], fan), "")["series"]
    assert median["data"][3] == [3 * HOUR / 1e6, None]
    assert (len(lowest["data"]), len(median["data"])) == (334, 1000)


def test_a_small_picture_without_numbers_is_empty(store: Path) -> None:
    """And one of a single value has a line in it."""
    opened = page_store(store)
    snapshot = look(opened, NOW, by_readings=False)
    sparks = look_at_sparks(opened, snapshot, [YARD, OLD])
    span = (NOW - 24 * HOUR, NOW + 24 * HOUR)
    assert "polyline" in spark(sparks[YARD].facts, sparks[YARD].fan, span)
    assert "polyline" not in spark(sparks[OLD].facts, sparks[OLD].fan, span)


def test_cards_say_what_the_store_says(store: Path) -> None:
    """The words of each card, as a reader sees them."""
    opened = page_store(store)
    snapshot = look(opened, NOW, by_readings=False)
    row, detail = snapshot.row(FREEZER), look_at_series(opened, snapshot, FREEZER, 3 * HOUR)
    assert row is not None
    assert plain(cards.headline(snapshot)).startswith("3 series are being forecast, 1 of them better than yesterday repeated")
    assert "1 alert is on and 1 series is silent." in plain(cards.headline(snapshot))
    assert "1 of 2" in plain(cards.fleet_figures(snapshot))
    assert "Readings 2.50 /s 1 of 1 agents up" in plain(cards.fleet_figures(snapshot))
    assert plain(cards.drops_card(snapshot.agents)).endswith("7 skipped: bad json 3")
    assert plain(cards.alerts_card(snapshot.alerts, NOW)) == "cellar. freezer too warm at 19:00 , probability 85 %"
    uncertain = [
        replace(alert, crossing=0) for alert in snapshot.alerts
    ]  # no median lies beyond the threshold, or it is so now
    assert plain(cards.alerts_card(uncertain, NOW)) == "cellar. freezer too warm probability 85 %"
    assert "released 14 Jan 2026, 12:00 released: 12.1 % below" in plain(cards.runs_card(snapshot.runs, snapshot.rows, NOW))
    agents = plain(cards.agents_card(snapshot.agents, NOW))
    assert "agent-1 up readings 2.50/s lag 0.250 s waiting 2.05 kB" in agents
    assert agents.endswith("silent 1 without the model 1,200 forecasts")
    assert "without the model" not in cards.agents_card([replace(snapshot.agents[0], by_baseline=math.nan)], NOW)
    figures = plain(cards.series_figures(row, detail, snapshot))
    assert "Now -18.5 °C 18:00 Highest ahead -16.5 °C at 19:00 Lowest ahead -18.0 °C at 18:00 Error 2.00 °C" in figures
    assert "Gain +50 % last 24 h Coverage 75.0 % should be 80 %" in figures
    assert "19:00 -19.0 -16.5 -14.0" in plain(cards.ahead_table(detail, "°C", snapshot))
    assert "1 h 1.50 4.00 100 % 2 h 2.50 4.00 50 %" in plain(cards.leads_card(detail.leads, HOUR, "°C"))
    assert "now -18.5 °C. The forecast is highest in 1" in plain(cards.described(row, detail, snapshot))


def test_a_gain_far_below_zero_is_told_in_words(store: Path) -> None:
    """Beside an error of nearly 0 a percentage says nothing; beside 0 there is none. The same in list, figure and title."""
    opened = page_store(store)
    snapshot = look(opened, NOW, by_readings=False)
    detail = look_at_series(opened, snapshot, FREEZER, 3 * HOUR)
    rows = [Row("a", 1.0, NOW, error=0.01, naive=naive) for naive in (0.00001, 0.0, 0.005)]
    assert [row.gain for row in rows] == [pytest.approx(-999), -math.inf, -1.0]
    shown = [plain(lists.gain(row)) for row in rows]
    assert shown == ["far worse", "far worse", "-100 %"]
    told = "yesterday repeated is far better here: error 0.0100 beside 0.0000100"
    assert f'title="{told}"' in lists.gain(rows[0])
    assert 'title="yesterday repeated is exact here: error 0.0100 beside 0"' in lists.gain(rows[1])
    assert f"Gain far worse {told} Coverage" in plain(cards.series_figures(rows[0], detail, snapshot))
    fleet = replace(snapshot, rows=tuple(rows[:2]))
    assert "Ahead of yesterday 0 of 2 series Gain far worse median" in plain(cards.fleet_figures(fleet))
    still = lists.gain(Row("a", 1.0, NOW, error=0.0, naive=0.0))
    assert (plain(still), 'title="both errors are 0"' in still) == ("none", True)


def test_an_empty_store_says_what_to_do() -> None:
    """No reading, no agent, no forecast."""
    nothing = Snapshot(NOW, NOW)
    assert plain(cards.headline(nothing)).startswith("Waiting for the first reading")
    assert "gatecast-agent run" in cards.headline(Snapshot(NOW, NOW, rows=(Row("a", 1.0, NOW),)))
    assert "Nothing was skipped" in cards.drops_card(())
    assert "No agent" in cards.agents_card((), NOW)
    assert "Not scored" in cards.leads_card((), HOUR, "")

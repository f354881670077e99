"""The page in a real Chromium: numbers on the page are numbers in the store, and it goes on when the store is away."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge.contract.columns import SeriesTable
from edge.contract.schema import READING
from edge.stores.sqlite import SqliteStore, sqlite_url
from tests.support.chromium import Tab, browser
from tests.support.page_program import page_of
from tests.support.page_store import FREEZER, NAMES, page_store, rows

CONFIG = """
[mqtt]
url = "mqtt://127.0.0.1"
[[ingest]]
topic = "sensors/{{name}}"
series = "{{name}}"
[store]
url = {url}
[agent]
clock = "event"
"""


@pytest.fixture
def page(tmp_path: Path) -> Iterator[str]:
    """The address of a page of the small store."""
    path = tmp_path / "home" / "gatecast.toml"
    path.parent.mkdir()
    page_store(tmp_path / "store.db", reported=time.time_ns()).close()
    path.write_text(CONFIG.format(url=json.dumps(sqlite_url(tmp_path / "store.db"))))
    with page_of(path) as address:
        yield address


@pytest.fixture
def tab() -> Iterator[Tab]:
    """A tab of a browser."""
    with browser() as opened:
        yield opened.size(1280, 900)


def names(tab: Tab) -> list[str]:
    """The series in the list, from the first to the last."""
    found = tab.value("[...document.querySelectorAll('ul.series a')].map(link => link.dataset.series)")
    return [str(name) for name in found]


def plain(text: str) -> str:
    """A text with plain blanks, and a minus as a keyboard has it."""
    return " ".join(text.replace("\N{NARROW NO-BREAK SPACE}", " ").replace("\N{MINUS SIGN}", "-").split())


def test_the_overview_shows_the_store(page: str, tab: Tab) -> None:
    """Headline, list, figures, agent, drops, alert and model; nothing is loaded from elsewhere, and no script fails."""
    tab.open(page).wait("document.querySelectorAll('ul.series a').length === 3 && !!document.querySelector('.fan svg path')")
    assert tab.value("document.title") == "home · Gatecast"
    assert "1 of them better than yesterday repeated" in tab.text("#main h1")
    assert names(tab) == [NAMES[0], NAMES[2], NAMES[1]]  # an alert, then silence
    assert plain(tab.text("[data-series='cellar.freezer'] .value")) == "-18.5 °C+50 %"
    assert plain(tab.text("[data-figure=ahead] dd")).startswith("1 of 2")
    assert "agent-1" in tab.text(".agents")
    assert plain(tab.text(".drops")).endswith("skipped: bad json3")
    assert plain(tab.text(".alerts")).startswith("cellar.freezertoo warmat 19:00, probability 85 %")
    assert "GRU, 8 Jan 2026 03:00" in tab.text(".versions")
    assert tab.faults == []
    assert [address for address in tab.requests if not address.startswith((page, "data:", "blob:"))] == []


def test_a_series_shows_its_numbers(page: str, tab: Tab) -> None:
    """The drawn line is that of the store, and the table below says the same for those who do not see it."""
    tab.open(f"{page}/series/{FREEZER}").wait("!!document.querySelector('.fan svg path')")
    shown = {name: plain(tab.text(f"[data-figure={name}] dd")) for name in ("now", "highest", "lowest", "error", "coverage")}
    assert shown["now"] == "-18.5 °C18:00"
    assert shown["highest"] == "-16.5 °Cat 19:00"
    assert shown["lowest"] == "-18.0 °Cat 18:00"
    assert shown["error"] == "2.00 °Cyesterday repeated: 4.00"
    assert shown["coverage"] == "75.0 %should be 80 %"
    assert plain(tab.text("[data-lead='2']")) == "2 h2.504.0050 %"
    assert "19:00-19.0-16.5-14.0" in plain(tab.text("details table")).replace(" ", "")
    assert "now -18.5 °C. The forecast is highest in" in plain(tab.value("document.querySelector('.fan').ariaLabel"))
    lines = tab.value(
        "Object.fromEntries(getElement(document.querySelector('.fan').id.slice(1)).chart.getOption().series"
        ".map(line => [line.name, line.data]))"
    )
    assert [value for _, value in lines["forecast"]] == [-18.0, -16.5, -17.0]
    assert [value for _, value in lines["fact"]] == [-20.0, -19.0, -18.5]
    assert [value for *_, value in lines["highest"]] == [-17.0, -14.0, -13.0]
    assert tab.value("document.querySelector('[aria-current=page]').dataset.series") == FREEZER


def test_search_sort_and_keys(page: str, tab: Tab) -> None:
    """A slash goes to the search, the list follows what is typed, and links are reached by keys."""
    tab.open(page).wait("document.querySelectorAll('ul.series a').length === 3")
    tab.wait("!!window.socket?.connected || !!document.querySelector('.fan svg')")
    tab.press("/")
    assert tab.value("document.activeElement.ariaLabel") == "Search series"
    for letter in "yard":
        tab.press(letter)
    tab.wait("document.querySelectorAll('ul.series a').length === 1")
    assert names(tab) == ["yard"]
    tab.value("const box = document.activeElement; box.value = ''; box.dispatchEvent(new Event('input')); box.blur()")
    tab.wait("document.querySelectorAll('ul.series a').length === 3")
    tab.value(
        "const sort = document.querySelector('.order select'); sort.value = 'name'; sort.dispatchEvent(new Event('change'))"
    )
    tab.wait("document.querySelector('ul.series a').dataset.series.startsWith('attic')")
    assert names(tab) == sorted(NAMES)
    tab.press("j")
    tab.press("j")
    assert tab.value("document.activeElement.dataset.series") == FREEZER
    tab.press("Enter")
    tab.wait("location.pathname === '/series/cellar.freezer' && !!document.querySelector('[data-figure=now]')")


def test_every_control_has_a_name_and_the_page_its_landmarks(page: str, tab: Tab) -> None:
    """As a screen reader needs them: one heading of the first rank, named regions, named controls, no wide page on a phone."""
    tab.size(390, 844, "dark").open(page).wait("!!document.querySelector('.fan svg path')")
    nameless = tab.value(
        "[...document.querySelectorAll('#app button, #app input, #app select')].filter(control => !control.ariaLabel"
        " && !control.textContent.trim()).length"
    )
    assert nameless == 0
    assert tab.value("document.querySelectorAll('#app h1').length") == 1
    assert tab.value("['header', 'nav.side', 'main'].every(tag => document.querySelectorAll(`#app .page ${tag}`).length === 1)")
    assert tab.value("document.querySelector('.status').getAttribute('role')") == "status"
    assert tab.value("document.documentElement.lang.slice(0, 2)") == "en"
    assert tab.value("document.documentElement.scrollWidth") == 390
    assert tab.value("getComputedStyle(document.body).backgroundColor") == "rgb(16, 20, 24)"
    tab.value("document.querySelector('button.theme').click()")
    assert tab.value("getComputedStyle(document.body).backgroundColor") == "rgb(246, 246, 243)"


def test_the_page_follows_the_store_and_survives_its_absence(page: str, tab: Tab, tmp_path: Path) -> None:
    """New readings appear by themselves; a store that breaks is told in one line, and the page goes on when it is back."""
    path = tmp_path / "store.db"
    tab.open(f"{page}/series/{FREEZER}").wait("!!document.querySelector('[data-figure=now]')")
    page_store(path, more=60).close()
    tab.wait("document.querySelector('[data-figure=now] dd').textContent.includes('11.0')")
    sound = path.read_bytes()
    for other in tmp_path.glob("store.db-*"):
        other.unlink()
    path.write_bytes(b"no database " * 1000)
    assert "store.db" in tab.wait("document.querySelector('.trouble')?.textContent")
    assert plain(tab.text("[data-figure=now] dd")).startswith("-11.0")  # what was known stays
    path.write_bytes(sound)
    tab.wait("!document.querySelector('.trouble')")


def test_on_a_phone_the_list_is_one_touch_away(page: str, tab: Tab) -> None:
    """A bar at the lower end leads to the list and back, by a click and by keyboard; a wide window has no need of it."""
    tab.size(390, 844).open(page).wait("document.querySelectorAll('ul.series a').length === 3")
    top = "Math.round(document.querySelector('#series').getBoundingClientRect().top)"
    end = "Math.round(document.querySelector('.jumps').getBoundingClientRect().bottom)"
    assert tab.value(end) == 844
    tab.wait(f"{top} > 844")  # the cards come first, and some of them later
    tab.value("document.querySelector('.jumps a[href=\"#series\"]').click()")
    tab.wait(f"{top} < 100 || {top} + document.querySelector('#series').offsetHeight < 850")
    assert tab.value("document.documentElement.scrollWidth") == 390
    assert tab.value("document.querySelector('.jumps').getAttribute('aria-label')") == "Parts of this page"
    tab.value("document.querySelector('.jumps a[href=\"#main\"]').focus()")
    tab.press("Enter")
    tab.wait(f"{top} > 844")
    tab.size(1280, 900).wait("getComputedStyle(document.querySelector('.jumps')).display === 'none'")


def test_long_names_are_told_apart_on_a_phone_and_on_a_desk(tmp_path: Path, tab: Tab) -> None:
    """The middle is left out, never the end; what was named in the configuration is the title."""
    path = tmp_path / "gatecast.toml"
    rooms = [f"building-A.floor-2.wing-north.corridor.room-{number}.temperature" for number in (17, 18)]
    with closing(SqliteStore(tmp_path / "store.db")) as store:
        store.write(store.encode([rows(READING, [0, 1], [0, 0], value=[1.0, 2.0])], SeriesTable(rooms)))
    config = CONFIG.format(url=json.dumps(sqlite_url(tmp_path / "store.db")))
    path.write_text(config.replace("[mqtt]", '[mqtt]\nclient_id = "mill-3"'))
    with page_of(path) as address:
        for width in (1280, 1000, 390):
            tab.size(width, 900).open(address).wait("document.querySelectorAll('ul.series a').length === 2")
            assert tab.value("document.title") == "mill-3 · Gatecast"
            shown = tab.value(
                "[...document.querySelectorAll('ul.series .cut')].map(name => [name.title, ...[...name.children].map("
                "end => [end.textContent, end.scrollWidth > end.clientWidth, end.getBoundingClientRect().right"
                " <= name.parentElement.getBoundingClientRect().right + 1])])"
            )
            assert [(name, end) for name, _, end in shown] == [
                (room, [f"{room[-14:-12]}.temperature", False, True]) for room in rooms
            ]
            assert [begin[1:] for _, begin, _ in shown] == [[True, True]] * 2
            assert tab.value("document.documentElement.scrollWidth") == width

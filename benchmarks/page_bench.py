"""How fast the page is with many series: a generated SQLite store of a day, the page's process, and a Chromium that looks.

python benchmarks/page_bench.py --series 10000
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from process_figures import cpu_seconds, memory

from edge.contract.columns import Float64, Int32, Int64, Points, SeriesTable
from edge.contract.schema import FORECAST, FORECAST_SCORE, READING
from edge.contract.times import UNITS
from edge.stores.sqlite import SqliteStore, sqlite_url
from edge.stores.store import encode_blocks
from tests.support.chromium import Tab, browser

ROOT = Path(__file__).parents[1]
HOUR = UNITS["h"]
LEADS = (1, 6, 12, 24)
CONFIG = '[mqtt]\nurl = "mqtt://127.0.0.1"\n[[ingest]]\ntopic = "a/{{b}}"\nseries = "{{b}}"\n[store]\nurl = {url}\n'
LISTED = "document.querySelectorAll('#app ul.series a').length"


def fill(path: Path, series: int) -> None:
    """Two days of hourly readings, a forecast of a day, and a day of scores of four leads.

    Args:
        path: path of the store.
        series: number of series.
    """
    table = SeriesTable([f"plant{n // 100:02d}.machine{n // 10 % 10}.sensor{n % 10}" for n in range(series)])
    store, order, random = SqliteStore(path), np.arange(series, dtype=np.int32), np.random.default_rng(1)
    now = time.time_ns() // HOUR * HOUR

    def put(points: Points) -> None:
        for block in encode_blocks(store, [points], table):
            store.write(block)

    for hour in range(-48, 1):
        wave = 20 + order % 7 + 8 * np.sin((hour + order) * np.pi / 12) + random.normal(0, 0.5, series)
        put(Points(READING, order, np.full(series, now + hour * HOUR), {"value": wave}))
    for lead in range(1, 25):
        middle, spread = 20 + order % 7 + 8 * np.sin((lead + order) * np.pi / 12), 0.5 + 0.1 * lead
        columns: dict[str, Float64 | Int64 | Int32 | str] = {"origin": np.full(series, now), "lead": np.full(series, lead)}
        columns |= {"q10": middle - spread, "q50": middle, "q90": middle + spread, "model": "last_value"}
        put(Points(FORECAST, order, np.full(series, now + (lead - 1) * HOUR), columns))
    for hour in range(-23, 1):
        for lead in LEADS:
            error = np.abs(random.normal(0, 0.4 + 0.05 * lead, series))
            scores = {"absolute_error": error, "baseline_absolute_error": error * 1.1 + 0.2, "covered": (error < 1) * 1.0}
            put(Points(FORECAST_SCORE, order, np.full(series, now + hour * HOUR), {**scores}, np.full(series, lead, np.int32)))
    store.close()


def looked(tab: Tab, address: str) -> dict[str, float]:
    """Seconds until a visitor sees something, the list, a searched series and a sorted list."""
    started = time.monotonic()
    tab.open(address).wait(f"{LISTED} > 1")
    listed = time.monotonic() - started
    paint = tab.value("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN")
    tab.wait("!!document.querySelector('.fan svg path')")
    drawn = time.monotonic() - started
    name = "plant07.machine3.sensor5"
    started = time.monotonic()
    tab.value(f"const box = document.querySelector('.search'); box.value = '{name}'; box.dispatchEvent(new Event('input'))")
    tab.wait(f"{LISTED} === 1")
    searched = time.monotonic() - started
    started = time.monotonic()
    tab.open(f"{address}/series/{name}").wait("!!document.querySelector('.fan svg path')")
    return {
        "first contentful paint": paint / 1000,
        "list": listed,
        "list and chart": drawn,
        "search": searched,
        "one series": time.monotonic() - started,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--store", type=Path, help="path of a store that this program has filled; default: a new one")
    parser.add_argument("--starts", type=int, default=3, help="how often the page is started; default: 3")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gatecast-page-") as folder, browser() as tab:
        path = options.store or Path(folder) / "store.db"
        if not path.exists():
            fill(path, options.series)
        config = Path(folder) / "gatecast.toml"
        config.write_text(CONFIG.format(url=json.dumps(sqlite_url(path.resolve()))))
        command = [sys.executable, "-m", "flows.cli", "page", "--config", str(config), "--port", "0"]
        tab.size(1280, 900)
        figures: dict[str, list[float]] = {}
        for _ in range(options.starts):
            started = time.monotonic()
            with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as page:
                told = "" if page.stdout is None else page.stdout.readline()
                address = told.split(": ", 1)[1].split(",")[0]
                figures.setdefault("start of the program to its address", []).append(time.monotonic() - started)
                for turn in ("first visit", "second visit"):
                    for name, seconds in looked(tab, address).items():
                        figures.setdefault(f"{turn}: {name}", []).append(seconds)
                before, moment = cpu_seconds(page.pid), time.monotonic()
                tab.value("new Promise(done => setTimeout(done, 20000))")
                share = (cpu_seconds(page.pid) - before) / (time.monotonic() - moment)
                figures.setdefault("one viewer: share of a core", []).append(share)
                figures.setdefault("one viewer: resident memory, MB", []).append(memory(page.pid) / 1e6)
                page.terminate()
        print(f"{options.series:,} series, {path.stat().st_size / 1e6:.0f} MB; {options.starts} starts: median, and each (s)")
        for name, values in figures.items():
            print(f"{name}: {statistics.median(values):.3g} ({', '.join(f'{value:.3g}' for value in values)})")


if __name__ == "__main__":
    main()

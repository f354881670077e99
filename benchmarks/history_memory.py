"""How much memory and time a long history takes on its way from the store to a trained and converted network.

    python benchmarks/history_memory.py

reads one reading a minute of 2,000 series from a store that makes its pages as they are asked for, for several lengths of
history, and one real SQLite file; each in a process of its own. Printed are the peak (`VmHWM`) above what the imports take,
the same without the pages of mapped files, which the system takes back whenever it wants them, readings per second, and
with `--train` the whole memory of the training process, without pages of mapped files, and of the one that judges its
networks on the validation part.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self, get_args

import msgspec
import numpy as np

from edge.config.training_sections import Fleet
from edge.contract.columns import Float64, Int64, Points, Readings, SeriesTable
from edge.contract.times import SECOND
from edge.forecaster.manifest import Precision
from edge.stores.sqlite import SqliteStore
from edge.stores.store import encode_blocks
from pipeline.history.cells import Workspace
from pipeline.history.from_store import read_history
from pipeline.history.prepared import prepare_history
from pipeline.release.candidates import Plan, make_candidate
from pipeline.training.architecture import Architecture
from pipeline.training.settings import Settings

SERIES = 2_000
MINUTE = 60 * SECOND
START = 1_767_225_600 * SECOND  # 2026-01-01
MOMENTS = 25  # in a page
NAMES = [f"device{number:04}.temperature" for number in range(SERIES)]
LENGTHS = (20_000, 80_000)  # minutes
IN_SQLITE = 3_300  # minutes


def value_of(minute: Int64) -> Float64:
    """Readings of all series in these minutes, one minute after the other: a day's wave at a level of its own."""
    place = np.arange(SERIES)
    values: Float64 = np.round(20 + place % 50 + 5 * np.sin(minute[:, None] * np.pi / 720 + place), 3).reshape(-1)
    return values


def page(first: int, last: int) -> Points:
    """The readings of some minutes."""
    minute = np.arange(first, last)
    owners = np.tile(np.arange(SERIES, dtype=np.int32), len(minute))
    return Points.of_readings(Readings(owners, np.repeat(START + minute * MINUTE, SERIES), value_of(minute)))


class MadeUp:
    """As much of a store as the extraction asks for, of any length and without a file."""

    def __init__(self, minutes: int) -> None:
        self._minutes = minutes

    def span(self) -> tuple[int, int]:
        """As `Store.span`."""
        return START, START + (self._minutes - 1) * MINUTE

    def read(self, _measurement: str, _fields: Sequence[str], _start: int, _stop: int, series: SeriesTable) -> Iterator[Points]:
        """As `Store.read`."""
        for name in NAMES:
            series.add(name)
        for first in range(0, self._minutes, MOMENTS):
            yield page(first, min(first + MOMENTS, self._minutes))

    def close(self) -> None:
        """As `Store.close`."""


def write_sqlite(path: Path, minutes: int) -> None:
    """The same history in a real file."""
    store, table = SqliteStore(path), SeriesTable(NAMES)
    for first in range(0, minutes, MOMENTS):
        for block in encode_blocks(store, [page(first, min(first + MOMENTS, minutes))], table):
            store.write(block)
    store.close()


def megabytes(name: str, process: str = "self") -> float:
    """A line of /proc/PID/status; 0 where the process has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) / 1000 for line in status.splitlines() if line.startswith(name)), 0.0)


def children() -> list[str]:
    """Processes that this one started and that still run."""
    return [pid for path in Path("/proc/self/task").glob("*/children") for pid in path.read_text(encoding="ascii").split()]


class Watch:
    """The largest anonymous memory while a block runs, of this process and of its children, looked at all the time."""

    def __enter__(self) -> Self:
        self.most = self.child = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def _look(self) -> None:
        while not self._ended.wait(0.01):
            self.most = max(self.most, megabytes("RssAnon"))
            self.child = max(self.child, *(megabytes("RssAnon", pid) for pid in children()), 0.0)

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def measure(minutes: int, sqlite: Path | None, folder: Path, train: bool) -> dict[str, float]:
    """Figures of one run, in this process."""
    store: Any = MadeUp(minutes) if sqlite is None else SqliteStore(sqlite)
    imports, anonymous = megabytes("VmRSS"), megabytes("RssAnon")
    started = time.perf_counter()
    with Watch() as watch:
        history = read_history(store, Fleet(interval="1min", window=120, horizon=60), Workspace(folder))
        read = time.perf_counter() - started
        prepared = prepare_history(history)
    seconds = time.perf_counter() - started
    store.close()
    peak, anonymous_peak = megabytes("VmHWM") - imports, watch.most - anonymous
    with Watch() as training:
        if train:
            settings = Settings(budget=60)
            make_candidate(prepared, Architecture(), settings, folder / "train", plan=Plan(get_args(Precision)))
    return {
        "readings": sum(one.readings for one in prepared.report.series),
        "table": prepared.table.values.nbytes / 1e6,
        "imports": imports,
        "peak": peak,
        "anonymous": anonymous_peak,
        "training": training.child,
        "judging": training.most if train else 0.0,
        "read": read,
        "seconds": seconds,
    }


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, nargs="*", default=LENGTHS, help="lengths of the history that is made up")
    parser.add_argument("--sqlite-minutes", type=int, default=IN_SQLITE, help="length in the SQLite file; 0: none")
    parser.add_argument("--train", action="store_true", help="also train, convert and judge a GRU")
    parser.add_argument("--one", nargs=3, metavar=("MINUTES", "SQLITE", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        minutes, sqlite, folder = options.one
        print(
            msgspec.json.encode(measure(int(minutes), Path(sqlite) if sqlite else None, Path(folder), options.train)).decode()
        )
        return
    print(f"{SERIES:,} series, a reading a minute; MB")
    print(
        f"{'store':<10}{'readings':>14}{'table':>9}{'peak':>9}{'anonymous':>11}{'imports':>9}{'seconds':>9}{'readings/s':>13}"
        f"{'training':>10}{'judging':>9}"
    )
    with tempfile.TemporaryDirectory(prefix="gatecast-") as name:
        path = Path(name) / "store.db"
        runs = [("made up", minutes, "") for minutes in options.minutes]
        if options.sqlite_minutes:
            write_sqlite(path, options.sqlite_minutes)
            runs.append(("sqlite", options.sqlite_minutes, str(path)))
        for kind, minutes, sqlite in runs:
            with tempfile.TemporaryDirectory(prefix="gatecast-") as folder:
                command = [sys.executable, __file__, "--one", str(minutes), sqlite, folder, *["--train"][: options.train]]
                done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            one = msgspec.json.decode(done.stdout, type=dict[str, float])
            print(
                f"{kind:<10}{one['readings']:>14,.0f}{one['table']:>9.0f}{one['peak']:>9.0f}{one['anonymous']:>11.0f}"
                f"{one['imports']:>9.0f}{one['seconds']:>9.1f}{one['readings'] / one['seconds']:>13,.0f}"
                f"{one['training']:>10.0f}{one['judging']:>9.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()

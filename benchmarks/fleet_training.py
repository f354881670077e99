"""What `gatecast retrain` takes for a fleet of thousands of series: seconds, and the largest memory of each process.

    python benchmarks/fleet_training.py --series 10000 --weeks 4 --cells gru

writes hourly readings of as many series into an SQLite store, each a daily wave with a drifting level of its own, and runs
the command. Memory is anonymous memory and mapped files together (`VmHWM`) of the process that reads and judges, and of the
largest of those that it starts (Prefect's server among them).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from edge.contract.columns import Points, Readings, SeriesTable
from edge.contract.times import SECOND
from edge.stores.sqlite import SqliteStore
from edge.stores.store import encode_blocks

HOUR = 3600 * SECOND
START = 1_700_000_000 * SECOND // HOUR * HOUR
WEEK = 168  # hours
LOOK = 0.2  # seconds between two looks at the memory
CONFIGURATION = """\
[store]
url = "sqlite:///{folder}/store.db"
[fleet]
interval = "1h"
[train]
cells = [{cells}]
workers = {workers}
[registry]
path = "{folder}/registry"
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a run took.

    Args:
        series: number of series.
        hours: length of the history.
        cells: cells that candidates were trained of.
        written: seconds to write the history into the store.
        store: size of the store, bytes.
        seconds: time of the whole command.
        reading: largest memory of the process that reads and judges, MB.
        training: largest memory of any process that it started, MB.
        load: load of the machine over the last minute, at the end.
        said: last line of the command.
    """

    series: int
    hours: int
    cells: tuple[str, ...]
    written: float
    store: int
    seconds: float
    reading: float
    training: float
    load: float
    said: str


def waves(series: int, hours: int) -> Iterator[tuple[int, "np.typing.NDArray[np.float64]"]]:
    """The readings of a day after another, float64 `[hours of the day, series]`, with the number of its first hour."""
    random, place = np.random.default_rng(7), np.arange(series)
    level, size = 10 + place % 50, 1 + place % 7
    drift = np.zeros(series)
    for first in range(0, hours, 24):
        hour = np.arange(first, min(first + 24, hours))
        steps = drift + np.cumsum(random.normal(0, 0.08, (len(hour), series)), axis=0)
        drift = steps[-1]
        day = np.sin(2 * np.pi * hour[:, None] / 24 + place)
        yield first, np.round(level + size * (day + steps + random.normal(0, 0.05, steps.shape)), 3)


def write_store(path: Path, series: int, hours: int) -> None:
    """An SQLite store with these readings."""
    store, names = (
        SqliteStore(path),
        SeriesTable([f"site{number // 100:03}.sensor{number % 100:02}" for number in range(series)]),
    )
    owners = np.arange(series, dtype=np.int32)
    for first, values in waves(series, hours):
        times = np.repeat(START + HOUR * np.arange(first, first + len(values)), series)
        page = Points.of_readings(Readings(np.tile(owners, len(values)), times, values.ravel()))
        for block in encode_blocks(store, [page], names):
            store.write(block)
    store.close()


def peak(pid: int) -> float:
    """Largest memory that a process has had, MB; 0 where it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) / 1000 for line in status.splitlines() if line.startswith("VmHWM")), 0.0)


def descendants(pid: int) -> Iterator[int]:
    """Processes that a process has started, and those that these have started."""
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            started = path.read_text(encoding="ascii").split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        for child in map(int, started):
            yield child
            yield from descendants(child)


def watched(command: list[str]) -> tuple[float, float, float, str]:
    """Seconds of a command, the largest memory of the process that works, that of the others, and the command's last line.

    Raises:
        RuntimeError: the command fails.
    """
    started, reading, training = time.perf_counter(), 0.0, 0.0
    with tempfile.TemporaryFile("w+") as output, subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT) as process:
        while process.poll() is None:
            time.sleep(LOOK)
            peaks = [peak(pid) for pid in descendants(process.pid)]
            # The first is the process that does the command's work; the command itself only waits.
            reading, training = max([reading, *peaks[:1]]), max([training, *peaks[1:]])
        seconds = time.perf_counter() - started
        output.seek(0)
        lines = output.read().strip().splitlines()
    if process.returncode:
        raise RuntimeError("\n".join(lines[-5:]))
    return seconds, reading, training, lines[-1]


def measure(series: int, weeks: int, cells: Sequence[str], workers: int) -> Taken:
    """One run on a store of its own."""
    with tempfile.TemporaryDirectory(prefix="gatecast-") as name:
        folder, hours = Path(name), weeks * WEEK
        started = time.perf_counter()
        write_store(folder / "store.db", series, hours)
        written = time.perf_counter() - started
        config = folder / "gatecast.toml"
        named = ", ".join(f'"{cell}"' for cell in cells)
        config.write_text(CONFIGURATION.format(folder=folder, cells=named, workers=workers), encoding="utf-8")
        command = [sys.executable, "-m", "flows.cli", "retrain", "--config", str(config)]
        seconds, reading, training, said = watched(command)
        size = (folder / "store.db").stat().st_size
    return Taken(series, hours, tuple(cells), written, size, seconds, reading, training, os.getloadavg()[0], said)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--weeks", type=int, default=4)
    parser.add_argument("--cells", nargs="+", default=["gru"])
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = []
    for series in options.series:
        rows.append(measure(series, options.weeks, options.cells, options.workers))
        row = rows[-1]
        print(
            f"{row.series} series x {row.hours} h, {' '.join(row.cells)}: {row.seconds:.0f} s, "
            f"{row.reading:.0f} MB reading and judging, {row.training:.0f} MB in the largest other process; "
            f"store {row.store / 1e6:.0f} MB written in {row.written:.0f} s; load {row.load:.1f}; {row.said}",
            flush=True,
        )
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

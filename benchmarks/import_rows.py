"""How fast `gatecast import` brings a long file into a store, and how much memory that takes.

    python benchmarks/import_rows.py --store sqlite --shape long
    python benchmarks/import_rows.py --store influx --shape wide --kill

makes a file of 10 million readings (1,000 series, one every ten minutes), imports it in a process of its own and prints rows
per second and the peak of its memory (`VmHWM`). With `--kill` an earlier import is ended by `kill -9` in the middle. A last
import of the same file must change nothing: count and sum of the values in the store are compared.
"""

import argparse
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import polars as pl

from tests.support.servers import Influx

SERIES, STEPS = 1_000, 10_000
START = 1_750_000_000  # 2025-06-15
STEP = 600  # seconds
CONFIGURATION = '[store]\nurl = "{url}"\n[registry]\npath = "{folder}/registry"\n'


def make_file(folder: Path, shape: str, steps: int) -> Path:
    """A file of readings, row by row in order of time."""
    path = folder / f"{shape}.{'parquet' if shape == 'parquet' else 'csv'}"
    names = [f"hall{number // 50:02}.sensor{number:04}" for number in range(SERIES)]
    with path.open("wb") as file:
        if shape == "wide":
            file.write((",".join(["time", *names]) + "\n").encode())
        else:
            file.write(b"series,time,value\n")
        for first in range(0, steps, 100):
            step = np.arange(first, min(first + 100, steps))
            time_text = np.datetime_as_string((START + STEP * step).astype("datetime64[s]"), timezone="UTC")
            values = np.round(20 + 5 * np.sin(step[:, None] / 23 + np.arange(SERIES)), 3)
            if shape == "wide":
                frame = pl.DataFrame({"time": time_text, **{name: values[:, number] for number, name in enumerate(names)}})
            else:
                columns = {
                    "series": np.tile(names, len(step)),
                    "time": np.repeat(time_text, SERIES),
                    "value": values.reshape(-1),
                }
                frame = pl.DataFrame(columns)
            frame.write_csv(file, include_header=False)
    if shape == "parquet":
        text = path.rename(path.with_suffix(".csv"))
        pl.scan_csv(text, try_parse_dates=True).sink_parquet(path)
    return path


@contextmanager
def store_of(kind: str, folder: Path) -> Iterator[str]:
    """URL of an empty store that runs as long as the block."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'store.db'}"
        return
    server = Influx(folder)
    server.start()
    server.create("import")
    try:
        yield server.store_url("import")
    finally:
        server.stop()


def content(url: str) -> tuple[int, float]:
    """Number of readings in the store, and the sum of their values."""
    if url.startswith("sqlite"):
        if not Path(url.removeprefix("sqlite:///")).exists():
            return 0, 0.0
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            rows, values = connection.execute("SELECT count(*), sum(value) FROM reading").fetchone()
        return int(rows), round(float(values or 0), 3)
    question = urllib.parse.urlencode({"db": "import", "q": "SELECT count(value), sum(value) FROM reading"})
    with urllib.request.urlopen(f"http://{url.split('/')[2]}/query?{question}", timeout=600) as answer:
        series = json.load(answer)["results"][0].get("series", [])
    return (int(series[0]["values"][0][1]), round(series[0]["values"][0][2], 3)) if series else (0, 0.0)


def run_import(path: Path, configuration: Path, kill_after: float | None = None) -> tuple[float, float]:
    """Import in a process of its own.

    Args:
        path: file of readings.
        configuration: configuration that names the store.
        kill_after: seconds after which it is killed; None: it ends by itself.

    Returns:
        Seconds, and the largest memory of any of its processes in MB.
    """
    begin, peak = time.monotonic(), 0.0
    command = [sys.executable, "-m", "flows.cli", "import", str(path), "--config", str(configuration), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True, text=True)
    while process.poll() is None:
        peak = max(peak, memory_of(process.pid))
        if kill_after is not None and time.monotonic() - begin > kill_after:
            process.kill()
            process.wait()
        time.sleep(0.2)
    said = process.stdout.read() if process.stdout else ""
    if kill_after is None:
        if process.returncode:
            raise SystemExit(f"import failed with {process.returncode}")
        print("   ", {key: json.loads(said)[key] for key in ("readings", "rows", "repeated")}, flush=True)
    return time.monotonic() - begin, peak


def memory_of(process: int) -> float:
    """The largest peak of memory of a process and those that it started, in MB."""
    parents: dict[int, int] = {}
    peaks: dict[int, float] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "status").read_text()
            parents[int(folder.name)] = int(text.split("PPid:")[1].split()[0])
            peaks[int(folder.name)] = int(text.split("VmHWM:")[1].split()[0]) / 1024
        except (OSError, IndexError):
            continue  # it has ended, or is a part of the kernel
    family = {process}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return max(peaks.get(member, 0.0) for member in family)


def main() -> None:
    """Make the file, import it, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=["sqlite", "influx"], default="sqlite")
    parser.add_argument("--shape", choices=["long", "wide", "parquet"], default="long")
    parser.add_argument("--steps", type=int, default=STEPS, metavar="N", help="readings of each of the 1,000 series")
    parser.add_argument("--kill", type=float, metavar="SECONDS", help="kill a first import after so many seconds")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, store_of(options.store, Path(name)) as url:
        folder, rows = Path(name), SERIES * options.steps
        path, configuration = make_file(folder, options.shape, options.steps), folder / "gatecast.toml"
        configuration.write_text(CONFIGURATION.format(url=url, folder=folder))
        print(f"{options.shape} into {options.store}: {rows:,} rows, {path.stat().st_size / 2**20:.0f} MiB", flush=True)
        if options.kill:
            run_import(path, configuration, options.kill)
            print(f"  killed after {options.kill:.0f} s with {content(url)[0]:,} readings in the store", flush=True)
        contents = []
        for title in ("import", "again"):
            seconds, peak = run_import(path, configuration)
            contents.append(content(url))
            print(
                f"  {title}: {seconds:.0f} s, {rows / seconds:,.0f} rows/s, peak {peak:.0f} MB, content {contents[-1]}",
                flush=True,
            )
        print("  the same content" if contents[0] == contents[1] and contents[0][0] == rows else "  DIFFERENT")


if __name__ == "__main__":
    main()

"""How long many fleets take on a Dask cluster of two workers, beside one after another; both are measured in one run.

    python benchmarks/fleets_on_dask.py --fleets 8

makes as many fleets, each of two series of hourly readings, and a Prefect server that all runs report to. Then it runs
`gatecast retrain` once for each with the runner `threads`, and once for all of them with `dask`. The default candidates are
trained. Two shares are told: beside one command after another that trains one candidate at a time, as a cluster of one worker
does, and beside one after another that trains two at a time, the default, which uses two cores as well.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fleet_training import CONFIGURATION, WEEK, write_store

from tests.support.prefect_server import PrefectServer

CELLS = '"gru", "lstm", "simplernn"'


def configure(folder: Path, runner: str, workers: int) -> None:
    """Write the fleet's configuration with a registry that is empty."""
    text = CONFIGURATION.format(folder=folder, cells=CELLS, workers=workers)
    text = text.replace("[train]", f'[train]\nrunner = "{runner}"').replace('/registry"', f'/registry-{runner}-{workers}"')
    (folder / "gatecast.toml").write_text(text, encoding="utf-8")


def one_after_another(folders: list[Path], workers: int, environment: dict[str, str]) -> list[float]:
    """Times of the commands, each with as many candidates at a time."""
    for folder in folders:
        configure(folder, "threads", workers)
    return [seconds_of(["--config", str(folder / "gatecast.toml")], environment) for folder in folders]


def seconds_of(arguments: list[str], environment: dict[str, str]) -> float:
    """Time of a command.

    Raises:
        RuntimeError: it fails.
    """
    started = time.perf_counter()
    command = [sys.executable, "-m", "flows.cli", "retrain", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fleets", type=int, default=8)
    parser.add_argument("--weeks", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gatecast-") as name, PrefectServer(Path(name) / "prefect") as server:
        environment = os.environ | server.environment
        folders = [Path(name) / "fleets" / f"fleet{number}" for number in range(options.fleets)]
        for folder in folders:
            folder.mkdir(parents=True)
            write_store(folder / "store.db", 2, options.weeks * WEEK)
        before = os.getloadavg()[0]
        single, double = (one_after_another(folders, workers, environment) for workers in (1, 2))
        between = os.getloadavg()[0]
        for folder in folders:
            configure(folder, "dask", 2)
        together = seconds_of([str(Path(name) / "fleets")], environment)
    result = {
        "fleets": options.fleets,
        "one after another, one at a time, s": round(sum(single), 1),
        "each, s": [round(seconds, 1) for seconds in single],
        "one after another, two at a time, s": round(sum(double), 1),
        "each of these, s": [round(seconds, 1) for seconds in double],
        "on a two-worker cluster, s": round(together, 1),
        "share of one at a time": round(together / sum(single), 3),
        "share of two at a time": round(together / sum(double), 3),
        "load before, between and after": [round(load, 1) for load in (before, between, os.getloadavg()[0])],
    }
    if options.json:
        print(json.dumps(result, indent=1))
        return
    for title, value in result.items():
        print(f"{title:36} {value}")


if __name__ == "__main__":
    main()

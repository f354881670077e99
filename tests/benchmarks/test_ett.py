"""The benchmark's protocol: parts, units and every window, on a set small enough to know the answer."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "ett.py"
KEYS = {
    "set", "horizon", "method", "cell", "design", "seed", "mse", "mae", "weighted_quantile_loss", "coverage_80", "bytes",
    "parameters", "train_seconds", "runtime", "precision",
}  # fmt: skip


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The script with these arguments."""
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty days of hours: a daily sine, and a line whose last value is off by as many hours as the lead."""
    folder = tmp_path_factory.mktemp("sets")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    lines = ["date,sine,line"]
    lines += [
        f"{start + timedelta(hours=hour):%Y-%m-%d %H:%M:%S},{np.sin(hour * np.pi / 12)},{hour}" for hour in range(60 * 24)
    ]
    (folder / "Days.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_errors_are_in_units_of_the_training_spread(folder: Path) -> None:
    """A day ago is right for the sine and 24 hours behind on the line; ridge learns both."""
    found = run(
        "--data", str(folder), "--sets", "Days", "--horizons", "6", "--cells", "--split", "0.6", "0.2", "0.2",
        "--methods", "baselines", "ridge", "--json", str(folder / "rows.json"),
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    rows = {row["method"]: row for row in json.loads((folder / "rows.json").read_text())}
    assert all(row.keys() >= KEYS for row in rows.values())
    spread = np.arange(0.6 * 60 * 24).std()
    assert rows["seasonal_naive_day"]["mae"] == pytest.approx(12 / spread, rel=1e-3)
    assert rows["seasonal_naive_day"]["mse"] == pytest.approx(24**2 / spread**2 / 2, rel=1e-3)
    assert rows["ridge"]["mae"] < 0.2 * rows["seasonal_naive_day"]["mae"]
    assert "| Days | 6 | ridge | - |" in found.stdout


def test_a_missing_set_is_one_line(folder: Path) -> None:
    """It says what is missing and where it comes from."""
    found = run("--data", str(folder), "--sets", "ETTm1")
    assert found.returncode == 1
    assert found.stderr.count("\n") == 1
    assert "has no ETTm1.csv" in found.stderr

"""The chaos benchmark: a short form of it, and that its comparison finds what it is there to find."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from chaos import Plan
from chaos_readings import Readings, Verdict, check

from tests.support.servers import requires

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "chaos.py"
SERIES, COUNT = 4, 40


def run(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The script with these arguments; what it keeps lies in the folder."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **({"TMPDIR": str(folder)} if folder else {})}
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], check=False, capture_output=True, text=True, env=environment
    )


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with every reading; the last of the series has the times of arrival."""
    path = tmp_path / "store.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE series (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)")
        connection.execute("CREATE TABLE reading (series, time, value, PRIMARY KEY (series, time)) WITHOUT ROWID")
        connection.executemany("INSERT INTO series VALUES (?, ?)", [(owner + 1, f"d{owner}.value") for owner in range(SERIES)])
        for number in range(COUNT):
            owner, step = number % SERIES, number // SERIES
            moment = (1_699_999_200 + step) * 10**9 + (owner == SERIES - 1) * (12_345 + step)
            connection.execute("INSERT INTO reading VALUES (?, ?, ?)", (owner + 1, moment, float(number)))
    connection.close()
    return path


@pytest.mark.parametrize(
    ("change", "lost", "doubled", "wrong"),
    [
        ("UPDATE series SET name = name", 0, 0, 0),
        ("DELETE FROM reading WHERE value IN (5, 6, 7)", 3, 0, 0),
        ("UPDATE reading SET value = 9 WHERE value = 5", 0, 0, 1),
        ("UPDATE reading SET value = NULL WHERE value = 5", 0, 0, 1),
        ("UPDATE reading SET time = time + 1 WHERE value = 5", 1, 1, 0),
        ("INSERT INTO reading SELECT series, time + 1, value FROM reading WHERE value = 5", 0, 1, 0),
        ("INSERT INTO reading SELECT series, 2 * time, 77 FROM reading WHERE value = 5", 0, 1, 0),
        ("INSERT INTO reading SELECT series, time + 1, value FROM reading WHERE value = 7", 0, 1, 0),
        ("UPDATE reading SET value = 6 WHERE value = 7", 1, 0, 1),
    ],
)
def test_a_row_that_is_lost_doubled_or_wrong_is_found(store: Path, change: str, lost: int, doubled: int, wrong: int) -> None:
    """Of series with a time of their own, and of the one without."""
    with sqlite3.connect(store) as connection:
        connection.execute(change)
    connection.close()
    assert check(f"sqlite:///{store}", Readings(COUNT, SERIES, 1)) == Verdict(lost, doubled, wrong)


def test_a_store_that_is_not_exact_is_exit_code_1(store: Path) -> None:
    """With the figures in one line."""
    found = run("--check", f"sqlite:///{store}", "--readings", str(COUNT + 2), "--series", str(SERIES), "--plain", "0.25",
                "--broker-kills", "0")  # fmt: skip
    assert (found.returncode, found.stdout) == (1, "lost 2, doubled 0, wrong 0\n"), found.stderr


def test_moments_of_death_come_from_the_seed_and_the_count() -> None:
    """The same seed gives the same ones; the store never dies while it is dead, and is back before the end."""
    plan = Plan(agent=61, broker=11, store=7, bundles=0, seed=1)
    moments = plan.moments(1_300_000)
    assert moments == plan.moments(1_300_000) != replace(plan, seed=2).moments(1_300_000)
    assert Counter(name for _, name in moments) == {"agent": 61, "broker": 11, "store": 7, "store back": 7}
    assert [name for _, name in moments if name.startswith("store")] == ["store", "store back"] * 7
    assert moments == sorted(moments)
    assert moments[-1][0] < 1_300_000


@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "options", "kills"),
    [
        ("influxdb", (), (3, 1, 1)),
        ("sqlite", ("--bundles", "2"), (3, 1, 1)),
        ("sqlite", ("--plain", "0.5", "--agent-kills", "2", "--broker-kills", "0", "--store-kills", "0"), (2, 0, 0)),
    ],
    ids=["influxdb", "sqlite and new bundles", "without a time"],
)
def test_nothing_is_lost_doubled_or_wrong_whatever_dies(
    kind: str, options: tuple[str, ...], kills: tuple[int, int, int], tmp_path: Path
) -> None:
    """5,000 readings, and deaths of agent, broker and store; nothing is left behind."""
    requires("mosquitto")
    requires("influxd")
    requires("nginx")
    table = tmp_path / "table.json"
    found = run(
        "--readings", "5000", "--series", "20", "--agent-kills", "3", "--broker-kills", "1", "--store-kills", "1",
        "--store", kind, "--json", str(table), *options, folder=tmp_path,
    )  # fmt: skip
    assert found.returncode == 0, found.stdout + found.stderr
    row = json.loads(table.read_text())[0]
    assert (row["acknowledged"], row["lost"], row["doubled"], row["wrong"]) == (5000, 0, 0, 0)
    assert tuple(row[f"{name} kills"] for name in ("agent", "broker", "store")) == kills
    assert list(tmp_path.iterdir()) == [table]


@pytest.mark.servers
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing(how: signal.Signals, tmp_path: Path) -> None:
    """Its servers and its folder are gone when it has ended."""
    requires("mosquitto")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    command = [sys.executable, str(SCRIPT), "--store", "sqlite", "--readings", "1000000", "--store-kills", "200"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert "store 1" in process.stdout.readline()
        process.send_signal(how)
        process.stdout.read()
        assert process.wait() == 128 + how
    assert list(tmp_path.iterdir()) == []

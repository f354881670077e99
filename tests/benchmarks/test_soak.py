"""The soak benchmark: a short form of it, and that its comparison finds what it is there to find."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from chaos_readings import Verdict
from soak import Look, Stream, compare, faults

from edge.contract.columns import Float64, Int64, Points, Readings, SeriesTable
from edge.stores.store import encode_blocks, open_store
from tests.support.servers import requires

ROOT = Path(__file__).parents[2]
STREAM = Stream(days=2, series=4, seed=1)
LOOK = Look(day=1, resident=60.0, peak=70.0, spool=6.0, descriptors=18, threads=7, written=40.0)


def written(path: Path, numbers: Int64, values: Float64) -> str:
    """URL of a store with these readings of the stream."""
    url = f"sqlite:///{path}"
    table = SeriesTable([f"d{owner}.value" for owner in range(STREAM.series)])
    moments = np.array([STREAM.moment(int(number)) for number in numbers], np.int64)
    readings = Readings((numbers % STREAM.series).astype(np.int32), moments, values)
    store = open_store(url)
    for block in encode_blocks(store, [Points.of_readings(readings)], table):
        store.write(block)
    store.close()
    return url


def test_what_is_lost_wrong_or_too_many_is_found(tmp_path: Path) -> None:
    """Five readings are missing, one has another value, and one that was left out of the stream is there."""
    numbers = STREAM.readings
    values = np.array([STREAM.value(int(number)) for number in numbers])
    assert compare(written(tmp_path / "whole.db", numbers, values), STREAM) == Verdict(0, 0, 0)
    left_out = np.setdiff1d(np.arange(2 * 360 * 4), numbers)
    assert len(left_out) == 45 * 4
    values[7] += 1
    url = written(tmp_path / "other.db", np.append(numbers[5:], left_out[0]), np.append(values[5:], 20.0))
    assert compare(url, STREAM) == Verdict(5, 1, 1)


def test_a_stream_has_every_reading_some_of_them_twice_and_late() -> None:
    """Packets carry what the stream says; the readings are nearly in order."""
    packets = [STREAM.packet(number) for number in range(STREAM.count)]
    assert len(STREAM.readings) < STREAM.count < 1.02 * len(STREAM.readings)
    bodies = [packet[packet.index(b'{"time"') :] for packet in packets]
    assert len(set(bodies)) == len(STREAM.readings)
    times = [json.loads(body)["time"] for body in bodies]
    assert times != sorted(times)
    assert STREAM.messages_by(2) == STREAM.count


@pytest.mark.parametrize(
    ("last", "found"),
    [
        (replace(LOOK, day=10), []),
        (replace(LOOK, day=10, spool=17.0), ["the spool's files take 17.0 MB at the end, 6.0 MB after the first day"]),
        (replace(LOOK, day=10, peak=78.2), ["the largest resident memory of a day left its middle by 5.5%"]),
    ],
)
def test_a_process_that_grows_is_found(last: Look, found: list[str]) -> None:
    """Only memory after the windows are full counts."""
    early = replace(LOOK, day=2, peak=200.0)
    assert faults([LOOK, early, replace(LOOK, day=10), last], Verdict(0, 0, 0)) == found
    assert faults([LOOK, last], Verdict(1, 0, 0))[0] == "lost 1, doubled 0, wrong 0"


@pytest.mark.servers
@pytest.mark.slow
def test_two_days_of_a_stream_are_stored_once(tmp_path: Path) -> None:
    """With a day of which the store was dead; a line for each day, and nothing is left behind."""
    requires("mosquitto")
    table = tmp_path / "table.json"
    found = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "soak.py"), "--days", "2", "--series", "10", "--json", str(table)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
    )
    assert found.returncode == 0, found.stdout + found.stderr
    told = json.loads(table.read_text())
    assert [look["day"] for look in told["days"]] == [1, 2, 2]
    assert (told["lost"], told["doubled"], told["wrong"]) == (0, 0, 0)
    assert list(tmp_path.iterdir()) == [table]

"""A fast sensor from the first day on: its coarse past out of the store, from live readings and after restarts."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from edge.contract.coarse import Coarse
from edge.contract.columns import Float64
from edge.contract.contract import Contract
from pipeline.history.table import Table
from pipeline.history.windows import Samples
from tests.support.agent_process import START, baseline_bundle, release
from tests.support.scripted_agent import MINUTE, Bench, engine_of, messages, window

CONTRACT = Contract(MINUTE, 60, 6, coarse=(Coarse(60, 7), Coarse(10, 20)))
BEFORE, AFTER = 470, 119  # minutes of readings before the bundle goes live, and after that


def values(count: int) -> Float64:
    """Readings of a minute each."""
    return np.sin(np.arange(count) / 50) * 20 + np.random.default_rng(0).normal(size=count)


def expected(count: int) -> list[float]:
    """The window that the trainer cuts after so many minutes."""
    known = values(count)[None].copy()
    known[0, 300:330] = np.nan
    table = Table(("a.t",), START, MINUTE, known)
    cut = Samples(table.values, np.zeros(1, np.int32), np.asarray([count]), table.first)
    windows: list[float] = cut.windows(slice(None), CONTRACT)[0].tolist()
    return windows


def rows(first: int, last: int) -> list[tuple[str, int, float]]:
    """The readings of some minutes, without those of a gap."""
    every = values(last)
    return [("a.t", START + at * MINUTE, float(every[at])) for at in range(first, last) if not 300 <= at < 330]


@pytest.mark.parametrize("restarts", [0, 3])
@pytest.mark.parametrize("after", ["store", "live"])
def test_windows_of_an_agent_are_those_that_a_model_was_trained_on(restarts: int, after: str, tmp_path: Path) -> None:
    """Bit by bit: filled from the store where the bundle is new, else from all readings; with restarts or without."""
    bench = Bench(tmp_path)
    release(bench.registry, baseline_bundle(Contract(MINUTE, 24, 6) if after == "store" else CONTRACT))
    bench.run(*messages(rows(0, BEFORE), 50))
    bench.drain()
    release(bench.registry, baseline_bundle(CONTRACT, second=1))
    edges = np.linspace(BEFORE, BEFORE + AFTER, restarts + 2).astype(int).tolist()
    for first, last in pairwise(edges):
        agent = bench.run(*messages(rows(first, last), 7))
    assert bench.lines("windows filled with") == int(after == "store")
    np.testing.assert_array_equal(window(agent, "a.t"), expected(BEFORE + AFTER))
    again = bench.agent()
    assert again.parts.live.restore()
    np.testing.assert_array_equal(window(again, "a.t"), expected(BEFORE + AFTER))
    again.parts.spool.close()


def test_a_late_reading_repairs_its_block(tmp_path: Path) -> None:
    """As long as the window of intervals reaches back to it; a later one is counted and changes nothing."""
    bench = Bench(tmp_path)
    release(bench.registry, baseline_bundle(CONTRACT))
    every = rows(0, 200)
    late = [row for row in every if (row[1] - START) // MINUTE in (145, 50)]
    agent = bench.run(*messages([row for row in every if row not in late], 50), *messages(late))
    whole = np.asarray(window(agent, "a.t"))
    complete = values(200)[None].copy()
    complete[0, 50] = np.nan
    table = Table(("a.t",), START, MINUTE, complete)
    cut = Samples(table.values, np.zeros(1, np.int32), np.asarray([200]), table.first)
    np.testing.assert_array_equal(whole, cut.windows(slice(None), CONTRACT)[0])
    assert engine_of(agent).state.closed_until(0) == START + 199 * MINUTE + MINUTE

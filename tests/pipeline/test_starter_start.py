"""A starter fits networks of its own and of shorter intervals, and leaves the others to chance."""

from pathlib import Path

import numpy as np
import pytest

from edge.contract.columns import Float32
from edge.contract.contract import Contract
from edge.contract.times import DAY
from pipeline.starter.start import LEVELS, SEGMENT, Shape, start_of, starter_file, write_starter

HOUR = DAY // SEGMENT


def hours() -> dict[str, Float32]:
    """Weights of two units, whose numbers are those of the hours."""
    hour = np.arange(SEGMENT, dtype=np.float32)
    return {
        "encoder/kernel": np.stack([hour, 2 * hour], axis=1),
        "encoder/bias": np.ones(2, np.float32),
        "head/kernel": np.stack([hour, -hour]).astype(np.float32),
        "head/bias": (hour / 4).astype(np.float32),
        "outer/kernel": np.eye(2, dtype=np.float32),
        "outer/bias": np.zeros(2, np.float32),
        "steps/kernel": np.stack([np.repeat(hour, 2), np.tile([1.0, 2.0], SEGMENT).astype(np.float32)]),
        "steps/bias": np.tile([3.0, 4.0], SEGMENT).astype(np.float32),
        "cell/0": np.full((2, 6), 0.5, np.float32),
        "position": np.array([[1, 1], [2, 2], [3, 3], [4, 4]], np.float32),
    }


def cut(segment: int, contract: Contract) -> tuple[Shape, Contract]:
    """How a network without a coarse past cuts its window, and its contract."""
    return Shape(segment, contract.interval, 7, (), segment, tuple(range(segment))), contract


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one starter."""
    write_starter(starter_file("gru", 2, tmp_path), hours())
    return tmp_path


def test_a_network_of_hours_begins_with_all_weights_as_they_are(folder: Path) -> None:
    """Positions of the horizon are the first ones; where it is longer, the last one comes again."""
    start = start_of("gru", 2, *cut(SEGMENT, Contract(HOUR, 168, 6 * SEGMENT)), folder)
    assert start is not None
    for name, weight in hours().items():
        if name != "position":
            np.testing.assert_array_equal(start[name], weight, err_msg=name)
    np.testing.assert_array_equal(start["position"][:, 0], [1, 2, 3, 4, 4, 4])
    short = start_of("gru", 2, *cut(SEGMENT, Contract(HOUR, 168, 3)), folder)
    assert short is not None
    np.testing.assert_array_equal(short["position"], [[1, 1]])


def test_a_network_of_quarters_sees_the_mean_of_an_hour(folder: Path) -> None:
    """What the encoder makes of a day of quarters is what it makes of the day's hourly means."""
    start = start_of("gru", 2, *cut(4 * SEGMENT, Contract(HOUR // 4, 672, 96)), folder)
    assert start is not None
    day = np.random.default_rng(0).normal(size=4 * SEGMENT)
    means = day.reshape(SEGMENT, 4).mean(axis=1)
    np.testing.assert_allclose(day @ start["encoder/kernel"], means @ hours()["encoder/kernel"], rtol=1e-5)


def test_a_network_of_quarters_speaks_in_lines_through_the_hours(folder: Path) -> None:
    """Between the middles of two hours it rises evenly, before the first and after the last it stays; each step by itself."""
    start = start_of("gru", 2, *cut(4 * SEGMENT, Contract(HOUR // 4, 672, 96)), folder)
    assert start is not None
    line = np.clip((np.arange(96) + 0.5) / 4 - 0.5, 0, 23)
    np.testing.assert_allclose(start["head/kernel"], [line, -line], rtol=1e-5)
    np.testing.assert_allclose(start["head/bias"], line / 4, rtol=1e-5)
    np.testing.assert_allclose(start["steps/kernel"][0], np.repeat(line, 2), rtol=1e-5)
    np.testing.assert_array_equal(start["steps/kernel"][1], np.tile([1, 2], 96))
    np.testing.assert_array_equal(start["steps/bias"], np.tile([3, 4], 96))


def test_a_network_of_minutes_sees_hours_and_says_some_minutes_of_the_day(folder: Path) -> None:
    """What it says of a moment lies on the lines through the middles of the hours."""
    shape = Shape(24, HOUR, 7, (144, 360), 1440, (0, 30, 89, 1439))
    start = start_of("gru", 2, shape, Contract(HOUR // 60, 360, 1440), folder)
    assert start is not None
    np.testing.assert_array_equal(start["encoder/kernel"], hours()["encoder/kernel"])
    np.testing.assert_allclose(start["head/kernel"][0], [0, 0.5 / 60, 59.5 / 60, 23], rtol=1e-4)
    assert start["steps/bias"].tolist() == [3, 4] * 4


def test_other_levels_leave_the_steps_between_quantiles_out(folder: Path) -> None:
    """The median is the same at all levels; how far the others lie from it is not."""
    start = start_of("gru", 2, *cut(SEGMENT, Contract(HOUR, 168, 24, (0.25, 0.5, 0.75))), folder)
    assert start is not None
    assert hours().keys() - start.keys() == {"outer/kernel", "outer/bias", "steps/kernel", "steps/bias"}
    assert Contract(HOUR, 168, 24).quantiles == LEVELS


@pytest.mark.parametrize(
    ("cell", "units", "segment", "interval"),
    [("lstm", 2, 24, HOUR), ("gru", 3, 24, HOUR), ("gru", 2, 48, HOUR), ("gru", 2, 36, DAY // 36), ("gru", 2, 12, 2 * HOUR)],
    ids=["another cell", "another size", "a segment of two days", "parts of hours", "longer than an hour"],
)
def test_other_networks_have_no_starter(folder: Path, cell: str, units: int, segment: int, interval: int) -> None:
    """Nothing is bent so that it fits."""
    assert start_of(cell, units, *cut(segment, Contract(interval, 7 * segment, segment)), folder) is None


@pytest.mark.parametrize("cell", ["gru", "lstm", "simplernn"])
def test_the_starters_that_are_shipped_fit_the_default_networks(cell: str) -> None:
    """Half an hour as an hour, a day as a week ahead."""
    for parts, horizon in ((1, 24), (2, 336)):
        start = start_of(cell, 64, *cut(parts * SEGMENT, Contract(HOUR // parts, 168 * parts, horizon)))
        assert start is not None
        assert all(np.isfinite(weight).all() for weight in start.values())

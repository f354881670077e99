"""Series that look like those of sensors, made by chance: what the starter is trained on. Nothing of it was ever measured.

A series is a sum of a daily shape that may differ on some days of the week, weather that comes and goes, drift, steps and
noise, bent into one of the forms that sensors have: loads, temperatures, humidities, solar power, rain, machines that run or
stand. Sizes, times and shares are drawn anew for each series; their ranges are those of everyday life, and were not fitted to
any set of data.
"""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter  # type: ignore[import-untyped]

from edge.contract.columns import Bool, Float32, Float64

Random = np.random.Generator
HARMONICS, PEAKS, WEEK = 4, 3, 7


@dataclass(frozen=True, slots=True)
class Clock:
    """When the values of each series are taken.

    Args:
        day: intervals of a day.
        time: days since a midnight, float32 `[series, intervals]`.
        weekday: number of the day of the week, 0…6, int `[series, intervals]`.
    """

    day: int
    time: Float32
    weekday: Float64


def generate(random: Random, count: int, intervals: int, day: int) -> Float64:
    """Some series, float64 `[count, intervals]`, none of which stands still.

    Args:
        random: source of every choice.
        count: number of series.
        intervals: length of each.
        day: intervals of a day.
    """
    time = (np.arange(intervals) / day).astype(np.float32)[None] + random.random((count, 1)).astype(np.float32)
    weekday = np.floor(time + random.integers(0, WEEK, (count, 1))).astype(np.int64) % WEEK
    clock = Clock(day, time, weekday)
    daily = _by_weekday(random, _day_shape(random, clock), clock)
    values = _chosen(random, count, 0.85, _spread(random, count, 0.0, 0.7)) * daily * _fading(random, clock)
    values += _weather(random, clock) + _drift(random, clock) + _noise(random, clock, daily)
    values -= values.mean(axis=1, keepdims=True)
    values = _bent(random, values / np.maximum(values.std(axis=1, keepdims=True), 1e-6), clock)
    step = _spread(random, count, -2.3, 0.9)
    values = np.where(_some(random, count, 0.2), np.round(values / step) * step, values)
    values = np.where(_some(random, count, 0.15), -values, values)
    still = values.std(axis=1) < 1e-3
    if still.any():
        values[still] = generate(random, int(still.sum()), intervals, day)
    return values.astype(np.float64)


def _some(random: Random, count: int, share: float) -> Bool:
    """Which series have a property, bool `[count, 1]`."""
    return random.random((count, 1)) < share


def _spread(random: Random, count: int, middle: float, spread: float) -> Float32:
    """Positive sizes, float32 `[count, 1]`: their logarithms are normal."""
    return np.exp(random.normal(middle, spread, (count, 1))).astype(np.float32)


def _chosen(random: Random, count: int, share: float, sizes: Float32) -> Float32:
    """The sizes of some series, and 0 for the others."""
    return np.where(_some(random, count, share), sizes, np.float32(0))


def _between(random: Random, count: int, least: float, most: float) -> Float32:
    """Numbers of any order between two, float32 `[count, 1]`: their logarithms are evenly spread."""
    return np.exp(random.uniform(np.log(least), np.log(most), (count, 1))).astype(np.float32)


def _wandering(random: Random, shape: tuple[int, int], memory: Float32) -> Float32:
    """Values of spread 1 that return to 0 after `memory` intervals, float32 `[count, intervals]` (Ornstein-Uhlenbeck)."""
    shocks = random.standard_normal(shape, np.float32)
    keep = np.exp(-1 / np.maximum(memory[:, 0], 1e-3)).astype(np.float64)
    start = random.standard_normal(len(keep))
    rows = [
        lfilter([np.sqrt(1 - one * one)], [1, -one], row, zi=[one * first])[0]
        for row, one, first in zip(shocks, keep, start, strict=True)
    ]
    return np.asarray(rows, np.float32)


def _day_shape(random: Random, clock: Clock) -> Float32:
    """A shape that comes every day, of spread 1: a few harmonics and up to three peaks."""
    count = len(clock.time)
    angle, shape = 2 * np.pi * clock.time, np.zeros_like(clock.time)
    highest, decay = random.integers(1, HARMONICS + 1, (count, 1)), random.uniform(0.5, 2.5, (count, 1))
    for harmonic in range(1, HARMONICS + 1):
        size = np.where(highest >= harmonic, random.rayleigh(1, (count, 1)) / harmonic**decay, 0).astype(np.float32)
        shape += size * np.cos(harmonic * angle + (2 * np.pi * random.random((count, 1))).astype(np.float32))
    for _ in range(PEAKS):
        size = _chosen(random, count, 0.4, random.normal(0, 2, (count, 1)).astype(np.float32))
        apart = np.abs(clock.time - random.random((count, 1)).astype(np.float32)) % 1
        shape += size * np.exp(-0.5 * np.square(np.minimum(apart, 1 - apart) / _between(random, count, 0.02, 0.15)))
    shape /= np.maximum(shape.std(axis=1, keepdims=True), np.float32(1e-6))
    return shape


def _by_weekday(random: Random, shape: Float32, clock: Clock) -> Float32:
    """The shape, in some series smaller and lower at the weekend, in a few of another size and level on every day."""
    count = len(shape)
    factor, level = np.ones((count, WEEK)), np.zeros((count, WEEK))
    weekend, other = (chosen[:, 0] for chosen in np.split(_kinds(random, count, (0.35, 0.1)), 2, axis=1))
    smaller, lower = random.uniform(0.1, 1, count), random.normal(0, 1, count)
    factor[:, 5] = np.where(weekend, smaller * random.uniform(1, 1.6, count), 1)
    factor[:, 6] = np.where(weekend, smaller, 1)
    level[:, 5] = np.where(weekend, lower * random.uniform(0.4, 1, count), 0)
    level[:, 6] = np.where(weekend, lower, 0)
    factor[other] = random.uniform(0.5, 1.5, (int(other.sum()), WEEK))
    level[other] = random.normal(0, 0.7, (int(other.sum()), WEEK))
    rows = np.arange(count)[:, None]
    changed: Float32 = (shape * factor[rows, clock.weekday] + level[rows, clock.weekday]).astype(np.float32)
    return changed


def _kinds(random: Random, count: int, shares: tuple[float, ...]) -> Bool:
    """Which series are of which kind, bool `[count, kinds]`; each is of one of them at most."""
    edges = np.cumsum((0.0, *shares))
    drawn = random.random((count, 1))
    return (drawn >= edges[:-1]) & (drawn < edges[1:])


def _fading(random: Random, clock: Clock) -> Float32:
    """Factors of the daily shape that change over days."""
    count = len(clock.time)
    size = _chosen(random, count, 0.6, 0.5 * random.random((count, 1)).astype(np.float32))
    memory = clock.day * _between(random, count, 1, 15)
    factors: Float32 = np.exp(size * _wandering(random, clock.time.shape, memory)).astype(np.float32)
    return factors


def _weather(random: Random, clock: Clock) -> Float32:
    """What comes and goes over hours and over days."""
    count, shape = len(clock.time), clock.time.shape
    slow = _chosen(random, count, 0.9, _spread(random, count, -0.4, 0.9))
    quick = _chosen(random, count, 0.5, _spread(random, count, -1.5, 0.8))
    weather = slow * _wandering(random, shape, clock.day * _between(random, count, 0.1, 8))
    weather += quick * _wandering(random, shape, clock.day * _between(random, count, 0.05, 1))
    return weather


def _drift(random: Random, clock: Clock) -> Float32:
    """Random walks, trends, and levels that change at once."""
    count, shape = len(clock.time), clock.time.shape
    walk = np.cumsum(random.standard_normal(shape, np.float32), axis=1) / np.sqrt(np.float32(clock.day * WEEK))
    jumps = random.random(shape, np.float32) < 1 / (clock.day * _between(random, count, 3, 30))
    level = np.cumsum(jumps * random.standard_normal(shape, np.float32), axis=1)
    drift = _chosen(random, count, 0.35, _spread(random, count, -0.5, 0.8)) * walk
    drift += _chosen(random, count, 0.3, random.normal(0, 0.05, (count, 1)).astype(np.float32)) * clock.time
    total: Float32 = drift + _chosen(random, count, 0.15, np.full((count, 1), 1.5, np.float32)) * level
    return total


def _noise(random: Random, clock: Clock, daily: Float32) -> Float32:
    """Noise, in some series the larger the higher the daily shape is."""
    count = len(daily)
    size = np.where(_some(random, count, 0.2), np.maximum(daily, 0) + 0.2, 1)
    return _spread(random, count, -2.0, 1.0) * size * random.standard_normal(clock.time.shape, np.float32)


def _bent(random: Random, values: Float32, clock: Clock) -> Float32:
    """The values, in some series bent into a form that sensors have."""
    count = len(values)
    skewed, cut, bounded, running, solar = _kinds(random, count, (0.15, 0.12, 0.05, 0.08, 0.06)).T
    values[skewed] = np.exp(np.clip(random.uniform(0.3, 1.2, (int(skewed.sum()), 1)) * values[skewed], -6, 6))
    shares = random.uniform(0.2, 0.85, int(cut.sum()))
    floors = [np.quantile(row, share) for row, share in zip(values[cut], shares, strict=True)]
    values[cut] = np.maximum(values[cut] - np.reshape(floors, (-1, 1)), 0)
    values[bounded] = np.tanh(values[bounded] * random.uniform(0.7, 2, (int(bounded.sum()), 1)))
    values[running] = _running(random, values[running])
    values[solar] = _solar(random, clock, solar)
    return values


def _running(random: Random, values: Float32) -> Float32:
    """Machines that run the more often the larger the value is, each time with its power."""
    count = len(values)
    odds = values * random.uniform(0.5, 3, (count, 1)) + random.normal(-1, 1, (count, 1))
    runs = random.random(values.shape) < 1 / (1 + np.exp(-odds))
    varied = np.where(_some(random, count, 0.5), 0.5, 0.0)
    return (runs * np.exp(varied * random.standard_normal(values.shape))).astype(np.float32)


def _solar(random: Random, clock: Clock, chosen: Bool) -> Float32:
    """Power of the sun behind clouds; none at night."""
    time, count = clock.time[chosen], int(chosen.sum())
    length = random.uniform(0.3, 0.7, (count, 1))
    from_noon = np.abs((time - 0.5) % 1 - 0.5)
    light = np.where(from_noon < length / 2, np.cos(np.pi * from_noon / length), 0)
    clouds = _wandering(random, time.shape, clock.day * _between(random, count, 0.1, 2)) if count else time
    clear = clouds * random.uniform(0.3, 2.5, (count, 1)) + random.normal(1, 1, (count, 1))
    power: Float32 = (light / (1 + np.exp(-clear))).astype(np.float32)
    return power

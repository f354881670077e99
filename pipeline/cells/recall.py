"""How long a recurrent cell keeps a value: the task, and what is measured on it.

A stream of random numbers goes in, one of them marked; `delay` steps later the cell has to say the marked number again.
All others are distraction, so nothing but the state can carry it. (After the latching problems of Bengio et al. 1994 and
Hochreiter & Schmidhuber 1997.)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.contract.columns import Float32, Float64
from edge.forecaster.manifest import Cell

INPUTS = 2  # the number, and 1 where it is the one to keep
LEAD_IN = 8  # steps before the marked one, so that a fresh state is no second mark
KEPT = 0.9  # skill from which on a value counts as kept: an error of a third of its spread


@dataclass(frozen=True, slots=True)
class RecallBudget:
    """How much a cell may learn before its memory is measured; the same for every cell.

    Each delay is learned from where the shorter one ended, which gives long delays a chance.

    Args:
        delays: ascending, in steps.
        steps: of the optimiser at each delay.
        batch: streams per step.
        units: of the cell.
        learning_rate: of Adam; gradients are clipped to norm 1.
        distances: steps back at which the gradient is measured.
        test: fresh streams that the skill is measured on.
        seeds: cells that start from other weights; the median counts.
    """

    delays: tuple[int, ...] = (5, 10, 20, 50, 100, 200)
    steps: tuple[int, ...] = (400, 250, 250, 250, 200, 200)
    batch: int = 64
    units: int = 32
    learning_rate: float = 5e-3
    distances: tuple[int, ...] = (0, 1, 2, 3, 5, 8, 12, 20, 35, 50, 75, 100, 150, 200)
    test: int = 1024
    seeds: int = 3


@dataclass(frozen=True, slots=True)
class Recall:
    """What a cell remembers.

    Args:
        cell: which.
        delays: in steps, ascending.
        skill: 1 - squared error / variance at each delay: 1 is perfect, 0 no better than saying the mean; median over the
            seeds, as all that follows.
        lowest: skill among the seeds.
        highest: skill among the seeds.
        distances: in steps.
        fresh: norm of d state / d input that many steps back, before training, mean over streams.
        trained: the same after the longest delay was trained.
        seconds: of training and measuring.
    """

    cell: Cell
    delays: tuple[int, ...]
    skill: tuple[float, ...]
    lowest: tuple[float, ...]
    highest: tuple[float, ...]
    distances: tuple[int, ...]
    fresh: tuple[float, ...]
    trained: tuple[float, ...]
    seconds: float

    @property
    def kept(self) -> int:
        """The longest delay up to which the value is kept at every delay; 0 where it is not even kept at the first."""
        longest = 0
        for delay, skill in zip(self.delays, self.skill, strict=True):
            if not skill >= KEPT:
                break
            longest = delay
        return longest

    @property
    def retention(self) -> str:
        """`kept` as people read it: the longest delay measured, and the shortest, may not be the limit."""
        if self.kept == self.delays[-1]:
            return f"\N{GREATER-THAN OR EQUAL TO} {self.kept}"
        return str(self.kept) if self.kept else f"< {self.delays[0]}"


def recall_task(stream: Float32, delay: int) -> tuple[Float32, Float32]:
    """The marked stream, and what the cell has to say at its end.

    Args:
        stream: float32 `[streams, time]`.
        delay: steps from the marked number to the end; below time.

    Returns:
        Inputs float32 `[streams, time, 2]`, and the marked number of each stream, float32 `[streams]`.
    """
    place = stream.shape[1] - 1 - delay
    mark = np.zeros_like(stream)
    mark[:, place] = 1
    return np.stack([stream, mark], axis=2), stream[:, place]


def retention(said: Float32, target: Float32) -> float:
    """1 - squared error / variance (the skill against saying the mean): 1 is perfect, 0 is nothing kept.

    Args:
        said: float32 `[streams]`.
        target: float32 `[streams]`.
    """
    return float(1 - np.mean(np.square(said.astype(np.float64) - target)) / np.var(target.astype(np.float64)))


def random_streams(random: np.random.Generator, shape: Sequence[int]) -> Float32:
    """Independent numbers between -1 and 1, float32."""
    streams: Float32 = random.uniform(-1, 1, tuple(shape)).astype(np.float32)
    return streams


def jacobian_norm(gradient: Float32, units: int) -> float:
    """Mean over streams of the norm of a state's gradient.

    Args:
        gradient: d unit / d input, float32 `[streams · units]`, the units of one stream side by side.
        units: of the state.
    """
    square: Float64 = np.square(gradient.astype(np.float64)).reshape(-1, units).sum(axis=1)
    return float(np.sqrt(square).mean())

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

INPUTS = 2  # the number, and 1 where it is the number to keep
LEAD_IN = 8  # steps before the marked value, so that a fresh state does not give it away
KEPT = 0.9  # recall from which on a value counts as kept: an error of a third of its spread


@dataclass(frozen=True, slots=True)
class RecallBudget:
    """How much a cell may learn before its memory is measured; the same for every cell.

    Each delay is learned from where the shorter one ended, which gives long delays a chance.

    Args:
        delays: steps from the marked value to the end, ascending.
        steps: steps of the optimiser at each delay.
        batch: streams per step.
        units: size of the cell's state.
        learning_rate: learning rate of Adam; gradients are clipped to norm 1.
        distances: steps back at which the gradient is measured.
        test: fresh streams that the recall is measured on.
        seeds: number of cells that start from weights of their own; their median counts.
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
class Memory:
    """What a cell remembers.

    Args:
        cell: recurrent cell.
        delays: steps from the marked value to the end, ascending.
        recall: recall at each delay (`recall`), median over the seeds.
        lowest: least recall among the seeds.
        highest: largest recall among the seeds.
        distances: steps back at which the gradient was measured.
        fresh: norm of d state / d input that many steps back, before training, mean over streams, median over the seeds.
        trained: the same after the longest delay was trained.
        seconds: seconds of training and measuring.
    """

    cell: Cell
    delays: tuple[int, ...]
    recall: tuple[float, ...]
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
        for delay, recall in zip(self.delays, self.recall, strict=True):
            if not recall >= KEPT:
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
    marked = stream.shape[1] - 1 - delay
    mark = np.zeros_like(stream)
    mark[:, marked] = 1
    return np.stack([stream, mark], axis=2), stream[:, marked]


def recall(said: Float32, target: Float32) -> float:
    """Share of the variance of the marked values that is said again: 1 - squared error / variance.

    1 is perfect; 0 is no better than always saying their mean, and nothing is kept.

    Args:
        said: answers of the cell, float32 `[streams]`.
        target: marked values, float32 `[streams]`.
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
        units: size of the state.
    """
    square: Float64 = np.square(gradient.astype(np.float64)).reshape(-1, units).sum(axis=1)
    return float(np.sqrt(square).mean())

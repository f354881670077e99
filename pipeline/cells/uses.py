"""What was measured of each network, and the rule that says what it is good for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from edge.contract.columns import Float64
from edge.forecaster.manifest import Cell
from pipeline.cells.recall import Memory
from pipeline.training.cells import CELLS

Form: TypeAlias = Literal["segment", "plain", "tutorial"]
Title: TypeAlias = Literal["default", "most accurate", "smallest", "fastest", "long memory"]

LEVEL = 0.01  # networks whose errors differ by less are level: a second seed moves them as much


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """Everything measured of one network.

    Args:
        cell: recurrent cell.
        form: design, or `tutorial`.
        steps: number of steps of the recurrence between the oldest value of a window and the first forecast.
        parameters: trained numbers.
        size: bytes of the model file.
        seconds_per_epoch: seconds of training per epoch.
        single: microseconds per forecast of all leads at batch 1.
        batched: the same at batch 64.
        error_by_lead: mean absolute error on held-out readings, each series in units of its scale, float64 `[horizon]`.
        coverage: share of facts within its outermost quantiles; NaN without these.
        skill: skill as in the verdict (`metrics.mean_skill`); NaN where no series is judged.
        skill_by_lead: the same at every lead by itself, float64 `[horizon]`.
    """

    cell: Cell
    form: Form
    steps: int
    parameters: int
    size: int
    seconds_per_epoch: float
    single: float
    batched: float
    error_by_lead: Float64
    coverage: float
    skill: float
    skill_by_lead: Float64

    @property
    def name(self) -> str:
        """Such as `GRU segment`."""
        return f"{CELLS[self.cell].title} {self.form}"

    @property
    def error(self) -> float:
        """Mean over the leads."""
        return float(np.nanmean(self.error_by_lead))


@dataclass(frozen=True, slots=True)
class Use:
    """What a network is good for.

    Args:
        useful: whether its skill is above 0; a baseline is better otherwise.
        titles: titles that it has won.
        outdone_by: name of a network that is as good or better in error, speed and size; empty where there is none.
    """

    useful: bool = True
    titles: tuple[Title, ...] = ()
    outdone_by: str = ""

    @property
    def text(self) -> str:
        """In words, for tables."""
        if not self.useful:
            return "a baseline is better"
        if self.titles:
            return ", ".join(self.titles)
        return f"outdone by {self.outdone_by}" if self.outdone_by else "in between"


def best_uses(rows: Sequence[Row], memories: Sequence[Memory]) -> tuple[Use, ...]:
    """What each network is good for, by rule from what was measured.

    Only a network with skill above 0 is good for anything. Of those, the quickest at batch 64 among the ones level with
    the least error is the default; further titles go to the least error, the smallest file, the quickest, and the least
    error of the cells that keep a value longest. A network without a title is outdone by another one that is as good or
    better in error, speed and size.

    Args:
        rows: one row per network.
        memories: memory of each of their cells.
    """
    useful = [row for row in rows if row.skill > 0]
    titles = _winners(useful, memories)
    uses = []
    for row in rows:
        won = tuple(title for title, winner in titles.items() if winner is row)
        better = [other for other in useful if other is not row and _outdoes(other, row)]
        outdone_by = min(better, key=lambda other: other.error).name if better and not won else ""
        uses.append(Use(useful=True, titles=won, outdone_by=outdone_by) if row in useful else Use(useful=False))
    return tuple(uses)


def _winners(useful: Sequence[Row], memories: Sequence[Memory]) -> dict[Title, Row | None]:
    """The network that wins each title; none where no network is useful."""
    if not useful:
        return {}
    accurate = min(useful, key=lambda row: row.error)
    longest = max(memory.kept for memory in memories)
    keeping = {memory.cell for memory in memories if memory.kept == longest and longest > 0}
    return {
        "default": min((row for row in useful if row.error <= (1 + LEVEL) * accurate.error), key=lambda row: row.batched),
        "most accurate": accurate,
        "smallest": min(useful, key=lambda row: row.size),
        "fastest": min(useful, key=lambda row: row.batched),
        "long memory": min((row for row in useful if row.cell in keeping), key=lambda row: row.error, default=None),
    }


def _outdoes(row: Row, other: Row) -> bool:
    return row.error <= other.error and row.batched <= other.batched and row.size <= other.size

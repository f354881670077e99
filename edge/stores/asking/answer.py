"""What a store answers to a question, column by column."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from edge.contract.columns import Float64, Int64
from edge.stores.store import numbers

COUNT = "count"  # of the rows that means are made of


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows, or a figure for each owner.

    Args:
        owners: name of the series, agent or fleet of each row.
        time: time of each row, ns UTC, int64 `[n]`; 0 for figures that are of no moment.
        cells: name of a field to its values as the store has them; a field that no row has is all None.
    """

    owners: list[str]
    time: Int64
    cells: dict[str, Sequence[object]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.owners)

    def numbers(self, name: str) -> Float64:
        """A field as numbers, float64 `[n]`; NaN where there is none."""
        return numbers(self.cells[name]) if name in self.cells else np.full(len(self), np.nan)

    def integers(self, name: str) -> list[int | None]:
        """A field as whole numbers, which as times have more digits than a float holds; None where there is none."""
        cells = self.cells.get(name, [None] * len(self))
        return [cell if isinstance(cell, int) and abs(cell) < 1 << 63 else None for cell in cells]

    def texts(self, name: str) -> list[str]:
        """A field as texts; empty where there is none."""
        return [cell if isinstance(cell, str) else "" for cell in self.cells.get(name, [None] * len(self))]


def of_rows(rows: Sequence[Sequence[object]], fields: Sequence[str]) -> Answer:
    """An answer made of rows: owner, time, and the fields in their order."""
    if not rows:
        return Answer([], np.zeros(0, np.int64), {name: [] for name in fields})
    owners, times, *columns = zip(*rows, strict=True)
    whole = np.asarray([moment if isinstance(moment, int) else 0 for moment in times], np.int64)
    return Answer([str(owner) for owner in owners], whole, dict(zip(fields, columns, strict=True)))

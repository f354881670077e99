"""History without the values that the rules of the live readings leave out: what was stored before there was such a rule."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from edge.contract.columns import Readings, SeriesTable
from edge.contract.meaning import Meaning
from edge.contract.plausible import Plausible
from edge.quoting import counted


@dataclass(frozen=True, slots=True)
class SeriesRules:
    """What the rules say of series, by their names.

    Args:
        meaning: function that gives kind, hold and unit, where it helps by what an agent told of the series; None where nobody
            knows.
        plausible: function that gives the values that can be; None where all can.
    """

    meaning: Callable[[str, Meaning | None], Meaning | None] = lambda _, told: told
    plausible: Callable[[str], Plausible | None] = lambda _: None


class PlausibleReadings:
    """Takes out what cannot be, and counts it.

    Args:
        series: table that the readings index; it may grow with every page.
        plausible: function that gives the values that a series can have, by its name.
    """

    def __init__(self, series: SeriesTable, plausible: Callable[[str], Plausible | None]) -> None:
        self._series, self._plausible = series, plausible
        self._bounds: dict[int, Plausible] = {}
        self._known = 0
        self.left_out: dict[str, int] = {}

    def of(self, pages: Iterable[Readings]) -> Iterator[Readings]:
        """The pages without readings that cannot be."""
        for page in pages:
            for index in range(self._known, len(self._series)):
                if (bounds := self._plausible(self._series.names[index])) is not None:
                    self._bounds[index] = bounds
            self._known = len(self._series)
            yield self._page(page) if self._bounds else page

    def notes(self) -> list[str]:
        """A line for each series of which readings were left out."""
        return [
            f"series {name!r}: {counted(count, 'reading is', 'readings are')} left out, as [[ingest]] ignore, min or max say"
            for name, count in sorted(self.left_out.items())
        ]

    def _page(self, page: Readings) -> Readings:
        kept = np.ones(len(page), bool)
        for index, bounds in self._bounds.items():
            rows = np.flatnonzero(page.series == index)
            values = page.value[rows]
            wrong = rows[np.isfinite(values) & ~bounds.holds(values)]
            if len(wrong):
                kept[wrong] = False
                name = self._series.names[index]
                self.left_out[name] = self.left_out.get(name, 0) + len(wrong)
        return page.take(kept)

"""Spacings are told while readings pass by."""

import numpy as np

from edge.contract.columns import Readings
from edge.contract.times import SECOND
from pipeline.sources.spacings import Spacing, Spacings


def test_median_and_gaps_do_not_depend_on_pages() -> None:
    """A gap is more than three usual spacings; series come in any order."""
    times = [0, 60, 120, 180, 600, 660, 720, 721]
    rows = sorted([(1, time * SECOND) for time in times] + [(0, 5 * SECOND)], key=lambda row: row[1])
    for size in (1, 4, 20):
        spacings = Spacings()
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            spacings.count(Readings.of([row[0] for row in part], [row[1] for row in part], np.ones(len(part)).tolist()))
        assert spacings.of(1) == Spacing(8, 0, 721 * SECOND, 60 * SECOND, 1, 420 * SECOND)
        assert spacings.of(0) == Spacing(1, 5 * SECOND, 5 * SECOND, None, 0, 0)
        assert len(spacings) == 2

"""A rule that leaves values out holds for the history as well: glitches stored before there was one decide nothing."""

import numpy as np

from edge.contract.columns import Readings, SeriesTable
from edge.contract.plausible import Plausible
from edge.sources.plausible import PlausibleReadings


def test_readings_that_cannot_be_are_taken_out_and_counted() -> None:
    """Of the series that have bounds; a series may join with any page, and what is not finite is left to others."""
    series = SeriesTable(["free"])
    plausible = PlausibleReadings(series, lambda name: None if name == "free" else Plausible(0.0, 50.0, frozenset({7.0})))

    def pages() -> list[Readings]:
        first = Readings.of([0, 0], [1, 2], [85.0, 7.0])
        return [first]

    kept = list(plausible.of(pages()))
    series.add("bound")
    kept += plausible.of([Readings.of([1, 0, 1, 1, 1], [3, 3, 4, 5, 6], [50.0, 99.0, 50.1, 7.0, np.nan])])
    assert [page.time.tolist() for page in kept] == [[1, 2], [3, 3, 6]]
    assert plausible.left_out == {"bound": 2}
    assert plausible.notes() == ["series 'bound': 2 readings are left out, as [[ingest]] ignore, min or max say"]


def test_without_any_bounds_pages_pass_as_they_are() -> None:
    """No copy is made of them."""
    page = Readings.of([0], [1], [85.0])
    plausible = PlausibleReadings(SeriesTable(["a"]), lambda _: None)
    assert next(plausible.of([page])) is page
    assert plausible.notes() == []

"""A device whose clock stands in the past: health was ok, its topic was fine, and nothing was forecast of it."""

import numpy as np

from edge.clock.belated import IN_A_ROW, Belated
from edge.contract.columns import Readings, SeriesTable
from edge.contract.times import SECOND

OLD = 1_600_000_000 * SECOND  # 2020-09-13T12:26:40Z


def look(belated: Belated, *rows: tuple[int, bool | None]) -> list[str]:
    """The lines about a batch of series, and whether a reading is too late; None: it was known."""
    series, late = [index for index, _ in rows], [row for _, row in rows]
    fresh = np.array([row is not None for row in late], bool)
    readings = Readings.of(series, [OLD] * len(rows), [1.0] * len(rows))
    return belated.look(readings, fresh, np.array([row is True for row in late], bool))


def test_a_series_is_belated_after_some_readings_in_a_row_and_said_once() -> None:
    """Whether they come one by one or together; a reading that is in time ends it."""
    belated = Belated(SeriesTable(["a", "b"]))
    assert look(belated, (0, False), (1, True)) == []
    assert (look(belated, (1, True)), belated.problem) == ([], None)
    lines = look(belated, (0, False), (1, True))
    assert len(lines) == 1
    assert lines[0].startswith("series 'b' sent a reading of 2020-09-13T12:26:40Z, and those before were as late")
    assert (belated.problem or "").startswith("1 of 2 series send only what is too late, series 'b' sent a reading of 2020")
    assert "[[ingest]] timezone" in (belated.problem or "")
    assert look(belated, (1, True), (1, True)) == []
    look(belated, (1, False))
    assert belated.problem is None
    assert len(look(belated, *[(1, True)] * IN_A_ROW)) == 1


def test_what_a_gateway_had_kept_says_nothing_of_a_series_whose_live_readings_come() -> None:
    """However much of it there is, as long as one of each batch is in time."""
    belated = Belated(SeriesTable(["a"]))
    for _ in range(10):
        assert look(belated, *[(0, True)] * 100, (0, False)) == []
    assert belated.problem is None


def test_a_reading_that_was_known_ends_no_row() -> None:
    """Sent again it says nothing of the clock."""
    belated = Belated(SeriesTable(["a"]))
    for _ in range(IN_A_ROW):
        look(belated, (0, True), (0, None))
    assert belated.problem is not None


def test_a_batch_without_readings_is_no_news() -> None:
    """As that of the clock alone, also while a series is belated."""
    belated = Belated(SeriesTable(["a"]))
    look(belated, *[(0, True)] * IN_A_ROW)
    before = belated.problem
    assert (look(belated), belated.problem) == ([], before)

"""Frames become readings with their rows; the first fault is named by its row."""

import polars as pl
import pytest

from edge.contract.columns import SeriesTable
from edge.errors import HistoryError
from edge.tables.layout import Layout
from edge.tables.notes import Notes
from edge.tables.timing import Timing
from pipeline.files.frames import FrameTable, pieces

TEXT = {"0": pl.String, "1": pl.String, "2": pl.String}


def table(layout: Layout, *frames: list[tuple[str | None, ...]]) -> FrameTable:
    """A table of texts."""
    parts = (pl.DataFrame(rows, schema=TEXT, orient="row") for rows in frames)
    return FrameTable("f", layout, parts, lambda row: f"line {row + 2}")


WIDE = Layout(("time", "a", "b"), Timing((0,)), (), (1, 2), ("a", "b"))
KEYED = Layout(("time", "host", "temp"), Timing((0,)), (1,), (2,), ("temp",))


def test_every_reading_knows_its_row() -> None:
    """Of a wide table series by series within a piece, through all pieces."""
    series = SeriesTable()
    found = list(
        pieces(table(WIDE, [("2026-01-01", "1", ""), ("2026-01-02", "2", "3")], [("2026-01-03", "4", None)]), series, Notes())
    )
    assert [piece.row.tolist() for piece in found] == [[0, 1, 1], [2]]
    assert [piece.readings.value.tolist() for piece in found] == [[1.0, 2.0, 3.0], [4.0]]
    assert series.names == ["a", "b"]
    assert not found[0].zoned.any()


def test_a_name_and_a_label_make_a_series() -> None:
    """New ones in the order of the rows."""
    series = SeriesTable()
    (piece,) = pieces(
        table(KEYED, [("2026-01-01", "pi", "1"), ("2026-01-01", "nas", "2"), ("2026-01-02", "pi", "3")]), series, Notes()
    )
    assert series.names == ["pi.temp", "nas.temp"]
    assert piece.readings.series.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("2026-01-01", "1", "x"), ("soon", "1", "")], "line 2, column 'b'"),
        ([("2026-01-01", "1", ""), ("soon", "x", "")], "line 3, column 'time'"),
        ([("", "", ""), (None, "1", "")], "line 3, column 'time': expected a time beside a value"),
    ],
)
def test_the_first_fault_is_named(rows: list[tuple[str | None, ...]], words: str) -> None:
    """By row, then by column."""
    with pytest.raises(HistoryError, match=words):
        list(pieces(table(WIDE, rows), SeriesTable(), Notes()))

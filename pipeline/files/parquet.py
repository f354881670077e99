"""Parquet files as tables of frames."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from edge.tables.layout import layout_of
from edge.tables.notes import Notes
from edge.tables.options import TableOptions
from edge.tables.sample import ROWS, Sample, rows_to_judge
from pipeline.files.frames import FrameTable


def open_parquet(path: Path, cells: int, options: TableOptions, latest: int, notes: Notes) -> Iterator[FrameTable]:
    """The one table of a Parquet file; arguments and errors as of `open_text`."""
    frame = pl.scan_parquet(path, glob=False)
    names = tuple(frame.collect_schema())
    head = frame.head(rows_to_judge(ROWS, len(names))).collect()
    texts = [
        column.cast(pl.String, strict=False).fill_null("").to_list() if _has_text(column) else [""] * head.height
        for column in head
    ]
    layout = layout_of(Sample(str(path), names, list(zip(*texts, strict=True)), _row, latest), options)
    notes.decide(layout.notes)
    used = sorted({*layout.timing.columns, *layout.values, *layout.owner})
    chosen = frame.select(pl.col(names[column]).alias(str(column)) for column in used)
    parts = chosen.collect_batches(chunk_size=max(1, cells // len(used)), maintain_order=True, engine="streaming")
    yield FrameTable(str(path), layout, iter(parts), _row)


def _has_text(column: pl.Series) -> bool:
    return not column.dtype.is_nested() and column.dtype != pl.Binary


def _row(row: int) -> str:
    return f"row {row + 1}"

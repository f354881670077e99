"""A folder of Parquet files, partitioned or not, read in slices of time."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from edge.contract.columns import Int32, Readings, SeriesTable
from edge.contract.times import DAY, LATEST, NANOSECONDS, UNITS, unit_of
from edge.errors import HistoryError, StoreDenied
from edge.sources.names import final_name
from edge.sources.notes import Notes
from edge.sources.settings import HistorySource
from edge.sources.source import add_series, meaning_of, usable
from edge.sources.sqlite import path_of
from edge.tables.layout import Layout, labelled, layout_of
from edge.tables.sample import Sample
from pipeline.files.times import parse_times

ROWS = 500_000  # rows of a slice
BUCKETS = 4096  # spans of time that rows are counted in, to find slices of that size


def open_folder(settings: HistorySource) -> "ParquetFolder":
    """The folder that a section names.

    Raises:
        ConfigurationError: the URL names no path.
        StoreDenied: there are no Parquet files, or their columns mean nothing.
    """
    return ParquetFolder(path_of(settings), settings)


class ParquetFolder:
    """Files with the columns `series,time,value`, or a time and one column per series.

    Columns that stand in the names of folders (`year=2026`) may name the series; in a wide table they are left out.

    Args:
        path: folder, or one file.
        settings: section of the configuration.
        rows: number of rows of a slice.

    Raises:
        StoreDenied: there are no Parquet files, or their columns mean nothing.
    """

    def __init__(self, path: Path, settings: HistorySource, *, rows: int = ROWS) -> None:
        self.settings, self.notes = settings, Notes()
        self._rows = rows
        files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path] if path.is_file() else []
        if not files:
            raise StoreDenied(f"{settings.label}: there is no file whose name ends in .parquet in {path}; check url")
        try:
            self._frame = pl.scan_parquet(
                files, hive_partitioning=path.is_dir(), missing_columns="insert", extra_columns="ignore", glob=False
            )
            kinds = self._frame.collect_schema()
            own = list(pl.read_parquet_schema(files[0]))
            self._layout = _layout(str(path), list(kinds), own)
        except (pl.exceptions.PolarsError, OSError, HistoryError) as error:
            raise self._unreadable(error) from error
        self._time = self._moment(kinds)
        self._meaning = meaning_of(settings)

    def span(self) -> tuple[int, int] | None:
        """As `Source.span`."""
        ends = self._collect(self._frame.select(self._time.min().alias("first"), self._time.max().alias("last")))
        first, last = ends.row(0)
        return None if first is None else (int(first), int(last))

    def readings(self, start: int, stop: int, series: SeriesTable) -> Iterator[Readings]:
        """As `Source.readings`."""
        names = self._layout.names
        columns = [pl.col(names[column]).cast(pl.Float64, strict=False) for column in self._layout.values]
        owner = [pl.col(names[column]).cast(pl.String) for column in self._layout.owner]
        joined = [pl.concat_str(owner, separator=".", ignore_nulls=True).alias(" series")] if owner else []
        frame = self._frame.select(self._time.alias(" time"), *joined, *columns)
        for begin, end in self._slices(start, stop):
            part = self._collect(frame.filter(pl.col(" time").is_between(begin, end, closed="left")))
            yield usable(self._readings(part, series), self.settings, self.notes)

    def close(self) -> None:
        """As `Source.close`; no file is kept open."""

    def _slices(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Spans of time with about as many rows as are wanted in memory."""
        width = max(-(-(stop - start) // BUCKETS), 1)
        bucket = ((self._time - start) // width).alias("bucket")
        counted = self._collect(
            self._frame.filter(self._time.is_between(start, stop, closed="left")).group_by(bucket).len().sort("bucket")
        )
        begin, rows = start, 0
        for number, count in counted.iter_rows():
            if rows and rows + count > self._rows:
                yield begin, start + number * width
                begin, rows = start + number * width, 0
            rows += count
        if rows:
            yield begin, stop

    def _readings(self, part: pl.DataFrame, series: SeriesTable) -> Readings:
        moments = part[" time"].to_numpy()
        names = [self._layout.names[column] for column in self._layout.values]
        if not self._layout.owner:
            owners = np.repeat(self._indices(names, series), len(part))
        else:
            text = part[" series"].fill_null("")
            known = text.unique()
            columns = []
            for label in self._layout.labels:
                labels = [labelled(owner, label) if owner else "" for owner in known.to_list()]
                codes = text.replace_strict(known, pl.Series(self._indices(labels, series)), return_dtype=pl.Int32)
                columns.append(codes.to_numpy())
            owners = np.concatenate(columns)
        cells = np.concatenate([part[name].fill_null(np.nan).to_numpy() for name in names])
        readings = Readings(owners.astype(np.int32), np.tile(moments, len(names)), cells)
        kept = readings.take((readings.series >= 0) & ~np.isnan(readings.value))
        return kept.take(np.argsort(kept.time, kind="stable"))

    def _indices(self, names: Sequence[str], series: SeriesTable) -> Int32:
        """Indices of series of these names in the folder; -1 where one is left out."""
        indices = []
        for name in names:
            chosen = final_name(self.settings, name) if name else None
            indices.append(-1 if chosen is None else add_series(series, chosen, self._meaning))
        return np.asarray(indices, np.int32)

    def _moment(self, kinds: pl.Schema) -> pl.Expr:
        """The time of a row, ns UTC; null where it cannot be read."""
        name = self._layout.names[self._layout.timing.columns[0]]
        kind, time = kinds[name], pl.col(name)
        if isinstance(kind, pl.Datetime):
            if kind.time_zone is None and self.settings.timezone != "UTC":
                time = time.dt.replace_time_zone(self.settings.timezone, ambiguous="earliest", non_existent="null")
            return time.cast(pl.Int64) * UNITS[kind.time_unit]
        if kind == pl.Date:
            return time.cast(pl.Int64) * DAY
        if kind.is_integer():
            newest = self._collect(self._frame.select(time.max())).item()
            unit = self.settings.time_unit if self.settings.time_unit in NANOSECONDS else unit_of(newest or 0)
            return time.cast(pl.Int64) * NANOSECONDS[unit]
        return time.map_batches(lambda column: parse_times(column).time, return_dtype=pl.Int64)

    def _collect(self, frame: pl.LazyFrame) -> pl.DataFrame:
        try:
            return frame.collect(engine="streaming")
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> StoreDenied:
        reason = str(error).strip().split("\n", 1)[0]
        return StoreDenied(f"{self.settings.label} cannot be read: {reason}")


def _layout(path: str, names: list[str], own: list[str]) -> Layout:
    """The meaning of the columns: of all, where one names the series; else of those that stand in the files."""
    layout = layout_of(Sample(path, names, (), str, LATEST))
    if layout.owner or len(own) == len(names):
        return layout
    return layout_of(Sample(path, own, (), str, LATEST))

"""Folders of Parquet files in place (kind: usual inputs)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from edge.errors import StoreDenied
from edge.sources.settings import HistorySource
from pipeline.sources.parquet import ParquetFolder
from tests.support.sources import START, read

FIRST = datetime.fromtimestamp(START, UTC).replace(tzinfo=None)


def folder(path: Path, rows: int = 500_000, **keys: str) -> ParquetFolder:
    """A folder as a source."""
    settings = HistorySource(f"parquet:///{path}", **keys)  # type: ignore[arg-type]
    settings.check()
    return ParquetFolder(path, settings, rows=rows)


def test_a_partitioned_folder_is_one_table(tmp_path: Path) -> None:
    """Series by the names of folders, files in no order, in slices of time."""
    for month in (2, 1):
        for name in ("a", "b"):
            part = tmp_path / f"month={month}" / f"series={name}"
            part.mkdir(parents=True)
            times = [FIRST + timedelta(minutes=100 * (month - 1) + minute) for minute in reversed(range(100))]
            pl.DataFrame({"time": times, "value": [float(month)] * 99 + [None]}).write_parquet(part / "0.parquet")
    rows = read(folder(tmp_path, rows=30))
    assert {name: len(values) for name, values in rows.items()} == {"a": 198, "b": 198}
    assert [value for _, value in rows["b"]] == [1.0] * 99 + [2.0] * 99
    assert read(folder(tmp_path, timezone="Europe/Berlin"))["a"][0] == (-3540, 1.0)


def test_a_wide_table_may_gain_columns(tmp_path: Path) -> None:
    """Numbers as times are of the unit that the newest has."""
    pl.DataFrame({"ts": [START * 1000, START * 1000 + 1500], "a": [1, 2]}).write_parquet(tmp_path / "1.parquet")
    pl.DataFrame({"ts": [START * 1000 + 3000], "a": [3]}).write_parquet(tmp_path / "2.parquet")
    assert read(folder(tmp_path)) == {"a": [(0, 1.0), (1.5, 2.0), (3, 3.0)]}


def test_what_is_no_such_folder_is_named(tmp_path: Path) -> None:
    """One line each."""
    with pytest.raises(StoreDenied, match=r"there is no file whose name ends in \.parquet"):
        folder(tmp_path)
    (tmp_path / "a.parquet").write_bytes(b"none" * 30)
    with pytest.raises(StoreDenied, match=r"cannot be read: .*specification"):
        folder(tmp_path)

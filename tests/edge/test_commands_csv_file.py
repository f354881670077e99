"""The device's own reader of CSV files."""

import gzip
from pathlib import Path

import pytest

from edge.commands.csv_file import read_csv
from edge.contract.columns import SeriesTable
from edge.contract.times import LATEST, SECOND
from edge.errors import ConfigurationError, HistoryError
from edge.tables.lines import LONGEST_LINE
from tests.support.csv_texts import WRITTEN, rows_of
from tests.support.spellings import NOON

EXPECTED = [("roof", NOON, 1.5), ("roof", NOON + 3600 * SECOND, -2.0)]


def rows(path: Path, batch: int = 4096) -> list[tuple[str, int, float]]:
    """Series name, time and value of every reading of a file."""
    names = SeriesTable()
    return rows_of(names, read_csv(path, names, LATEST, batch=batch))


@pytest.mark.parametrize("name", WRITTEN)
def test_the_usual_spellings_are_read(name: str, tmp_path: Path) -> None:
    """Home Assistant's export, spreadsheets, pandas: nothing has to be rewritten. The trainer reads the same list."""
    path = tmp_path / "table.csv"
    path.write_bytes(WRITTEN[name].encode())
    assert rows(path) == EXPECTED


def test_a_packed_file_is_read_as_it_is_and_a_damaged_one_refused(tmp_path: Path) -> None:
    """Gzip needs no unpacking by hand."""
    path = tmp_path / "table.csv.gz"
    packed = gzip.compress(WRITTEN["ours"].encode())
    path.write_bytes(packed)
    assert rows(path) == EXPECTED
    for content in (packed[:-9], b"no gzip"):
        path.write_bytes(content)
        with pytest.raises(HistoryError, match="cannot read"):
            rows(path)


@pytest.mark.parametrize("name", ["a.parquet", "a.PQ", "a.xlsx", "a.csv.xz", "a.csv.zst"])
def test_a_kind_that_only_the_trainer_reads_is_named(name: str, tmp_path: Path) -> None:
    """The line says what to do."""
    with pytest.raises(ConfigurationError, match=r"the device reads CSV.* (unpack this file first|export it as CSV)"):
        rows(tmp_path / name)


def test_readings_come_in_batches_in_the_order_of_the_rows(tmp_path: Path) -> None:
    """A wide row stays together, and the batches together are the whole."""
    path = tmp_path / "table.csv"
    path.write_text("time,a,b\n" + "".join(f"{1_768_478_400 + row},{row},{-row}\n" for row in range(50)))
    batches = [*read_csv(path, SeriesTable(), LATEST, batch=7)]
    assert {len(batch) for batch in batches[:-1]} == {8}
    assert [value for _, _, value in rows(path)] == [value for row in range(50) for value in (row, -row)]
    assert rows(path, 7) == rows(path)


def test_a_quote_that_never_ends_is_refused(tmp_path: Path) -> None:
    """The rest of the file would be one cell."""
    path = tmp_path / "table.csv"
    path.write_text('time,a\n2026-01-15,1\n2026-01-16,"2\n2026-01-17,3\n')
    with pytest.raises(HistoryError, match="cannot be read: a quotation mark is not closed"):
        rows(path)


@pytest.mark.parametrize("above", ["", "time,a\n"])
def test_a_line_that_never_ends_is_refused(above: str, tmp_path: Path) -> None:
    """A packed file may be small and hold a line that fills the memory."""
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(above.encode() + b"0" * (LONGEST_LINE + 1), 1))
    with pytest.raises(HistoryError, match=r"a\.csv\.gz is no CSV: a line is longer than 33,554,432 characters"):
        list(read_csv(path, SeriesTable(), LATEST))


def test_a_series_is_known_from_its_first_value_on(tmp_path: Path) -> None:
    """A long table adds a name only with a reading, a wide one adds all its columns."""
    path, names = tmp_path / "table.csv", SeriesTable()
    path.write_text("series,time,value\na,2026-01-15,n/a\nb,2026-01-15,1\n")
    assert rows_of(names, read_csv(path, names, LATEST)) == [("b", NOON - 43_200 * SECOND, 1.0)]
    assert names.names == ["b"]
    path.write_text("time,a,b\n2026-01-15,,1\n")
    wide = SeriesTable()
    assert len(rows_of(wide, read_csv(path, wide, LATEST))) == 1
    assert wide.names == ["a", "b"]

"""The history of an input comes from a file with times and values, and the moments at which these were known."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from edge.contract.ahead.issues import ALWAYS
from edge.contract.times import parse_time
from edge.errors import ConfigurationError, HistoryError
from pipeline.inputs.file import read_issues


def test_values_come_with_their_moments(tmp_path: Path) -> None:
    """Rows of other inputs and empty cells are left out; without a moment a value was always known."""
    path = tmp_path / "inputs.csv"
    path.write_text(
        "issued,input,time,value\n"
        "2026-01-01T00:00Z,price,2026-01-01T01:00Z,30.5\n"
        ",price,1767232800,31\n"
        "2026-01-01T00:00Z,outdoor,2026-01-01T01:00Z,-3\n"
        "2026-01-01T00:00Z,price,2026-01-01T03:00Z,\n"
        "2026-01-01T00:00Z,price,,7\n"
        "2026-01-01T00:00Z,price,2026-01-01T04:00Z,nan\n"
    )
    issues = read_issues(path, "price")
    assert issues.time.tolist() == [parse_time("2026-01-01T01:00Z"), parse_time("2026-01-01T02:00Z")]
    assert issues.issued.tolist() == [parse_time("2026-01-01T00:00Z"), ALWAYS]
    assert issues.value.tolist() == [30.5, 31]


def test_parquet_is_read_by_its_types(tmp_path: Path) -> None:
    """A file without a column of inputs is of the one that names it, and without moments all was always known."""
    path = tmp_path / "price.parquet"
    times = pl.Series("time", [0, 3_600_000_000]).cast(pl.Datetime("us", "UTC"))
    pl.DataFrame([times, pl.Series("value", [1, None])]).write_parquet(path)
    issues = read_issues(path, "price")
    assert (issues.time.tolist(), issues.value.tolist(), issues.issued.tolist()) == ([0], [1.0], [ALWAYS])
    assert issues.value.dtype == np.float64


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("when,value\n1,2\n", "expected the columns time and value; got when, value"),
        ("time,value\n2026-01-01,2\nsoon,2\n", "row 2: expected a time in time"),
        ("time,value\n2026-01-01,two\n", "row 1: expected a number in value; got 'two'"),
        ("time,value,issued\n2026-01-01,2,-\n", "row 1: expected a time in issued"),
        ("time,value,input\n2026-01-01,2,wind\n", r"no row has 'price' in the column input; check \[\[input\]\] name"),
        ("", "cannot be read"),
        ("time;value;issued\n2026-01-01;3,5;2026-01-01\n", "commas are between the columns and numbers have a point"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_row(text: str, said: str, tmp_path: Path) -> None:
    """A person finds it in the file."""
    path = tmp_path / "price.csv"
    path.write_text(text)
    with pytest.raises(HistoryError, match=said):
        read_issues(path, "price")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The path may be meant from another folder."""
    with pytest.raises(ConfigurationError, match=r"there is no file .*price\.csv"):
        read_issues(tmp_path / "price.csv", "price")


def test_columns_of_other_types_are_said_or_read(tmp_path: Path) -> None:
    """Categories are words; lists, bytes and the like are no values, and stop no training."""
    path, times = tmp_path / "price.parquet", pl.Series("time", [0]).cast(pl.Datetime("us", "UTC"))
    for column in ([[1]], [b"1"], [{"a": 1}]):
        pl.DataFrame([times, pl.Series("value", column)]).write_parquet(path)
        with pytest.raises(HistoryError, match="expected numbers or words in the column value; got the type"):
            read_issues(path, "price")
    pl.DataFrame([times, pl.Series("value", ["2"], pl.Categorical)]).write_parquet(path)
    assert read_issues(path, "price").value.tolist() == [2]

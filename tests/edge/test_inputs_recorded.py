"""What was known of inputs comes back out of a store or a CSV file, with the moment at which it was told."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from edge.contract.ahead.issues import ALWAYS, Issues
from edge.contract.ahead.known import Known
from edge.contract.columns import SeriesTable
from edge.contract.contract import Contract
from edge.contract.times import DAY, SECOND, parse_time
from edge.errors import ConfigurationError, HistoryError
from edge.inputs.kept import to_points
from edge.inputs.recorded import LONGEST_GAP, issues_in, measured, on_the_grid, read_issues, untold
from edge.stores.sqlite import SqliteStore

HOUR = 3600 * SECOND
NOW = parse_time("2026-01-31T06:00Z")
CONTRACT = Contract(HOUR, 4, 3, inputs=(Known("wind"), Known("set", hold=2 * HOUR)))
NAMES = ["wind", "set"]


def file_of(folder: Path, text: str, name: str = "inputs.csv") -> Path:
    """A file with this text."""
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def rows_of(issues: Issues) -> list[tuple[int, int, float]]:
    """Moment of issue, time and value of each."""
    return list(zip(issues.issued.tolist(), issues.time.tolist(), issues.value.tolist(), strict=True))


@pytest.mark.parametrize("name", ["inputs.csv", "inputs.csv.gz"])
def test_a_file_has_values_of_several_inputs(name: str, tmp_path: Path) -> None:
    """Rows of others and without a value are left out; one without a moment of issue was always known."""
    text = (
        "\ufeffinput,time,value,issued,note\n"
        "wind,2026-01-31T06:00Z,3.5,2026-01-30T18:00Z,a\n"
        "wind,2026-01-31 07:00,,2026-01-30T18:00Z\n"
        f"set,{NOW // SECOND},4,\n"
        "\n"
        "wind,2026-01-31T08:00+01:00,nan\n"
        "wind,2026-01-31T08:00+01:00,inf\n"
        "sun,never,much,\n"
        'set,2026-01-31T08:00+01:00,"5"\n'
    )
    told = read_issues(file_of(tmp_path, text, name), NAMES)
    assert {name: rows_of(issues) for name, issues in told.items()} == {
        "wind": [(NOW - 12 * HOUR, NOW, 3.5)],
        "set": [(ALWAYS, NOW, 4), (ALWAYS, NOW + HOUR, 5)],
    }


def test_a_file_of_one_input_needs_no_names(tmp_path: Path) -> None:
    """Of several inputs it does."""
    path = file_of(tmp_path, "time,value\n2026-01-31T06:00Z,3.5\n")
    assert rows_of(read_issues(path, ["wind"])["wind"]) == [(ALWAYS, NOW, 3.5)]
    with pytest.raises(HistoryError, match="expected a column input that tells wind, set apart"):
        read_issues(path, NAMES)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected the columns time and value; got nothing"),
        ("when,value\n", "expected the columns time and value; got when, value"),
        ("time,value\n", "no row has a value of the inputs wind; check the column input"),
        ("input,time,value\nsun,2026-01-31,3\n", "no row has a value of the inputs wind"),
        ("time,value\n\nsoon,3\n", "line 3, column 'time': expected a time, such as 2026-01-31T06:00Z; got 'soon'"),
        ("time,value,issued\n2026-01-31,3,then\n", "line 2, column 'issued': expected a time"),
        ("time,value\n2026-01-31,high\n", "line 2, column 'value': expected a number"),
        ('time,value\n2026-01-31,"3', "a cell"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_line(text: str, words: str, tmp_path: Path) -> None:
    """It names the file, and the line where there is one."""
    path = file_of(tmp_path, text)
    with pytest.raises(HistoryError) as error:
        read_issues(path, ["wind"])
    assert str(error.value).startswith(str(path))
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_files_that_the_device_cannot_read_are_named(tmp_path: Path) -> None:
    """Parquet with what to do; one that is missing; one that is no text."""
    with pytest.raises(ConfigurationError, match="reads inputs from CSV; export them with time,value,issued,input"):
        read_issues(tmp_path / "a.parquet", NAMES)
    with pytest.raises(HistoryError, match=r"cannot read .*none\.csv: No such file or directory; check the path"):
        read_issues(tmp_path / "none.csv", NAMES)
    (tmp_path / "bytes.csv").write_bytes(b"time,value\n\xff\xfe\n")
    with pytest.raises(HistoryError, match="is no CSV in UTF-8"):
        read_issues(tmp_path / "bytes.csv", NAMES)


def test_the_store_gives_what_was_told_of_a_span(tmp_path: Path) -> None:
    """All issues of a moment; nothing where there is no store yet."""
    store = SqliteStore(tmp_path / "store.db")
    assert issues_in(store) == {}
    wind = Issues.of([NOW - HOUR, NOW, NOW], [NOW + HOUR, NOW + HOUR, NOW + DAY], [3, 4, 5])
    store.write(store.encode([to_points(0, wind), to_points(1, Issues.of([NOW], [NOW], [7]))], SeriesTable(NAMES)))
    told = issues_in(store)
    assert rows_of(told["wind"].sorted()) == rows_of(wind.sorted())
    assert rows_of(told["set"]) == [(NOW, NOW, 7)]
    assert rows_of(issues_in(store, NOW + HOUR, NOW + DAY)["wind"].sorted()) == rows_of(wind.take(slice(0, 2)))
    store.close()


def test_a_measured_value_is_known_a_second_later() -> None:
    """Where nobody says when it was told; an input that does not hold may have been known before."""
    issues = Issues.of([ALWAYS, NOW + 5], [NOW + 1, NOW], [1, 2])
    assert measured(issues, 0) is issues
    assert measured(issues, HOUR).issued.tolist() == [NOW + SECOND, NOW + 5]


def test_each_origin_sees_what_had_been_told_by_then() -> None:
    """On the grid of the contract, and only of its inputs; one that holds counts for as long as the contract says."""
    wind = Issues.of([NOW, NOW + HOUR], [NOW + HOUR, NOW + HOUR], [3, 4])
    ahead = on_the_grid({"wind": wind, "set": Issues.of([ALWAYS], [NOW], [7]), "sun": wind}, CONTRACT)
    assert set(ahead) == {"wind", "set"}
    origins = np.array([NOW - HOUR, NOW, NOW + HOUR])
    np.testing.assert_array_equal(ahead["wind"].at(origins, 3), [[np.nan] * 3, [np.nan, 3, np.nan], [4, np.nan, np.nan]])
    held = ahead["set"].at(np.append(origins, NOW + 4 * HOUR), 3, longest=2 * HOUR)
    np.testing.assert_array_equal(held, [[np.nan] * 3, [np.nan] * 3, [7] * 3, [np.nan] * 3])


def test_origins_without_a_value_are_counted() -> None:
    """However far they lie apart: what is looked up together has a bound."""
    ahead = on_the_grid({"wind": Issues.of([NOW, NOW], [NOW + HOUR, NOW + 2 * HOUR], [3, 4])}, CONTRACT)
    far = NOW + 10 * LONGEST_GAP * HOUR
    origins = [far, NOW, NOW - HOUR, NOW + 2 * HOUR, NOW + 3 * HOUR]
    assert untold(origins, ahead, CONTRACT) == {"wind": 3, "set": 5}
    assert untold(origins[1:2], ahead, CONTRACT) == {"set": 1}
    assert untold([], ahead, CONTRACT) == {}

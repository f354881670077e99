"""From a file to one validated table; every complaint names the place and what was expected."""

import gzip
import lzma
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from edge.contract.columns import Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.times import DAY, SECOND, iso
from edge.errors import ConfigurationError, GatecastError, HistoryError
from pipeline.history import from_files as reading_files
from pipeline.history.checks import Report, read_file, refuse, strays, stream_table, to_table, trainable, validate
from pipeline.history.from_files import read_batches

HOUR = 3600 * SECOND
MIDNIGHT = 1_704_067_200 * SECOND  # 2024-01-01
DEMO = Path(__file__).parents[2] / "flows" / "data" / "nyc-weather-2013.csv.xz"


def written(folder: Path, text: str, name: str = "history.csv") -> Path:
    """A file with that text."""
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def as_rows(path: Path) -> list[tuple[str, int, float]]:
    """Series name, time and value of every reading of a file."""
    names, readings = read_file(path)
    rows = zip(readings.series.tolist(), readings.time.tolist(), readings.value.tolist(), strict=True)
    return [(names.names[series], time, value) for series, time, value in rows]


LONG = "Value,SERIES,Time\n1.5,b,2024-01-01T00:00:00Z\n,a,2024-01-01T00:00:00Z\nNaN,a,2024-01-01\n-2,a,1704070800\n"
WIDE = "timestamp,b,a\n2024-01-01 00:00:00,1.5,\n2024-01-01T02:00:00+01:00,null,-2\n"
ROWS = [("b", MIDNIGHT, 1.5), ("a", MIDNIGHT + HOUR, -2.0)]


@pytest.mark.parametrize(
    "text",
    [
        LONG,
        WIDE,
        WIDE.replace("null", "Unavailable"),
        WIDE.replace(",", ";"),
        WIDE.replace(",", "\t"),
        "\ufeff" + LONG,
        WIDE + "\n",
    ],
)
def test_long_and_wide_files_give_the_same_readings(tmp_path: Path, text: str) -> None:
    """Column order, case, separator, byte-order mark and blank lines do not matter; missing values are no readings."""
    assert sorted(as_rows(written(tmp_path, text))) == sorted(ROWS)


def test_packed_files_are_read_as_they_are(tmp_path: Path) -> None:
    """gzip, xz and zstd need no unpacking by hand."""
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(WIDE.encode()))
    (tmp_path / "a.csv.xz").write_bytes(lzma.compress(WIDE.encode()))
    pl.read_csv(WIDE.encode(), infer_schema=False).lazy().sink_csv(tmp_path / "a.csv.zst", compression="zstd")
    assert as_rows(tmp_path / "a.csv.gz") == as_rows(tmp_path / "a.csv.xz") == as_rows(tmp_path / "a.csv.zst") == ROWS


def test_a_file_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of a few rows give the same readings, series keep their numbers, and a mistake is named by its line."""
    monkeypatch.setattr(reading_files, "CELLS", 9)  # three rows of a long file
    long = [(f"s{row % 4}", MIDNIGHT + row * HOUR, float(row)) for row in range(20)]
    text = "series,time,value\n" + "".join(f"{name},{time // SECOND},{value}\n" for name, time, value in long)
    assert as_rows(written(tmp_path, text)) == long
    assert len(list(read_batches(tmp_path / "history.csv", SeriesTable()))) > 5
    wide = "time,a,b\n" + "".join(f"{time // SECOND},{value},{-value}\n" for _, time, value in long)
    both = [("a", time, value) for _, time, value in long] + [("b", time, -value) for _, time, value in long]
    assert sorted(as_rows(written(tmp_path, wide))) == sorted(both)
    with pytest.raises(HistoryError, match=r"line 22, column 'value': expected a number or an empty cell; got 'off'"):
        read_file(written(tmp_path, text + "s0,2024-02-01,off\n"))


def test_parquet_holds_the_same_two_shapes(tmp_path: Path) -> None:
    """Datetimes of any zone and unit, with or without one, and numbers of any type are understood."""
    hours = [datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, 1, tzinfo=UTC)]
    time = pl.Series("ts", hours).dt.convert_time_zone("Europe/Berlin")
    pl.DataFrame([time, pl.Series("b", [1.5, None]), pl.Series("a", [None, -2], pl.Int16)]).write_parquet(
        tmp_path / "w.parquet"
    )
    long = pl.DataFrame(
        {"series": ["b", "a"], "value": [1.5, -2.0], "time": [MIDNIGHT // 10**6, MIDNIGHT // 10**6 + 3_600_000]}
    )
    long.write_parquet(tmp_path / "l.pq")
    assert as_rows(tmp_path / "w.parquet") == as_rows(tmp_path / "l.pq") == ROWS


def test_the_order_of_a_large_file_is_kept(tmp_path: Path) -> None:
    """Rows come as they stand in the file, however many threads read it: the last of two equal times is the last written."""
    count = 300_000
    frame = pl.DataFrame({"time": [MIDNIGHT] * count, "series": ["a"] * count, "value": np.arange(count, dtype=np.float64)})
    frame.write_csv(tmp_path / "large.csv")
    _, readings = read_file(tmp_path / "large.csv")
    np.testing.assert_array_equal(readings.value, np.arange(count))


def test_first_column_is_the_time_where_none_is_named_so(tmp_path: Path) -> None:
    """A column of times needs no special name if it comes first."""
    assert as_rows(written(tmp_path, "when,a\n2024-01-01,1\n")) == [("a", MIDNIGHT, 1.0)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["is empty", "series,time,value"]),
        ("time,a\n", ["rows below the header"]),
        ("a\n1\n", ["got one column, 'a'"]),
        ("time,a\n2024-01-01,1\n2024-01-02,on\n", ["line 3", "column 'a'", "a number", "got 'on'"]),
        ("time;a\n2024-01-01;12,5\n", ["line 2", "decimal point, 12.5", "got '12,5'"]),
        ("time,a\n2024-01-01,12,5\n", ["more cells", "decimal comma"]),
        ("time,a\n2024-01-01,12.5 °C\n", ["the number alone, 12.5", "got '12.5 °C'"]),
        ("time,a\n2024-01-01,1\n\n2024-13-01,2\n", ["line 4", "column 'time'", "a time", "got '2024-13-01'"]),
        ("place,a\nhere,1\n", ["column 'place'", "no column is named time", "got 'here'"]),
        ("time,series,value\n,a,1\n", ["a time beside a value", "got nothing"]),
        ("time,series,value\n2024-01-01,,1\n", ["name of a series", "got nothing"]),
        ("time,a,a\n2024-01-01,1,2\n", ["got 'a' twice"]),
        ("time,a,\n2024-01-01,1,\n", ["column 3 has none"]),
        ("2024-01-01,1\n2024-01-02,2\n", ["names of the columns in line 1", "got the data"]),
        ("time,a\n2024-01-01,\n", ["no value in any of 1 rows"]),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_line(tmp_path: Path, text: str, words: list[str]) -> None:
    """The message names the file, the place, what was expected and what is there."""
    path = written(tmp_path, text)
    with pytest.raises(HistoryError) as caught:
        read_file(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert all(word in message for word in words), message


def test_a_file_that_is_not_there_or_of_another_kind_is_wrong_use(tmp_path: Path) -> None:
    """The user named the wrong file; that is no fault of the history."""
    for path in (tmp_path / "absent.csv", written(tmp_path, "x", "notes.docx"), tmp_path):
        with pytest.raises(ConfigurationError):
            read_file(path)
    for name in ("broken.parquet", "broken.csv.xz", "broken.csv.gz"):
        with pytest.raises(GatecastError):
            read_file(written(tmp_path, "no such thing", name))


def test_local_times_across_daylight_saving_keep_every_hour(tmp_path: Path) -> None:
    """The grid is UTC: a local day has 23 intervals in spring and 25 in autumn, none of them empty, none averaged."""
    for day, hours, before, after in (("2024-03-31", 23, "+01:00", "+02:00"), ("2024-10-27", 25, "+02:00", "+01:00")):
        clock = [hour + (hour > 1 if hours == 23 else -(hour > 2)) for hour in range(hours)]
        change = 2 if hours == 23 else 3
        lines = [f"{day}T{at:02}:00:00{before if place < change else after},{place}" for place, at in enumerate(clock)]
        names, readings = read_file(written(tmp_path, "\n".join(["time,a", *lines, ""])))
        table = to_table(names.names, readings, HOUR)
        np.testing.assert_array_equal(table.values[0], np.arange(hours))


def test_table_is_the_grid_with_nan_for_missing() -> None:
    """Values stand at their interval, the table begins at the first and ends after the last."""
    readings = Readings.of([1, 0, 1, 1], [MIDNIGHT + 3 * HOUR, MIDNIGHT + HOUR + 1, MIDNIGHT, MIDNIGHT + 5], [4, 2, 1, 3])
    table = to_table(["a", "b", "c"], readings, HOUR)
    nan = np.nan
    np.testing.assert_array_equal(table.values, [[nan, 2, nan, nan], [2, nan, nan, 4], [nan] * 4])
    assert (table.start, table.end) == (MIDNIGHT, MIDNIGHT + 4 * HOUR)
    assert table.values.dtype == np.float32
    np.testing.assert_array_equal(table.times, MIDNIGHT + HOUR * np.arange(4))
    assert table.data_hash == to_table(["a", "b", "c"], readings.take(slice(None)), HOUR).data_hash
    assert table.data_hash != to_table(["a", "b", "d"], readings, HOUR).data_hash


@pytest.mark.parametrize("stray", [0, 4_000_000_000 * SECOND])
def test_a_reading_decades_away_costs_only_itself_and_is_named(stray: int) -> None:
    """One clock that was never set neither makes a table of decades nor keeps the fleet from being trained."""
    time = [MIDNIGHT + hour * HOUR for hour in range(500)]
    readings = Readings.of([0] * 500 + [1] * 500 + [1], [*time, *time, stray], [*map(float, range(500))] * 2 + [1.0])
    table, arrivals = stream_table(["fan", "pump"], [readings], HOUR)
    assert (table.start, table.values.shape) == (MIDNIGHT, (2, 500))
    report = validate(arrivals, table, Contract(HOUR, 24, 12))
    assert [one.problem for one in report.series] == [None, None]
    (line,) = strays(report)
    assert line.startswith(f"series 'pump': one interval far away from all others, at {iso(stray)}, left out")


def test_a_reading_a_month_ahead_does_not_empty_the_held_out_part() -> None:
    """One sensor's clock ran ahead for a moment; all others have nothing there to be judged on."""
    hours = np.arange(1440)
    pages = Readings.of(np.repeat([0, 1, 2], 1440).tolist(), np.tile(MIDNIGHT + HOUR * hours, 3).tolist(), [1.0] * 4320)
    ahead = Readings.of([1], [MIDNIGHT + HOUR * (1440 + 720)], [1.0])
    table, arrivals = stream_table(["a", "b", "c"], [pages, ahead], HOUR)
    assert (table.values.shape, arrivals.stray.tolist()) == ((3, 1440), [0, 1, 0])


def test_a_sensor_whose_clock_was_never_set_is_left_out_alone() -> None:
    """All its readings lie decades before those of the others; it has as many as they."""
    hours = HOUR * np.arange(1440)
    wrong = Readings.of([0] * 1440, hours.tolist(), [1.0] * 1440)
    right = Readings.of(np.repeat([1, 2, 3], 1440).tolist(), np.tile(MIDNIGHT + hours, 3).tolist(), [1.0] * 4320)
    table, arrivals = stream_table(["a", "b", "c", "d"], [wrong, right], HOUR)
    assert (table.start, table.values.shape, arrivals.stray.tolist()) == (MIDNIGHT, (4, 1440), [1440, 0, 0, 0])
    report = validate(arrivals, table, Contract(HOUR, 24, 12))
    assert "all of its readings lie far away" in str(report.series[0].problem)
    assert strays(report) == ()


def test_a_fleet_that_was_off_keeps_what_it_has_on_both_sides() -> None:
    """A gap alone is no reason: most series have readings before it and after it."""
    hours = [MIDNIGHT + HOUR * hour for hour in (*range(500), *range(1400, 1900))]
    readings = Readings.of([0] * 1000 + [1] * 1000 + [2] * 1000, hours * 3, [1.0] * 3000)
    table, arrivals = stream_table(["a", "b", "c"], [readings], HOUR)
    assert (table.values.shape, arrivals.stray.sum()) == ((3, 1900), 0)


def test_an_interval_far_shorter_than_the_readings_is_refused() -> None:
    """Hourly readings on a grid of milliseconds are a mistake, not a table of gigabytes."""
    readings = Readings.of([0] * 500, [MIDNIGHT + hour * HOUR for hour in range(500)], [1.0] * 500)
    with pytest.raises(HistoryError, match="choose a longer interval"):
        to_table(["fan"], readings, SECOND // 1000)
    with pytest.raises(HistoryError, match="got none"):
        to_table(["fan"], Readings.empty(), HOUR)


def test_values_beyond_float32_are_missing() -> None:
    """The model's inputs are float32; infinity would poison every window it stands in."""
    table = to_table(["a"], Readings.of([0, 0], [MIDNIGHT, MIDNIGHT + HOUR], [1e300, 1.0]), HOUR)
    np.testing.assert_array_equal(table.values, [[np.nan, 1.0]])


def validated(readings: Readings, names: list[str], contract: Contract) -> Report:
    """Report on these readings."""
    table, arrivals = stream_table(names, [readings], contract.interval)
    return validate(arrivals, table, contract)


def hourly(series: int, values: list[float]) -> Readings:
    """One reading per hour from midnight on."""
    return Readings.of([series] * len(values), [MIDNIGHT + hour * HOUR for hour in range(len(values))], values)


def test_report_counts_what_is_wrong() -> None:
    """Gaps, doubles, disorder, infinities and flat stretches are counted per series."""
    values = [float(hour % 24) for hour in range(240)]
    values[10:16] = [7.0] * 6
    readings = hourly(0, values).take(np.delete(np.arange(240), [50, 100, 101, 102]))
    extra = Readings.of([0, 0], [MIDNIGHT, MIDNIGHT + 30 * HOUR], [np.inf, 6.0])
    one = validated(Readings.concatenate([readings, extra]), ["a"], Contract(HOUR, 24, 6)).series[0]
    assert (one.readings, one.duplicates, one.out_of_order, one.not_finite) == (238, 2, 1, 1)
    assert (one.intervals, one.gaps, one.longest_gap, one.flat, one.problem) == (240, 2, 3 * HOUR, 6, None)
    assert one.missing == pytest.approx(4 / 240)
    assert (one.first, one.last) == (MIDNIGHT, MIDNIGHT + 239 * HOUR)


def test_series_that_cannot_be_trained_on_are_left_out_with_a_reason() -> None:
    """Too sparse, constant, too new and empty series go; the others stay, in their order."""
    wave = [float(hour % 24) for hour in range(480)]
    sparse = hourly(1, wave).take(np.arange(480) % 3 == 0)
    new = hourly(3, wave).take(slice(470, None))
    readings = Readings.concatenate([hourly(0, wave), sparse, hourly(2, [5.0] * 480), new, hourly(5, wave)])
    names = ["good", "sparse", "constant", "new", "empty", "last"]
    contract = Contract(HOUR, 24, 6)
    report = validated(readings, names, contract)
    lines = refuse(report)
    assert [line.split("'")[1] for line in lines] == ["sparse", "constant", "new", "empty"]
    assert "67% of its intervals of 1h hold no reading (at most 50%), one comes about every 3h; set a longer" in lines[0]
    assert "never changes" in lines[1]
    assert "collect more history" in lines[2]
    assert "no readings" in lines[3]
    kept = trainable(to_table(names, readings, HOUR), report)
    assert kept.names == ("good", "last")
    np.testing.assert_array_equal(kept.values[1], wave)


def test_history_with_nothing_trainable_is_refused_with_the_reasons() -> None:
    """The message says how many series failed why, and what to do."""
    with pytest.raises(HistoryError, match=r"2 of 2 series, such as 'a': it never changes .* check the sensor"):
        refuse(
            validated(Readings.concatenate([hourly(0, [1.0] * 480), hourly(1, [2.0] * 480)]), ["a", "b"], Contract(HOUR, 24, 6))
        )
    with pytest.raises(HistoryError, match=r"at least 90 intervals of 1h .* got 20 .* collect more history"):
        refuse(validated(hourly(0, list(range(20))), ["a"], Contract(HOUR, 24, 6)))


def test_demo_data_is_what_its_readme_says() -> None:
    """15 series over 8,730 hours of 2013, in UTC, the repeated hour of autumn as two hours."""
    names, readings = read_file(DEMO)
    assert len(names) == 15
    table, arrivals = stream_table(names.names, [readings], HOUR)
    assert table.values.shape == (15, 8730)
    assert datetime.fromtimestamp(table.start / SECOND, UTC) == datetime(2013, 1, 1, 6, tzinfo=UTC)
    assert refuse(validate(arrivals, table, Contract(HOUR, 7 * 24, 24))) == ()
    autumn = int(datetime(2013, 11, 3, 4, tzinfo=UTC).timestamp()) * SECOND
    columns = (autumn - table.start) // HOUR + np.arange(4)
    assert np.isfinite(table.values[0, columns]).tolist() == [False, True, True, True]
    assert table.interval * 24 == DAY

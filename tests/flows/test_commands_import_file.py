"""`gatecast import`: what comes in, what does not, and what a person is told."""

import json
from pathlib import Path

import pytest

from tests.support.commands import call, write_fleet


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A fleet in a folder of its own."""
    return write_fleet(tmp_path)


def test_import_says_how_much_came_in(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Readings, series, span and what comes of it, in words and as JSON; a second time changes nothing."""
    data = tmp_path / "data.csv"
    data.write_text("time,a,x.y.b\n2024-01-01T00:00:00+01:00,1,\n2024-01-01T01:00:00+01:00,2,3\n")
    code, out, _ = call(capsys, "import", data, "--config", config)
    assert code == 0
    assert out.splitlines() == [
        f"3 readings of 2 series are in sqlite:///{tmp_path / 'store.db'}",
        "  series: a, x.y.b",
        "  time: 2023-12-31T23:00:00Z to 2024-01-01T00:00:00Z, every 1h",
        "  in no [[ingest]] topic: 1 of 2 series, such as 'a'; live readings never continue them, check [[ingest]] series",
        "  retrain takes: interval 1h, looks back 7d, ahead 1d; this needs 12.0 days of history, the store holds 0.1",
        "next: import or collect more, then gatecast retrain",
    ]
    code, out, _ = call(capsys, "import", data, "--config", config, "--json")
    assert json.loads(out) == {
        "readings": 3,
        "rows": 3,
        "repeated": 0,
        "different": 0,
        "not_finite": 0,
        "misdated": 0,
        "series": 2,
        "unmatched": ["a"],
        "first": "2023-12-31T23:00:00Z",
        "last": "2024-01-01T00:00:00Z",
        "notes": [],
        "interval": "1h",
        "window": 168,
        "horizon": 24,
    }


def test_import_says_which_rows_count_for_nothing(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same time twice, and a value that is infinite; one reading alone tells no interval."""
    data = tmp_path / "data.csv"
    data.write_text("time,x.y.b\n2024-01-01,1\n2024-01-01,2\n2024-01-02,inf\n")
    code, out, _ = call(capsys, "import", data, "--config", config)
    assert code == 0
    at = "'x.y.b' at 2024-01-01T00:00:00Z"
    over = f"  overwritten by a later row of the same series and time: 1 row, first {at}"
    assert out.splitlines() == [
        f"1 reading from 2 rows of 1 series are in sqlite:///{tmp_path / 'store.db'}",
        "  series: x.y.b",
        "  time: 2024-01-01T00:00:00Z to 2024-01-01T00:00:00Z",
        "  times that name no zone are taken as UTC (--timezone NAME changes that)",
        f"{over}; 1 of them with another value, first line 3, {at}: 2 after 1",
        "  infinite values, left out: 1",
        "next: import or collect more, then gatecast retrain",
    ]


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (None, 2, "no such file"),
        ("", 1, "is empty"),
        ("time,a\n", 1, "expected readings below the header"),
        ("time,a\n2024-01-01,warm\n", 1, "'warm'"),
        ("time,a\nyesterday,1\n", 1, "yesterday"),
        ("time,a\n2024-01-01,1,5\n", 1, "data.csv"),
        ("time,a\n" + "2024-01-01,1\n" * 3_000_000 + "2024-01-02,warm\n", 1, "line 3000002"),
    ],
)
def test_bad_files_are_one_line(
    content: str | None, code: int, said: str, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line that names the file and what is wrong, and nothing is written."""
    data = tmp_path / "data.csv"
    if content is not None:
        data.write_text(content)
    exit_code, out, error = call(capsys, "import", data, "--config", config)
    assert (exit_code, out) == (code, "")
    assert len(error.splitlines()) == 1
    assert said in error
    assert not (tmp_path / "store.db").exists()


def test_a_dry_run_says_how_the_file_is_understood(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Series, intervals, spans and first rows, with the options of the user; nothing is written."""
    data = tmp_path / "data.csv"
    data.write_text("Datum;Uhrzeit;a\n" + "".join(f"15.01.2026;{hour:02}:00;{hour},5\n" for hour in range(3)))
    options = ("--config", config, "--time-format", "%d.%m.%Y %H:%M", "--timezone", "Europe/Berlin", "--dry-run")
    code, out, _ = call(capsys, "import", data, *options)
    assert code == 0
    assert out.splitlines() == [
        f"{data} holds 3 readings of 1 series; nothing was written",
        "  series: a",
        "  time: 2026-01-14T23:00:00Z to 2026-01-15T01:00:00Z, every 1h",
        "  numbers have a decimal comma",
        "  times that name no zone are taken as Europe/Berlin",
        "  in no [[ingest]] topic: 1 of 1 series, such as 'a'; live readings never continue them, check [[ingest]] series",
        "  series        rows  interval  first to last",
        "  a                3  1h        2026-01-14T23:00:00Z to 2026-01-15T01:00:00Z",
        "  the first readings, times in UTC:",
        "    2026-01-14T23:00:00Z  a  0.5",
        "    2026-01-15T00:00:00Z  a  1.5",
        "    2026-01-15T01:00:00Z  a  2.5",
        "next: the same without --dry-run",
    ]
    code, out, _ = call(capsys, "import", data, *options, "--json")
    assert json.loads(out)["series"] == [
        {"name": "a", "rows": 3, "first": "2026-01-14T23:00:00Z", "last": "2026-01-15T01:00:00Z", "interval": "1h"}
    ]
    assert not (tmp_path / "store.db").exists()


def test_an_option_that_cannot_be_used_is_wrong_use(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A zone that does not exist, and a format without a date."""
    data = tmp_path / "data.csv"
    data.write_text("time,a\n2024-01-01,1\n")
    for option in (("--timezone", "Berlin"), ("--time-format", "%H:%M"), ("--ignore", "b"), ("--series", "b")):
        code, out, error = call(capsys, "import", data, "--config", config, *option)
        assert (code, out, len(error.splitlines())) == (2, "", 1)

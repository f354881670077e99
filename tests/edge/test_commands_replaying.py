"""`gatecast-agent replay`: a file of readings in, the forecasts of the live code out."""

import csv
import json
import math
import subprocess
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest

from edge import cli
from edge.commands.replaying import decimals_of
from edge.contract.ahead.known import Known
from edge.contract.columns import Readings, SeriesTable
from edge.contract.times import SECOND
from edge.forecaster.baselines import Baseline
from edge.forecaster.bundle import Bundle, read_bundle, write_bundle
from edge.forecaster.manifest import schema_of
from edge.series.engine import Engine
from tests.support.ready_device import AGENT, CONTRACT, START, Device


def wave() -> list[tuple[str, int, float]]:
    """Two series over nine minutes, one with gaps, and a reading that comes late."""
    rows = [("roof", START + 60 * minute, round(math.sin(minute), 3)) for minute in range(10)]
    rows += [("yard", START + 60 * minute, float(minute)) for minute in (0, 1, 2, 6, 7)]
    rows.sort(key=lambda row: row[1])
    return [*rows, ("roof", START + 90, 0.5)]


def iso(seconds: int) -> str:
    """Time as text."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def engine_forecasts(rows: list[tuple[str, int, float]]) -> list[list[str]]:
    """What `Engine` says to the same readings, in the form of the CSV."""
    table = SeriesTable()
    index = [table.add(name) for name, _, _ in rows]
    engine = Engine(Baseline("last_value", CONTRACT), ["roof"], table)
    found = []
    for forecasts in engine.step(Readings.of(index, [t * SECOND for _, t, _ in rows], [v for _, _, v in rows])).forecasts:
        for series, origin, values in zip(forecasts.series, forecasts.origin.tolist(), forecasts.values, strict=True):
            for lead, cells in enumerate(values, 1):
                moment, target = iso(origin // SECOND), iso(origin // SECOND + 60 * (lead - 1))
                numbers = ["" if np.isnan(cell) else str(round(float(cell), 6)) for cell in cells]
                found.append([table.names[series], moment, str(lead), target, *numbers, forecasts.model])
    return found


def test_replay_gives_the_forecasts_of_the_engine(device: Device) -> None:
    """Row for row, whichever way bundle and readings are given."""
    name = device.readings([(series, time, value) for series, time, value in wave()])
    answer = device.run("replay", name)
    assert (answer.returncode, answer.stderr) == (0, "")
    header, *rows = csv.reader(answer.stdout.splitlines())
    assert header == ["series", "origin", "lead", "time", "q10", "q50", "q90", "model"]
    assert rows == engine_forecasts(wave())
    assert len(rows) == 3 * (9 + 4)
    assert device.run("replay", name, "--bundle", str(device.bundle), "--config", "none.toml").stdout == answer.stdout
    cells = {(series, time): value for series, time, value in wave()}
    times = sorted({time for _, time in cells} - {START + 90})
    wide = [(iso(time), cells.get(("roof", time), ""), cells.get(("yard", time), "unavailable")) for time in times]
    sideways = device.run("replay", device.readings([*wide, (iso(START + 90), 0.5, "")], "timestamp,roof,yard"))
    assert sorted(csv.reader(sideways.stdout.splitlines())) == sorted(csv.reader(answer.stdout.splitlines()))


def test_replay_waits_for_late_readings_as_the_agent_does(device: Device) -> None:
    """With two minutes of lateness the last two intervals are still open, and a reading of minute 1 counts."""
    rising = [("roof", START + 60 * minute, float(minute)) for minute in range(4)]
    name = device.readings([*rising, ("roof", START + 90, 9.0)])
    device.configure('[release]\nchannel = "registry/live.json"\n[agent]\nlateness = "2min"\n')
    for bundle in ([], ["--bundle", str(device.bundle)]):
        rows = list(csv.DictReader(device.run("replay", name, *bundle).stdout.splitlines()))
        assert [(row["origin"], row["q50"]) for row in rows if row["lead"] == "1"] == [(iso(START + 60), "0.0")]


@pytest.mark.parametrize(
    ("values", "decimals"),
    [
        ([14.0, 15.0, 16.0], 6),
        ([1e12, 2e12, 3e12], 6),
        ([2.0e-8, 2.1e-8, 2.2e-8], 13),
        ([5 + 1e-7, 5.0, 5 + 2e-7], 11),
        ([math.nan, 3e-9, math.nan], 13),
        ([math.nan, 0.0, math.nan], 6),
        ([math.nan] * 3, 6),
    ],
)
def test_a_small_forecast_is_not_rounded_to_nothing(values: list[float], decimals: int) -> None:
    """A series in farads is written with as many digits as one in degrees has of its movement."""
    assert decimals_of(np.array([values])) == decimals


def test_replay_as_json_and_of_the_newest_only(device: Device) -> None:
    """One object per forecast, null for what the baseline does not know."""
    name = device.readings([(series, time, value) for series, time, value in wave()])
    objects = [json.loads(line) for line in device.run("replay", name, "--json").stdout.splitlines()]
    assert len(objects) == 9 + 4
    assert objects[0]["q10"] == [None] * 3
    assert set(objects[0]) == {"series", "origin", "model", "q10", "q50", "q90"}
    newest = [json.loads(line) for line in device.run("replay", name, "--json", "--last").stdout.splitlines()]
    latest = {one["series"]: one for one in sorted(objects, key=lambda one: one["origin"])}
    assert {one["series"]: one for one in newest} == latest
    assert len(newest) == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"series,value\na,1\n", "line 2, column 'series': expected a time"),
        (b"series,time,value\na,yesterday,1\n", "line 2, column 'time': expected a time, such as"),
        (b"series,time,value\n\na,1768478400,warm\n", "line 3, column 'value': expected a number or an empty cell (--missing"),
        (b"series,time,value\na,1768478400\n", "no value in any row"),
        (b"time,a\n1768478400,1_000\n", "line 2, column 'a': expected a number"),
        (b"time,a\n1768478400,\xff\n", "is no CSV in UTF-8"),
        (b'time,a\n1768478400,"' + b"x" * 200_000, "is no CSV in UTF-8: field larger than field limit"),
        (b"\x00\x01\x02" * 100, "got one column"),
    ],
)
def test_broken_csv_is_one_line_and_exit_code_1(content: bytes, words: str, device: Device) -> None:
    """The line names the file, and the row where there is one."""
    (device.folder / "broken.csv").write_bytes(content)
    answer = device.run("replay", "broken.csv")
    assert answer.returncode == 1
    assert answer.stderr.startswith("gatecast-agent: broken.csv")
    assert answer.stderr.count("\n") == 1
    assert words in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["replay", "none.csv"], 1, "cannot read none.csv: No such file or directory; check the path"),
        (["replay", "."], 1, "cannot read .: Is a directory"),
        (["replay", "readings.csv", "--bundle", "none"], 1, "none"),
        (["replay", "readings.csv", "--config", "none.toml"], 2, "name the file with --config"),
        (["replay", "readings.csv", "--config", "no-channel.toml"], 2, "'http://[': write a path or an http(s) URL"),
        (["run", "--config", "none.toml"], 2, "name the file with --config"),
    ],
)
def test_missing_file_is_one_line(arguments: list[str], code: int, words: str, device: Device) -> None:
    """Exit code 2 only where the configuration is meant."""
    device.readings([("roof", START, 1)])
    text = (device.folder / "gatecast.toml").read_text()
    (device.folder / "no-channel.toml").write_text(text.replace("registry/live.json", "http://["))
    answer = device.run(*arguments)
    assert (answer.returncode, answer.stderr.count("\n")) == (code, 1)
    assert answer.stderr.startswith("gatecast-agent: ")
    assert words in answer.stderr


def test_infinite_values_are_left_out_and_counted(device: Device) -> None:
    """As `gatecast import` does; the other readings are replayed."""
    rows: list[tuple[str, object, object]] = [
        ("roof", START + 60 * minute, "inf" if minute == 2 else minute) for minute in range(6)
    ]
    answer = device.run("replay", device.readings(rows))
    assert (answer.returncode, answer.stderr) == (0, "gatecast-agent: infinite values, left out: 1\n")
    without = device.run("replay", device.readings([row for row in rows if row[2] != "inf"]))
    assert answer.stdout == without.stdout


def test_parquet_says_what_to_do(device: Device) -> None:
    """The device has no reader for it."""
    (device.folder / "history.parquet").write_bytes(b"PAR1")
    answer = device.run("replay", "history.parquet")
    assert (answer.returncode, answer.stdout.count("\n")) == (2, 1)
    assert "use gatecast import on the trainer, or export it as CSV" in answer.stderr


def test_inputs_that_nothing_tells_of_are_named(device: Device, capsys: pytest.CaptureFixture[str]) -> None:
    """All of them with what to name; others with the number of origins at which nothing was known."""

    def told(*arguments: str) -> tuple[str, str]:
        assert cli.run(["replay", str(device.folder / name), "--config", "none.toml", *arguments]) == 0
        out, err = capsys.readouterr()
        return out, err

    contract = replace(CONTRACT, inputs=(Known("wind"), Known("sun")))
    plain = read_bundle(device.bundle).manifest
    manifest = msgspec.structs.replace(plain, contract=contract, schema=schema_of(contract, {}))
    bundle, name = write_bundle(device.folder / "told", Bundle(manifest)), device.readings([*wave()])
    inputs = device.folder / "inputs.csv"
    inputs.write_text(f"input,time,value,issued\nwind,{START - 60},3,\nwind,{START + 240},3,{START + 120}\n")
    without, said = told("--bundle", str(device.bundle), "--inputs", str(inputs))
    assert said == "gatecast-agent: the bundle uses no inputs: --inputs changes nothing\n"
    same, said = told("--bundle", str(bundle))
    assert (same, said.count("\n")) == (without, 1)
    assert "nothing is known of the inputs wind, sun: forecasts are those without; name a CSV of their values" in said
    _, said = told("--bundle", str(bundle), "--inputs", str(inputs))
    assert said == (
        "gatecast-agent: nothing was known of wind at 6 of 9 origins, sun at 9 of 9 origins: forecasts there do without\n"
    )


def test_too_few_readings_for_a_forecast_are_exit_code_1(device: Device) -> None:
    """Nothing closed: the header stands alone, and a line says why."""
    answer = device.run("replay", device.readings([("roof", START, 1)]))
    assert (answer.returncode, answer.stdout.count("\n")) == (1, 1)
    assert "no interval closed" in answer.stderr


def test_reader_that_goes_away_ends_the_replay_quietly(device: Device) -> None:
    """`replay … | head -1` shows one line and no traceback."""
    name = device.readings([("roof", START + 60 * minute, 1) for minute in range(5000)])
    answer = subprocess.run(
        ["sh", "-c", f"{AGENT} replay {name} | head -1"],
        cwd=device.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (answer.stdout, answer.stderr) == ("series,origin,lead,time,q10,q50,q90,model\n", "")


def test_a_row_of_1970_costs_itself(device: Device) -> None:
    """The forecasts are those of the file without it; how many such rows there were is said."""
    rows: list[tuple[str, object, object]] = [*wave()]
    clean = device.run("replay", device.readings(rows))
    dirty = device.run("replay", device.readings([("roof", 0, 99.0), *rows, ("roof", 5_000_000_000, 99.0)]))
    assert dirty.stdout == clean.stdout
    assert dirty.stderr == (
        "gatecast-agent: readings before the year 2000 or in the future, of a clock that was wrong, left out: 2\n"
    )


def test_a_file_from_new_to_old_is_replayed_from_old_to_new(device: Device) -> None:
    """Both in the same order of time, with the same forecasts; that it was turned round is said."""
    rows: list[tuple[str, object, object]] = [(iso(START + 60 * minute), minute, "") for minute in range(10)]
    forward = device.run("replay", device.readings(rows, "timestamp,roof,yard"))
    backward = device.run("replay", device.readings(rows[::-1], "timestamp,roof,yard"))
    assert (forward.returncode, backward.returncode) == (0, 0)
    assert backward.stdout == forward.stdout
    assert "from new to old, and is replayed from old to new" in backward.stderr


def test_replay_says_what_alerts_and_anomalies_would_have_been(device: Device) -> None:
    """A day of minutes and a jump above 50: one alert of the rule, unforeseen, and one anomaly; forecasts stay as they are."""
    jump = {1500: 90.0, 1501: 90.0}
    values = [jump.get(minute, minute % 7 / 100) for minute in range(1540)]
    name = device.readings([("roof", START + 60 * minute, value) for minute, value in enumerate(values)])
    plain = '[release]\nchannel = "registry/live.json"\n'
    device.configure(plain)
    before = device.run("replay", name)
    assert before.stderr == ""
    keys = '[[alert]]\nname = "hot"\nabove = 50.0\nwithin = "3min"\n[[alert]]\nname = "odd"\nseries = "rof"\nabove = 1.0\n'
    device.configure(f'{plain}{keys}[anomaly]\nevery = "30d"\n')
    answer = device.run("replay", name)
    assert (answer.returncode, answer.stdout) == (0, before.stdout)
    header, hot, odd, alone, blank, title, roof = answer.stderr.splitlines()
    assert (header.split()[:2], blank, title.split()[:2]) == (["alert", "raised"], "", ["series", "anomalies"])
    assert hot.split() == ["hot", "1", "0", "1", "0", "-"]
    assert odd.split() == ["odd", "0", "0", "0", "0", "-"]
    assert "series 'rof' takes none of the 1 series" in alone
    assert roof.split()[:3] == ["roof", "1", iso(START + 60 * 1500)]

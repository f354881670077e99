"""`gatecast-agent` as its user meets it: a program of its own."""

import csv
import hashlib
import json
import math
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest

from edge.cli import guarded
from edge.contract.contract import SECOND, Contract, Readings, SeriesTable
from edge.errors import ConfigurationError, HistoryError, StoreDenied
from edge.forecaster.baselines import Baseline
from edge.forecaster.bundle import Bundle, Manifest, encode_manifest, version_of, write_bundle
from edge.release.channel import Channel
from edge.series.engine import Engine
from edge.spool.spool import Commit, Spool

AGENT = Path(sys.executable).with_name("gatecast-agent")
CONTRACT = Contract(interval=60 * SECOND, window=5, horizon=3, max_missing=1.0)
START = 1_768_478_400  # 2026-01-15T12:00:00Z
HEAVY = ("tensorflow", "keras", "prefect", "polars", "pandas", "influxdb_client", "matplotlib", "rich")
COMMANDS: tuple[list[str], ...] = ([], ["run"], ["check"], ["replay"])


@dataclass
class Device:
    """A folder with a configuration, a registry of one baseline bundle, and the agent's state."""

    folder: Path

    def __post_init__(self) -> None:
        """Write it all."""
        created = datetime(2026, 1, 15, tzinfo=UTC)
        version = version_of(created, "last_value", b"")
        manifest = Manifest(version, CONTRACT, ["roof"], created.isoformat(), "0.1.0", baseline="last_value")
        self.bundle = write_bundle(self.folder / "registry", Bundle(manifest))
        content = encode_manifest(manifest)
        channel = Channel(version, version, hashlib.sha256(content).hexdigest(), len(content), created.isoformat())
        (self.folder / "registry" / "live.json").write_bytes(msgspec.json.encode(channel))
        self.configure('[release]\nchannel = "registry/live.json"\n')

    def configure(self, text: str) -> None:
        """Another configuration."""
        (self.folder / "gatecast.toml").write_text(text)

    def readings(self, rows: list[tuple[str, object, object]], header: str = "series,time,value") -> str:
        """A CSV of these rows; returns its name."""
        lines = [header, *(",".join(map(str, row)) for row in rows)]
        (self.folder / "readings.csv").write_text("\n".join(lines) + "\n")
        return "readings.csv"

    def run(self, *arguments: str, columns: int = 80) -> subprocess.CompletedProcess[str]:
        """The program's answer."""
        environment = {**os.environ, "COLUMNS": str(columns), "PYTHONDONTWRITEBYTECODE": ""}
        return subprocess.run(
            [AGENT, *arguments], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )


@pytest.fixture
def device(tmp_path: Path) -> Device:
    """A device that is ready."""
    return Device(tmp_path)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command) or "none")
def test_help_fits_a_terminal(command: list[str], device: Device) -> None:
    """Eighty columns, twenty-four lines, and it says what the program is for."""
    answer = device.run(*command, "--help")
    assert (answer.returncode, answer.stderr) == (0, "")
    lines = answer.stdout.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


def test_help_of_options_gives_their_defaults(device: Device) -> None:
    """Where a file is looked for if none is named."""
    for command in ("run", "check", "replay"):
        assert "default: gatecast.toml" in device.run(command, "--help", columns=200).stdout


@pytest.mark.parametrize("arguments", [[], ["fly"], ["check", "--colour"], ["replay"], ["check", "extra"]])
def test_wrong_use_is_exit_code_2(arguments: list[str], device: Device) -> None:
    """With the usage and one line of what is wrong, on standard error."""
    answer = device.run(*arguments)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("usage: gatecast-agent")
    assert "Traceback" not in answer.stderr


def test_check_of_a_ready_device(device: Device) -> None:
    """One line for each thing looked at; nothing is made and nothing contacted."""
    before = sorted(device.folder.rglob("*"))
    answer = device.run("check")
    assert (answer.returncode, answer.stderr) == (0, "")
    lines = answer.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        f"ok    {name}" for name in ("configuration", "broker", "ingest", "store", "runtime", "bundle")
    ]
    assert "last_value, 1 series, interval 1min, looks back 5min, ahead 3min; self-test passed" in lines[-1]
    assert "; 1 series here need 0.0 MB, of at most " in lines[-1]
    assert sorted(device.folder.rglob("*")) == before


@pytest.mark.parametrize(("query", "hints"), [("", 1), ("?org=home", 0)])
def test_check_names_the_organisation_that_is_missing(query: str, hints: int, device: Device) -> None:
    """InfluxDB 2 needs it in most cases; 1 and 3 do not, so it is no fault."""
    device.configure(f'[store]\nurl = "influxdb://127.0.0.1:1/b{query}"\n[release]\nchannel = "registry/live.json"\n')
    answer = device.run("check")
    assert (answer.returncode, answer.stdout.count("names no ?org=my-org")) == (0, hints)


def test_check_refuses_what_the_agent_would_refuse_for_memory(device: Device) -> None:
    """The series that the agent knows count, and nothing is left beside its spool."""
    state = device.folder / "state"
    spool = Spool(state / "spool.db", "sqlite")
    spool.commit(Commit(series=[(index, f"d{index}.t", {}) for index in range(3000)]))
    spool.close()
    before = sorted(state.iterdir())
    device.configure(f'[agent]\nlateness = "36500d"\nstate = "{state}"\n[release]\nchannel = "registry/live.json"\n')
    answer = device.run("check")
    assert answer.returncode == 1
    assert "would be refused here: it needs " in answer.stdout
    assert " MB for 3000 series of " in answer.stdout
    assert sorted(state.iterdir()) == before


def test_check_as_json(device: Device) -> None:
    """One object with every finding."""
    answer = device.run("check", "--json")
    document = json.loads(answer.stdout)
    assert (answer.returncode, document["ok"], len(document["checks"])) == (0, True, 6)
    assert all(set(one) == {"subject", "text", "code"} for one in document["checks"])


@pytest.mark.parametrize(
    "content", [b'{"new": ' + b"[" * 30_000 + b"]" * 30_000 + b"}", b'"bundle": "http://["', b'"bundle": "a\\u0000b"', None]
)
def test_check_of_a_channel_that_no_one_can_read_is_one_line(content: bytes | None, device: Device) -> None:
    """Nested without end, an address that is none, a NUL, a pipe: exit code 1 and no traceback."""
    document = device.folder / "registry" / "live.json"
    if content is None:
        document.unlink()
        os.mkfifo(document)
    elif content.startswith(b"{"):
        document.write_bytes(content)
    else:
        document.write_bytes(re.sub(rb'"bundle": *"[^"]*"', lambda _: content, document.read_bytes()))
    answer = device.run("check")
    assert (answer.returncode, answer.stderr) == (1, "")
    assert len([line for line in answer.stdout.splitlines() if line.startswith("WRONG bundle: ")]) == 1


@pytest.mark.parametrize("damage", ["manifest", "missing"])
def test_check_of_a_damaged_bundle_fails(damage: str, device: Device) -> None:
    """Exit code 1, and the line says what was expected and what to do."""
    manifest = device.bundle / "manifest.json"
    if damage == "manifest":
        manifest.write_bytes(manifest.read_bytes().replace(b"roof", b"wood"))
    else:
        (device.folder / "registry" / "live.json").unlink()
    answer = device.run("check")
    assert answer.returncode == 1
    wrong = [line for line in answer.stdout.splitlines() if line.startswith("WRONG bundle: ")]
    assert len(wrong) == 1
    assert ("expected a manifest with SHA-256" if damage == "manifest" else "check [release] channel") in wrong[0]
    document = json.loads(device.run("check", "--json").stdout)
    assert (document["ok"], [one["code"] for one in document["checks"]]) == (False, [0, 0, 0, 0, 0, 1])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[mqqt]\n", "did you mean 'mqtt'?"),
        ("[store]\nurl = 'postgres://x/y'\n", "is no store; write sqlite"),
        ("[store]\nurl = 'sqlite:///a#b.db'\n", "write it as %23"),
        ("[store]\nurl = 'influxdb://h/b#c'\n", "write it as %23"),
        ("[store]\nurl = 'sqlite:///a?b.db'\n", "in its name as %3F"),
        ("[store]\nurl = 'influxdb://h/b'\ntoken_file = 'missing'\n", "check [store] token_file"),
        ("[mqtt]\npassword_file = 'missing'\n", "check [mqtt] password_file"),
        ("[release]\nchannel = 'ftp://host/live.json'\n", "write a path or an http(s) URL"),
        ("[release]\nchannel = 'http://['\n", "write a path or an http(s) URL"),
        ('[release]\nchannel = "a\\u0000b"\n', "write a path or an http(s) URL"),
        ("[agent]\nhealth = '0.0.0.0:1'\n", "must be a loopback address"),
    ],
)
def test_check_of_a_wrong_configuration_is_exit_code_2(text: str, words: str, device: Device) -> None:
    """One line, also as JSON."""
    device.configure(text)
    answer = device.run("check")
    assert (answer.returncode, answer.stderr, answer.stdout.count("\n")) == (2, "", 1)
    assert answer.stdout.startswith("WRONG configuration: ")
    assert words in answer.stdout
    answer = device.run("check", "--json")
    assert answer.returncode == 2
    assert json.loads(answer.stdout)["checks"][0]["code"] == 2


def test_check_without_a_configuration_says_how_to_get_one(device: Device) -> None:
    """Exit code 2, no traceback."""
    answer = device.run("check", "--config", "other.toml")
    assert answer.returncode == 2
    assert "name the file with --config, or make one with gatecast init" in answer.stdout


def test_check_says_that_no_bundle_can_come_where_no_channel_is_set(device: Device) -> None:
    """A file without `[release]` is whole, and an agent with it would store readings for ever."""
    device.configure("")
    answer = device.run("check")
    assert answer.returncode == 1
    assert "none on this device, and [release] channel is empty, so no bundle can come: set it, such as" in answer.stdout


def test_check_looks_at_the_bundle_that_is_live_on_the_device(device: Device) -> None:
    """Without a channel in reach that is the one the agent remembers, whatever else lies there."""
    device.configure('[release]\nchannel = "https://registry.example/live.json"\n')
    assert "none on this device yet" in device.run("check").stdout
    bundles = device.folder / "gatecast-state" / "bundles"
    bundles.mkdir(parents=True)
    device.bundle.rename(bundles / device.bundle.name)
    (bundles / "99991231T000000Z-gru-00000000").mkdir()
    assert "none on this device yet" in device.run("check").stdout
    (bundles / "live.json").write_text(json.dumps({"live": device.bundle.name}))
    answer = device.run("check")
    assert (answer.returncode, device.bundle.name in answer.stdout) == (0, True)


def test_check_loads_nothing_heavy(device: Device) -> None:
    """Neither the trainer's packages nor the database's client; a device may not even have them."""
    code = f"import sys, edge.cli; print(edge.cli.run(['check'])); print([m for m in {HEAVY!r} if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], cwd=device.folder, capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-2:] == ["0", "[]"]


def test_help_loads_not_even_numpy() -> None:
    """Asking for help is answered at once."""
    code = "import sys, edge.cli; edge.cli._parser().format_help(); print([m for m in ('numpy', 'paho') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


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
        (b"", "has no time column"),
        (b"series,value\na,1\n", "has no time column; expected one named time in the first line, got ['series', 'value']"),
        (b"series,time,value\na,yesterday,1\n", "row 2: 'yesterday' is no time"),
        (b"series,time,value\na,0,1\n", "row 2: '0' is not between the years 2000 and 2100"),
        (b"series,time,value\n\na,1768478400,warm\n", "row 3: expected a number, got 'warm'"),
        (b"series,time,value\na,1768478400\n", "row 2: too few columns"),
        (b"time,a\n1768478400,1_000\n", "row 2: expected a number"),
        (b"time,a\n1768478400,\xff\n", "is no CSV in UTF-8"),
        (b'time,a\n1768478400,"' + b"x" * 200_000, "is no CSV in UTF-8: field larger than field limit"),
        (b"\x00\x01\x02" * 100, "has no time column"),
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
        (["run", "--config", "none.toml"], 2, "name the file with --config"),
    ],
)
def test_missing_file_is_one_line(arguments: list[str], code: int, words: str, device: Device) -> None:
    """Exit code 2 only where the configuration is meant."""
    device.readings([("roof", START, 1)])
    answer = device.run(*arguments)
    assert (answer.returncode, answer.stderr.count("\n")) == (code, 1)
    assert answer.stderr.startswith("gatecast-agent: ")
    assert words in answer.stderr


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


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConfigurationError("wrong"), 2, "tool: wrong\n"),
        (HistoryError("too short"), 1, "tool: too short\n"),
        (StoreDenied("no"), 1, "tool: no\n"),
        (
            PermissionError(13, "Permission denied", "/x"),
            1,
            "tool: /x: Permission denied; check that it is there",
        ),
        (ConnectionResetError(104, "Connection reset by peer"), 1, "tool: Connection reset by peer\n"),
        (KeyboardInterrupt(), 130, "tool: stopped by Ctrl-C\n"),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, BaseException) else "",
)
def test_what_can_go_wrong_is_one_line(error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The error's class says the exit code, for both programs; what nobody expects is not hidden."""

    def command() -> int:
        raise error

    assert guarded("tool", command) == code
    out, line = capsys.readouterr()
    assert (out, line.count("\n"), line.startswith(said)) == ("", 1, True)
    assert guarded("tool", lambda: 0) == 0
    with pytest.raises(ZeroDivisionError):
        guarded("tool", lambda: 1 // 0)

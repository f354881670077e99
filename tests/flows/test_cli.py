"""`gatecast` as a user meets it: help, wrong use, and what needs no training."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from edge.config import Config, read_config
from flows.cli import run
from pipeline.release.registry import Registry
from tests.support.agent_process import baseline_bundle

COMMANDS = ("init", "import", "retrain", "models", "promote", "rollback", "serve", "demo")


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of a command."""
    code = run(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_help_fits_a_screen(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most 40 lines of 80 columns, naming every default."""
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as stopped:
        run([*command, "--help"])
    assert stopped.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80


def test_help_loads_nothing_heavy() -> None:
    """`gatecast --help` imports no TensorFlow, Prefect, polars, numpy or rich."""
    code = (
        "import sys, flows.cli\ntry: flows.cli.run(['--help'])\nexcept SystemExit: pass\nprint(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"tensorflow", "keras", "prefect", "polars", "numpy", "rich"} & set(done.stderr.split())


def test_init_writes_every_setting_with_its_default(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The template is the defaults, but for a release channel in the registry beside it; no setting is missing."""
    path = tmp_path / "gatecast.toml"
    assert call(capsys, "init", "--config", str(path))[0] == 0
    config, default = read_config(path), Config()
    assert [name for name in Config.__struct_fields__ if getattr(config, name) != getattr(default, name)] == ["release"]
    written = set(re.findall(r"^(?:# )?(\w+) = ", path.read_text(), re.MULTILINE))
    sections = [getattr(default, name) for name in Config.__struct_fields__ if name != "ingest"] + list(default.ingest)
    settings = {field for section in sections for field in section.__struct_fields__}
    assert settings - written == {"password_file"}
    assert call(capsys, "init", "--config", str(path))[0] == 2


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A fleet in a folder of its own."""
    path = tmp_path / "gatecast.toml"
    path.write_text(f'[store]\nurl = "sqlite:///{tmp_path / "store.db"}"\n[registry]\npath = "{tmp_path / "registry"}"\n')
    return path


def test_import_says_how_much_came_in(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Readings, series, span and what comes of it, in words and as JSON; a second time changes nothing."""
    data = tmp_path / "data.csv"
    data.write_text("time,a,x.y.b\n2024-01-01T00:00:00+01:00,1,\n2024-01-01T01:00:00+01:00,2,3\n")
    code, out, _ = call(capsys, "import", str(data), "--config", str(config))
    assert code == 0
    assert out.splitlines() == [
        f"3 readings of 2 series are in sqlite:///{tmp_path / 'store.db'}",
        "  time: 2023-12-31T23:00:00Z to 2024-01-01T00:00:00Z",
        "  in no [[ingest]] topic: 1 of 2 series, such as 'a'; live readings never continue them, check [[ingest]] series",
        "  retrain takes: interval 1h, looks back 7d, ahead 1d; this needs 12.0 days of history, the store holds 0.1",
        "next: import or collect more, then gatecast retrain",
    ]
    code, out, _ = call(capsys, "import", str(data), "--config", str(config), "--json")
    assert json.loads(out) == {
        "readings": 3, "rows": 3, "repeated": 0, "not_finite": 0, "series": 2, "unmatched": ["a"],
        "first": "2023-12-31T23:00:00Z", "last": "2024-01-01T00:00:00Z", "interval": "1h", "window": 168, "horizon": 24,
    }  # fmt: skip


def test_import_says_which_rows_count_for_nothing(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same time twice, and a value that is infinite; one reading alone tells no interval."""
    data = tmp_path / "data.csv"
    data.write_text("time,x.y.b\n2024-01-01,1\n2024-01-01,2\n2024-01-02,inf\n")
    code, out, _ = call(capsys, "import", str(data), "--config", str(config))
    assert code == 0
    assert out.splitlines() == [
        f"1 readings from 2 rows of 1 series are in sqlite:///{tmp_path / 'store.db'}",
        "  time: 2024-01-01T00:00:00Z to 2024-01-01T00:00:00Z",
        "  overwritten by a later row of the same series and time: 1 rows, first 'x.y.b' at 2024-01-01T00:00:00Z",
        "  infinite values, left out: 1",
        "next: import or collect more, then gatecast retrain",
    ]


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (None, 2, "no such file"),
        ("", 1, "is empty"),
        ("time,a\n", 1, "rows below the header"),
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
    found, out, error = call(capsys, "import", str(data), "--config", str(config))
    assert (found, out) == (code, "")
    assert len(error.splitlines()) == 1
    assert said in error
    assert not (tmp_path / "store.db").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[agnet]\nbatch = 1\n", "did you mean 'agent'"),
        ("[agent]\nlateness = '5 parsecs'\n", "[agent] lateness"),
        ("[fleet]\nhorizon = 'far'\n", "fleet.horizon"),
        ("[store]\nurl = 'postgres://x'\n", "is no store"),
        ("[mqtt]\nurl = 'mqtt://u:secret@h'\n", "GATECAST_MQTT_PASSWORD"),
        ("[[ingest]]\ntopic = 'a/#'\n", "whole level"),
        ("nonsense", "is no TOML"),
    ],
)
def test_wrong_configuration_is_one_line_and_exit_code_2(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Expected, found and what to do, before anything happens."""
    path, data = tmp_path / "gatecast.toml", tmp_path / "data.csv"
    path.write_text(text)
    data.write_text("time,a\n2024-01-01,1\n")
    code, _, error = call(capsys, "import", str(data), "--config", str(path))
    assert code == 2
    assert len(error.splitlines()) == 1
    assert said in error
    assert "secret" not in error


def test_an_unreachable_store_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 1 after a few tries, with the setting to check."""
    monkeypatch.setattr("pipeline.history.from_store.TRIES", 1)
    path, data = tmp_path / "gatecast.toml", tmp_path / "data.csv"
    path.write_text('[store]\nurl = "influxdb://127.0.0.1:1/bucket"\n')
    data.write_text("time,a\n2024-01-01,1\n")
    code, _, error = call(capsys, "import", str(data), "--config", str(path))
    assert code == 1
    assert len(error.splitlines()) == 1
    assert "[store] url" in error


def test_an_empty_registry_says_what_to_do(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Listing, promoting and rolling back without bundles."""
    assert "gatecast retrain" in call(capsys, "models", "--config", str(config))[1]
    assert json.loads(call(capsys, "models", "--config", str(config), "--json")[1]) == []
    assert call(capsys, "promote", "20260101T000000Z-gru-00000000", "--config", str(config))[0] == 2
    assert call(capsys, "rollback", "--config", str(config))[0] == 2


def test_promoting_what_is_live_says_that_it_is_named_anew(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first time agents take it, the second time those try it again that refused it; the document is another one."""
    registry = Registry(config.with_name("registry"))
    version = baseline_bundle().manifest.version
    registry.add(baseline_bundle())
    first = call(capsys, "promote", version, "--config", str(config))[1]
    before = registry.channel()
    second = call(capsys, "promote", version, "--config", str(config))[1]
    after = registry.channel()
    assert first == f"channel live names {version}; agents take it at their next look\n"
    assert second == f"channel live named {version} already and names it anew: agents that refused it try it again\n"
    assert before is not None
    assert after is not None
    assert (after.changed > before.changed, after.history) == (True, [])


def test_a_missing_configuration_names_the_next_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`gatecast init` makes one."""
    code, _, error = call(capsys, "models", "--config", str(tmp_path / "none.toml"))
    assert (code, "gatecast init" in error) == (2, True)


@pytest.mark.parametrize("number", ["-1", "many", "1.5"])
def test_a_number_of_trials_that_is_none_is_refused(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--tune takes a whole number; anything else ends with exit code 2 and says so."""
    with pytest.raises(SystemExit) as stopped:
        run(["retrain", f"--tune={number}"])
    assert stopped.value.code == 2
    assert f"expected a number of trials such as 20; got '{number}'" in capsys.readouterr().err


@pytest.mark.training
def test_tuning_without_optuna_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One clear line and exit code 2, before a server starts or history is read."""
    config = tmp_path / "gatecast.toml"
    assert call(capsys, "init", "--config", str(config))[0] == 0
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "optuna", None)
    code, _, errors = call(capsys, "retrain", "--config", str(config), "--tune", "2")
    assert code == 2
    assert errors.splitlines()[-1] == "gatecast: optuna is not installed; in a clone of the repository: pip install '.[tune]'"
    assert not (tmp_path / "registry").exists()

"""`gatecast store`: what a look at the store means, as text and as JSON."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from edge.checks.connected.store_words import Wanted, document, findings
from edge.checks.finding import Grade
from edge.contract.columns import SeriesTable
from edge.contract.times import DAY
from edge.stores.looking.look import Look
from edge.stores.size import Size
from edge.stores.sqlite import SqliteStore
from tests.support.agent_process import CONTRACT, baseline_bundle, release
from tests.support.commands import call, write_fleet
from tests.support.fake_influx import FakeInflux2
from tests.support.stores import NOW, readings, write

WELL = Look("InfluxDB 2.7.12", organisation="home", keep=0, ahead=0.4)
FILE = Look("SQLite 3.40.1", size=Size(10_000_000, 0, 0, shrinks=True))
WANTED = Wanted(windows=0, window=7 * DAY)


def grade(look: Look, subject: str, wanted: Wanted = WANTED) -> tuple[Grade, str]:
    """Grade and text of one finding."""
    ((grade, text),) = [(finding.grade, finding.text) for finding in findings(look, wanted) if finding.subject == subject]
    return grade, text


def test_store_that_is_well_has_a_line_for_each_check() -> None:
    """Nothing is wrong, and nothing is to do."""
    found = findings(WELL, WANTED)
    assert {finding.grade for finding in found} == {Grade.OK}
    assert [finding.subject for finding in found] == ["store", "write", "read", "organisation", "retention", "clock"]
    assert [finding.subject for finding in findings(FILE, WANTED)] == ["store", "write", "read", "retention", "size"]


def test_reasons_come_with_the_command_once() -> None:
    """At the first line that it mends."""
    both = replace(WELL, writes="no", reads="neither", advice="make it", keep=None)
    assert [grade(both, subject) for subject in ("write", "read")] == [(Grade.WRONG, "no; make it"), (Grade.WRONG, "neither")]
    assert "retention" not in [finding.subject for finding in findings(both, WANTED)]
    assert grade(replace(WELL, reads="neither", advice="make it"), "read") == (Grade.WRONG, "neither; make it")
    assert grade(replace(WELL, remains="a row stays"), "write") == (Grade.OK, "a row was written; a row stays")
    assert [finding.text for finding in findings(Look("", trouble="away"), WANTED)] == ["away"]


@pytest.mark.parametrize(
    ("keep", "windows", "expected"),
    [
        (0, 30 * DAY, Grade.OK),
        (21 * DAY, 0, Grade.OK),
        (21 * DAY, 7 * DAY, Grade.OK),
        (20 * DAY, 0, Grade.WARNING),
        (43 * DAY, 30 * DAY, Grade.WARNING),
        (29 * DAY, 30 * DAY, Grade.WRONG),
    ],
)
def test_retention_is_held_against_windows_and_training(keep: int, windows: int, expected: Grade) -> None:
    """Two weeks and a window for a training; less than the live windows is wrong, in a bucket and in a file alike."""
    wanted = replace(WANTED, windows=windows)
    assert grade(replace(WELL, keep=keep), "retention", wanted)[0] is expected
    assert grade(FILE, "retention", replace(wanted, keep=keep or None))[0] is expected


def test_retention_that_is_not_told_is_a_warning() -> None:
    """With the server's reason."""
    assert grade(replace(WELL, keep=None, untold="hidden"), "retention") == (Grade.WARNING, "not known: hidden")


@pytest.mark.parametrize(("ahead", "words"), [(6.0, "6 s ahead of"), (-6.0, "6 s behind"), (7200.0, "2h ahead of")])
def test_clocks_that_differ_are_a_warning(ahead: float, words: str) -> None:
    """A few seconds are what a Date cannot tell."""
    assert grade(replace(WELL, ahead=5.0), "clock")[0] is Grade.OK
    found, text = grade(replace(WELL, ahead=ahead), "clock")
    assert found is Grade.WARNING
    assert words in text


def test_file_that_keeps_its_free_pages_is_told_how_to_give_them_back() -> None:
    """A warning where they are much of it; a damaged file says so instead."""
    size = Size(10_000_000, 0, 1_000_000, shrinks=False)
    for free, expected in ((1_000_000, Grade.OK), (5_000_000, Grade.WARNING)):
        found, text = grade(replace(FILE, size=replace(size, free=free)), "size")
        assert found is expected
        assert "`gatecast store vacuum` writes it anew" in text
    assert grade(replace(FILE, fault="page 3"), "file")[0] is Grade.WRONG


def test_json_has_numbers_beside_the_texts() -> None:
    """What is not known is null."""
    told = document(WELL, findings(WELL, WANTED))
    assert (told["ok"], told["store"], told["keep_seconds"], told["bytes"]) == (True, "InfluxDB 2.7.12", 0, None)
    away = Look("", trouble="away")
    assert document(away, findings(away, WANTED)) == {
        "ok": False,
        "store": None,
        "writes": False,
        "reads": False,
        "organisation": None,
        "keep_seconds": None,
        "clock_ahead_seconds": None,
        "bytes": None,
        "checks": [{"subject": "store", "text": "away", "grade": "wrong"}],
    }
    assert document(FILE, findings(FILE, WANTED))["bytes"] == {"file": 10_000_000, "log": 0, "free": 0}


def test_command_tries_the_store_of_the_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before and after its file is there, with exit code 0; made small it tells both sizes."""
    config = write_fleet(tmp_path)
    code, out, _ = call(capsys, "store", "check", "--config", config)
    assert code == 0
    assert "ok    file: there is none yet" in out
    code, _, errors = call(capsys, "store", "vacuum", "--config", config)
    assert code == 2
    assert "there is no such file" in errors
    store = SqliteStore(tmp_path / "store.db")
    write(store, SeriesTable(["a"]), readings([0], [NOW], [1]))
    store.close()
    assert "ok    write: a row was written, and deleted again\n" in call(capsys, "store", "check", "--config", config)[1]
    assert json.loads(call(capsys, "store", "check", "--config", config, "--json")[1])["ok"] is True
    assert set(json.loads(call(capsys, "store", "vacuum", "--config", config, "--json")[1])) == {"before", "after"}
    assert "from now on it gives free pages back" in call(capsys, "store", "vacuum", "--config", config)[1]


@pytest.mark.training
def test_windows_of_the_live_bundle_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A `keep` that is shorter than they are is wrong, with exit code 1; one that cannot be read is no matter of the store."""
    config, bundle = write_fleet(tmp_path), baseline_bundle(replace(CONTRACT, interval=DAY // 8, window=24))
    channel = release(tmp_path / "registry", bundle)
    text = config.read_text().replace("[registry]", 'keep = "2d"\n[registry]')
    store = SqliteStore(tmp_path / "store.db")
    write(store, SeriesTable(["a"]), readings([0], [NOW], [1]))
    store.close()
    for path, expected in ((channel, 1), (tmp_path / "none.json", 0)):
        config.write_text(f'{text}[release]\nchannel = "{path}"\n[agent]\nstate = "{tmp_path}/state"\n')
        code, out, _ = call(capsys, "store", "check", "--config", config)
        assert (code, "2d is shorter than the windows of the live bundle (3d)" in out) == (expected, bool(expected))


def test_command_needs_an_sqlite_file_to_make_small_and_a_server_that_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2 for the wrong kind of store, 1 where something is wrong with it."""
    monkeypatch.setenv("GATECAST_INFLUX_TOKEN", "reader")
    config = tmp_path / "gatecast.toml"
    with FakeInflux2() as fake:
        config.write_text(f'[store]\nurl = "{fake.store_url()}"\n')
        code, _, errors = call(capsys, "store", "vacuum", "--config", config)
        assert code == 2
        assert "is for SQLite" in errors
        code, out, _ = call(capsys, "store", "check", "--config", config)
        assert code == 1
        assert "WRONG write: " in out
        assert "influx auth create" in out


def test_device_without_a_trainer_can_look_at_its_store(tmp_path: Path) -> None:
    """No package of the trainer is loaded."""
    config = write_fleet(tmp_path)
    call = f"flows.cli.run(['store', 'check', '--config', {str(config)!r}])"
    code = f"import sys, flows.cli; {call}; print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "ok    store: SQLite" in done.stdout
    assert not {"tensorflow", "keras", "prefect", "polars", "influxdb_client"} & set(done.stderr.split())

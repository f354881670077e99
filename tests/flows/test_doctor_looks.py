"""What a trainer has beside a device: packages, memory, registry, history, Prefect."""

import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("prefect")

from prefect.settings import PREFECT_API_URL, temporary_settings

from edge.checks.finding import Finding, Grade
from edge.config.reading import read_config
from edge.config.sections import Config
from edge.contract.columns import Points, SeriesTable
from edge.contract.schema import RETRAINING
from edge.contract.times import DAY, SECOND
from edge.stores.store import encode_blocks
from flows.doctor.looks.history import check_history, check_last_training
from flows.doctor.looks.machine import check_memory, check_packages, check_registry_disk
from flows.doctor.looks.prefect import check_prefect, server_of_ours
from flows.doctor.looks.registry import check_registry
from flows.retraining.fleet import fleet_name
from pipeline.release.registry import Registry
from tests.support.agent_process import baseline_bundle
from tests.support.commands import write_fleet
from tests.support.fake_prefect import fake_prefect
from tests.support.prefect_server import PrefectServer
from tests.support.servers import free_port
from tests.support.stores import readings, write

pytestmark = pytest.mark.training


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A fleet with an empty store and no registry yet."""
    return read_config(write_fleet(tmp_path))


def told(findings: list[Finding]) -> list[tuple[str, Grade]]:
    """Subjects and grades."""
    return [(finding.subject, finding.grade) for finding in findings]


def test_packages_that_a_training_lacks_are_named() -> None:
    """Either package of TensorFlow will do; extras are listed."""
    (finding,) = check_packages(lambda name: None if name in ("polars", "nicegui") else "1.0")
    assert (finding.grade, finding.text.endswith("extras: dask, peers, tune, sparkplug, postgres; not there: polars")) == (
        Grade.WRONG,
        True,
    )
    assert "pip install '.[train]'" in finding.advice
    assert check_packages()[0].grade is Grade.OK


def test_memory_is_that_of_the_control_group_where_it_is_less(tmp_path: Path) -> None:
    """Two GiB are enough, half a GiB of a group is not, and a system without the table is taken as it is."""
    table = tmp_path / "meminfo"
    table.write_text("MemTotal: 4194304 kB\nMemAvailable: 2097152 kB\n")
    assert check_memory(table, lambda: 4 << 30)[0].text.startswith("2.0 GB available, of 4.0 GB")
    limits = (lambda: 4 << 30, lambda: 1 << 29)
    assert [check_memory(table, limit)[0].grade for limit in limits] == [Grade.OK, Grade.WARNING]
    assert check_memory(tmp_path / "none", lambda: 4 << 30)[0].text.startswith("4.0 GB available")


def test_the_disk_of_the_registry(config: Config) -> None:
    """As for the folders of a device."""
    rooms = (lambda _: 1 << 40, lambda _: 1 << 29, lambda _: 0)
    assert [check_registry_disk(config, room)[0].grade for room in rooms] == [Grade.OK, Grade.WARNING, Grade.WRONG]


def test_champion_and_candidate(config: Config) -> None:
    """Nothing, one that is live, a newer one that is not, and a channel that is damaged."""
    assert told(check_registry(config)) == [("champion", Grade.WARNING)]
    registry = Registry(Path(config.registry.path))
    first, second = (baseline_bundle(second=second) for second in (0, 1))
    made = datetime(2026, 11, 22, 15, 45, tzinfo=UTC)
    registry.add(first)
    registry.promote(first.manifest.version)
    champion, candidate = check_registry(config, lambda: made + timedelta(days=3))
    assert champion.text == f"{first.manifest.version}: trained on none of your series, 3 days old, on channel 'live'"
    assert candidate.text == "none is newer; 1 bundle kept"
    registry.add(second)
    assert f"gatecast promote {second.manifest.version} would release it" in check_registry(config)[1].text
    (registry.path / "channels" / "live.json").write_text("{")
    assert told(check_registry(config)) == [("champion", Grade.WRONG)]


def test_a_history_is_enough_or_not(config: Config) -> None:
    """An empty store, and ninety days of hourly readings of one series."""
    (finding,) = check_history(config)
    assert (finding.grade, "no training yet" in finding.text, bool(finding.advice)) == (Grade.WARNING, True, True)
    hour, now = 3600 * SECOND, time.time_ns() // (3600 * SECOND) * 3600 * SECOND
    times = np.arange(now - 90 * DAY, now, hour)
    with closing(config.store.open()) as store:
        write(store, SeriesTable(["roof"]), readings(np.zeros(len(times), int), times, np.sin(times / DAY * 6.28)))  # type: ignore[arg-type]
    (finding,) = check_history(config)
    assert finding.grade is Grade.OK
    assert finding.text.startswith("2,160 readings of 1 series; a training takes 1 of them: interval ")


def test_a_large_store_is_counted_and_not_read(config: Config) -> None:
    """Whether it is enough is told by its length and its first readings; nothing, one moment, five days, ninety days."""
    hour, now = 3600 * SECOND, time.time_ns() // (3600 * SECOND) * 3600 * SECOND
    said = []
    for days in (0, 1 / 24, 5, 90):
        times = np.arange(now - round(days * 24) * hour, now, hour)
        with closing(config.store.open()) as store:
            write(store, SeriesTable(["roof"]), readings(np.zeros(len(times), int), times, np.sin(times / DAY * 6.28)))  # type: ignore[arg-type]
        (finding,) = check_history(config, large=1)
        said.append((finding.grade, finding.text))
    assert said[0] == (Grade.WARNING, "0 readings of 0 series; no training yet: the store holds no readings")
    assert said[1] == (
        Grade.WARNING,
        "1 reading of 1 series; no training yet: expected two readings of one series at different times",
    )
    assert said[2] == (Grade.WARNING, "120 readings of 1 series, 5 days; no training yet: it needs 12 days")
    enough = "2,160 readings of 1 series, 90 days; a training needs 12 days: interval 1h, looks back 7d, ahead 1d"
    assert said[3] == (Grade.OK, f"{enough}; gatecast history reads it all, and says which series it takes")


def test_the_last_training_is_read_from_the_store(config: Config) -> None:
    """The newest row counts."""
    assert "none within 60 days" in check_last_training(config)[0].text
    now = time.time_ns()
    for days, failed, released, expected in ((3, 1, 0, Grade.WRONG), (2, 0, 1, Grade.OK), (9, 1, 0, Grade.OK)):
        columns = {"failed": np.array([failed]), "released": np.array([released]), "seconds": np.array([1.0])}
        row = Points(RETRAINING, np.zeros(1, np.int32), np.array([now - days * DAY]), columns)  # type: ignore[arg-type]
        with closing(config.store.open()) as store:
            for block in encode_blocks(store, [row], SeriesTable(["fleet"])):
                store.write(block)
        (finding,) = check_last_training(config)
        assert finding.grade is expected
    assert finding.text.endswith("and a bundle was released")


def test_without_a_server_of_prefect(config: Config, tmp_path: Path) -> None:
    """Nothing runs; `gatecast serve` runs with a server of its own; a server is named and is away, or is something else."""
    path = tmp_path / "gatecast.toml"
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        assert told(check_prefect(config, path)) == [("prefect", Grade.WARNING)]
        (tmp_path / ".gatecast" / "prefect").mkdir(parents=True)
        (tmp_path / ".gatecast" / "prefect" / "serve.lock").write_text("7")
        (tmp_path / "proc" / "7").mkdir(parents=True)
        assert server_of_ours(path, tmp_path / "proc") == 7
        assert "gatecast serve runs (process 7)" in check_prefect(config, path, tmp_path / "proc")[0].text
    with temporary_settings({PREFECT_API_URL: f"http://me:secret@127.0.0.1:{free_port()}/api"}):
        (finding,) = check_prefect(config, path)
        assert (finding.grade, "does not answer" in finding.text, "secret" in finding.line) == (Grade.WRONG, True, False)
    with fake_prefect() as server:
        server.status = 404
        assert told(check_prefect(config, path)) == [("prefect", Grade.WRONG)]


@pytest.mark.slow
def test_what_a_real_server_knows_of_the_fleet(config: Config, tmp_path: Path) -> None:
    """No deployment, one whose runs nobody starts, and a run that failed."""
    path = tmp_path / "gatecast.toml"
    (tmp_path / "prefect").mkdir()
    with PrefectServer(tmp_path / "prefect") as server, temporary_settings({PREFECT_API_URL: server.url}):
        findings = check_prefect(config, path)
        assert told(findings) == [("prefect", Grade.OK), ("prefect", Grade.WARNING), ("prefect", Grade.WARNING)]
        assert findings[1].text == f"it knows no deployment retrain/{fleet_name(path, config)}"
        flow = server.ask("/flows/", {"name": "retrain"})["id"]
        deployment = server.ask("/deployments/", {"name": fleet_name(path, config), "flow_id": flow})["id"]
        findings = check_prefect(config, path)
        assert told(findings[1:3]) == [("prefect", Grade.WARNING), ("run of retrain", Grade.OK)]
        assert findings[1].text.startswith("nobody starts the runs of retrain/")
        run = server.ask(f"/deployments/{deployment}/create_flow_run", {})["id"]
        server.ask(f"/flow_runs/{run}/set_state", {"state": {"type": "FAILED", "message": "no room"}, "force": True})
        failed = check_prefect(config, path)[2]
        assert (failed.subject, failed.grade) == ("run of retrain", Grade.WARNING)
        assert "no room" in failed.text

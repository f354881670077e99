"""Fleets on a two-worker Dask cluster: they release what one machine alone releases, and a failure costs one fleet."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flows.fleets.configurations import Named, fleets_of
from flows.fleets.run import at_once
from flows.running.parcel import Workshop
from tests.flows.test_retraining_flow import cycles, fill, gatecast, live, write_fleet
from tests.support.prefect_server import PrefectServer


def fleet(folder: Path, runner: str, *, history: bool = True) -> Path:
    """A fleet of three series and one cell, without a choice that depends on how quick the machine is."""
    folder.mkdir()
    path = write_fleet(folder, '["simplernn"]')
    text = path.read_text(encoding="utf-8").replace('"float32", "int8"', '"float32"')
    path.write_text(text.replace("[train]\n", f'[train]\nrunner = "{runner}"\n'), encoding="utf-8")
    if history:
        fill(folder, cycles())
    return path


@pytest.mark.training
@pytest.mark.slow
def test_a_cluster_of_two_workers_releases_what_one_machine_releases(prefect_server: PrefectServer, tmp_path: Path) -> None:
    """Bit by bit; a fleet without history is a row, and the exit code is 1."""
    alone = fleet(tmp_path / "alone", "threads")
    (tmp_path / "many").mkdir()
    first, second = (fleet(tmp_path / "many" / name, "dask") for name in ("first", "second"))
    fleet(tmp_path / "many" / "empty", "dask", history=False)
    with ThreadPoolExecutor(1) as beside:
        single = beside.submit(gatecast, prefect_server, "retrain", "--config", str(alone))
        done = gatecast(prefect_server, "retrain", str(tmp_path / "many"), "--json")
    assert single.result().returncode == 0, single.result().stderr
    assert done.returncode == 1, done.stderr
    outcomes = {Path(str(each["config"])).parent.name: each for each in json.loads(done.stdout)}
    assert "the store holds no readings" in outcomes["empty"]["error"]
    assert outcomes["first"]["error"] is outcomes["second"]["error"] is None
    expected = live(alone)
    for path in (first, second):
        made = live(path)
        assert made.model == expected.model
        assert made.manifest.training is not None
        assert expected.manifest.training is not None
        assert made.manifest.training.data_hash == expected.manifest.training.data_hash
        own, others = made.manifest.metrics, expected.manifest.metrics
        assert [metric.absolute_error for metric in own] == [metric.absolute_error for metric in others]


def named(tmp_path: Path, cells: str) -> list[Named]:
    """One fleet that asks for these cells."""
    path = tmp_path / "gatecast.toml"
    path.write_text(f"[train]\ncells = {cells}\n", encoding="utf-8")
    return fleets_of([path])


@pytest.mark.parametrize(
    ("slots", "shared", "cells", "expected"),
    [
        (2, False, '["gru"]', 1),
        (2, True, '["gru", "lstm", "simplernn"]', 2),
        (8, True, '["gru", "lstm"]', 6),
        (3, True, '["gru"]', 5),
    ],
)
def test_a_cluster_is_kept_busy_and_one_machine_is_not_overrun(
    tmp_path: Path, slots: int, cells: str, expected: int, *, shared: bool
) -> None:
    """On one machine a fleet at a time; of a cluster as many as it trains, one that is read and one that is judged."""
    shop = Workshop(lambda: None, slots, apart=True, result=lambda future: future, shared=shared)  # type: ignore[arg-type,return-value]
    assert at_once(shop, named(tmp_path, cells)) == expected

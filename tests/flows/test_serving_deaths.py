"""The row of a run whose process died."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("prefect")

from edge.contract.columns import SeriesTable
from edge.contract.schema import RETRAINING
from edge.stores.sqlite import SqliteStore
from flows.serving.deaths import write_death
from flows.serving.deployment import Run
from tests.support.commands import write_fleet

pytestmark = pytest.mark.training
NOW = datetime(2026, 11, 26, 12, 0, 0, 250_000, tzinfo=UTC)
DEAD = Run("a", "CRASHED", "exit code -9\nmore", NOW, NOW, 90.0, parameters={"cause": "drift"})


def test_a_run_that_was_killed_is_a_row_that_says_so(tmp_path: Path) -> None:
    """Once, however often it is told; an alarm that reads the newest row would else see the last run that ended well."""
    path = write_fleet(tmp_path)
    for _ in range(2):
        write_death(DEAD, path, "mill", pytest.fail)
    store, fleets = SqliteStore(tmp_path / "store.db"), SeriesTable()
    (page,) = store.read(RETRAINING, ["failed", "released", "seconds"], 0, 1 << 62, fleets)
    store.close()
    assert (fleets.names, page.time.tolist()) == (["mill"], [int(NOW.timestamp()) * 10**9 + 250_000_000])
    failed, released, seconds = (np.asarray(column)[0] for column in page.fields.values())
    assert (failed, released) == (1, 0)
    assert seconds >= 90.0


def test_a_file_that_cannot_be_used_now_costs_the_row_alone(tmp_path: Path) -> None:
    """`gatecast serve` goes on."""
    path = tmp_path / "gatecast.toml"
    path.write_text("[store")
    write_death(DEAD, path, "mill", pytest.fail)
    path.write_text('[store]\nurl = "influxdb://127.0.0.1:9/nowhere"\n')
    said: list[str] = []
    write_death(DEAD, path, "mill", said.append)
    assert len(said) == 1

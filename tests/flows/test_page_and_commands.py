"""The same series has the same error, gain and coverage on the page, in `gatecast series` and in `gatecast forecast`."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from edge.stores.influx import InfluxStore
from edge.stores.sqlite import SqliteStore
from edge.stores.store import Store
from flows.page.figures.asked import look
from tests.support.commands import call
from tests.support.looked_at import START, fill, write_config
from tests.support.servers import Influx


def check(capsys: pytest.CaptureFixture[str], config: Path, store: Store) -> None:
    """By hand: 1 and 3 beside 2 and 6, and one of two facts inside."""
    row = look(store, START, by_readings=True).row("roof.t")
    assert row is not None
    listed = json.loads(call(capsys, "series", "roof.t", "--config", config, "--json")[1])
    told = json.loads(call(capsys, "forecast", "roof.t", "--config", config, "--json")[1])
    names = ("error", "naive_error", "gain", "coverage")
    assert (row.error, row.naive, row.gain, row.coverage) == (2.0, 4.0, 0.5, 0.5)
    assert tuple(listed["series"][0][name] for name in names) == tuple(told[name] for name in names) == (2.0, 4.0, 0.5, 0.5)
    assert listed["error_over_seconds"] == told["error_over_seconds"] == 86_400


def test_errors_are_the_same_everywhere_with_sqlite(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In a file."""
    fill(tmp_path)
    with closing(SqliteStore(tmp_path / "store.db")) as store:
        check(capsys, write_config(tmp_path), store)


@pytest.mark.servers
def test_errors_are_the_same_everywhere_with_influxdb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In a real server."""
    with Influx(tmp_path / "influx") as server:
        server.create("b")
        (tmp_path / "token").write_text(server.token)
        with closing(InfluxStore(server.url, "b", server.organisation, server.token)) as store:
            fill(tmp_path, store)
            url = server.url.replace("http://", "influxdb://") + f"/b?org={server.organisation}"
            config = write_config(tmp_path, url)
            config.write_text(config.read_text().replace("[agent]", f'token_file = "{tmp_path / "token"}"\n[agent]'))
            config.parent.joinpath("token").chmod(0o600)
            check(capsys, config, store)

"""Prefect servers of our own: each has its own database, and what goes wrong with them is one line."""

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("prefect")

import httpx
from prefect.settings import PREFECT_API_URL

from edge.errors import GatecastError
from flows.retraining.prefect_process import PrefectProcess, start_prefect, template_path
from flows.retraining.server import reachable_server
from tests.support.servers import HANGS_AFTER

pytestmark = [pytest.mark.training, pytest.mark.slow]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache of these tests: the first of them makes the tables of Prefect, which takes as long as a server's start."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def without_server(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    """Neither the user's server, nor his home and cache."""
    for name in ("PREFECT_API_URL", "PREFECT_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))


def flow_names(server: PrefectProcess) -> list[str]:
    """The flows that a server knows."""
    return [flow["name"] for flow in httpx.post(f"{server.url}/flows/filter", json={}, timeout=HANGS_AFTER).json()]


def test_two_servers_do_not_know_each_other_and_the_second_has_its_tables_ready(tmp_path: Path, cache: Path) -> None:
    """Where the tables kept are damaged, the first start makes them anew and keeps them, empty; the second copies them."""
    assert template_path().is_relative_to(cache)
    template_path().parent.mkdir(exist_ok=True)
    template_path().write_bytes(b"damaged" * 1000)
    with start_prefect(tmp_path / "first") as first:
        kept = template_path().read_bytes()
        httpx.post(f"{first.url}/flows/", json={"name": "of the first"}, timeout=HANGS_AFTER).raise_for_status()
        with start_prefect(tmp_path / "second") as second:
            assert flow_names(second) == []
        assert flow_names(first) == ["of the first"]
    assert template_path().read_bytes() == kept
    with closing(sqlite3.connect(template_path())) as database:
        assert database.execute("SELECT count(*) FROM flow").fetchone() == (0,)


def test_a_server_that_cannot_start_is_told_by_its_log(tmp_path: Path) -> None:
    """One line with its last words and the file that has all of them."""
    (tmp_path / "home" / "prefect.db").mkdir(parents=True)
    with pytest.raises(GatecastError, match=r"Prefect's own server does not start: .+; see .*server\.log"):
        start_prefect(tmp_path / "home")


def test_a_damaged_database_is_moved_aside_with_a_line(tmp_path: Path) -> None:
    """It holds the history of runs only, and would keep all runs to come from being started."""
    home, said = tmp_path / "home", list[str]()
    home.mkdir()
    (home / "prefect.db").write_bytes(b"damaged" * 1000)
    with start_prefect(home, say=said.append) as server:
        assert flow_names(server) == []
    (line,) = said
    assert "prefect.db is damaged (file is not a database) and was moved to" in line
    (aside,) = home.glob("prefect.db.damaged-*")
    assert aside.read_bytes() == b"damaged" * 1000


def test_a_server_of_our_own_that_ends_meanwhile_is_one_line() -> None:
    """No advice about a server that the user has not got; other settings are as before."""
    homes: list[Path] = []

    def work() -> None:
        with reachable_server() as own:
            assert own is not None
            homes.append(own.home)
            assert os.environ["PREFECT_API_URL"] == PREFECT_API_URL.value() == own.url
            own.process.send_signal(signal.SIGKILL)
            own.process.wait()
            raise httpx.ConnectError("all attempts failed")

    with pytest.raises(GatecastError, match="the Prefect server of this run has failed: exit code -9; try again"):
        work()
    assert "PREFECT_API_URL" not in os.environ
    assert not homes[0].exists()

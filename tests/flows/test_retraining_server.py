"""A Prefect server that is away, at the start and in between."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("prefect")

from httpx import ConnectError
from prefect.settings import PREFECT_API_URL, temporary_settings

from edge.errors import GatecastError
from flows.retraining.server import reachable_server
from tests.support.fake_prefect import fake_prefect

pytestmark = pytest.mark.training
NOWHERE = "http://127.0.0.1:1/api"


@pytest.mark.parametrize("command", ["retrain", "serve"])
def test_a_server_that_is_away_is_one_line(command: str, tmp_path: Path) -> None:
    """Exit code 1, the address, and what to do; no history is read before."""
    config = tmp_path / "gatecast.toml"
    config.write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "flows.cli", command, "--config", str(config)],
        env={**os.environ, "PREFECT_HOME": str(tmp_path / "prefect"), "PREFECT_API_URL": NOWHERE},
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in done.stderr.splitlines() if line.startswith("gatecast: ")]
    assert (done.returncode, len(said), "Traceback" in done.stderr) == (1, 1, False)
    assert NOWHERE in said[0]
    assert "prefect server start" in said[0]
    assert "PREFECT_API_URL" in said[0]


def test_the_work_does_not_begin_without_the_server() -> None:
    """The address is asked first."""
    begun = False
    with temporary_settings({PREFECT_API_URL: NOWHERE}), pytest.raises(GatecastError, match=NOWHERE), reachable_server():
        begun = True
    assert not begun


def test_a_password_in_the_address_is_in_no_line() -> None:
    """Prefect's client sends it as the account; its errors quote the whole address."""
    with fake_prefect() as server:
        server.status = 401
        address = f"http://admin:hid@den@127.0.0.1:{server.server_port}/api"
        with temporary_settings({PREFECT_API_URL: address}), pytest.raises(GatecastError) as raised, reachable_server():
            pass
    assert f"http://*@127.0.0.1:{server.server_port}/api" in str(raised.value)
    assert "den" not in str(raised.value)


@pytest.fixture
def answering() -> Iterator[None]:
    """A server that answers when it is asked first."""
    with fake_prefect():
        yield


def test_a_server_that_goes_away_meanwhile_is_one_line(answering: None) -> None:
    """The first line of what Prefect's client says, and what to do."""
    with pytest.raises(GatecastError, match="Prefect: all attempts failed; start its server"), reachable_server():
        raise ConnectError("all attempts failed.\nFor more see elsewhere")


@pytest.mark.parametrize("error", [RuntimeError("ours"), ValueError("ours"), GatecastError("ours")])
def test_other_failures_of_the_work_stay_what_they_are(error: Exception, answering: None) -> None:
    """They are not blamed on Prefect."""
    with pytest.raises(type(error), match=r"^ours$"), reachable_server():
        raise error

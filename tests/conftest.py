"""Fixtures for all tests: real servers, started only where a test asks for them."""

import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.prefect_server import PrefectServer
from tests.servers import Influx, Mosquitto


@pytest.fixture(autouse=True)
def _stderr_of_today() -> None:
    """TensorFlow's logging library keeps the stderr of whichever test loaded it; that one may be closed by now."""
    library = sys.modules.get("absl.logging")
    if library is not None:
        library.get_absl_handler().python_handler.stream = sys.stderr


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker of the test's own, open to everybody."""
    with Mosquitto(tmp_path / "mosquitto") as server:
        yield server


@pytest.fixture(scope="session")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    """One InfluxDB for the whole session, with an account; a test that kills it starts its own."""
    with Influx(tmp_path_factory.mktemp("influx"), password=("gatecast", "between-us")) as server:
        yield server


@pytest.fixture
def bucket(influx: Influx) -> Iterator[str]:
    """Name of a fresh database of the session's InfluxDB."""
    name = f"test_{secrets.token_hex(6)}"
    influx.create(name)
    yield name
    influx.query("", f'DROP DATABASE "{name}"')


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """One Prefect server for the whole session."""
    with PrefectServer(tmp_path_factory.mktemp("prefect")) as server:
        yield server

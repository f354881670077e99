"""Fixtures for all tests: real servers, started only where a test asks for them."""

import contextlib
import importlib
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.support.named_influx import PREFIX, NamedInflux, named_influx
from tests.support.prefect_server import PrefectServer
from tests.support.servers import Influx, Mosquitto

# How long an example takes, or the making of it, says something about the machine.
hypothesis.settings.register_profile("gatecast", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("gatecast")


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker of the test's own, open to everybody."""
    with Mosquitto(tmp_path / "mosquitto") as server:
        yield server


@pytest.fixture(scope="session")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx | NamedInflux]:
    """One InfluxDB for the whole session, with an account; a test that kills it starts its own.

    It is the server that GATECAST_TEST_INFLUX_URL names, where it names one.
    """
    if (named := named_influx()) is not None:
        with contextlib.closing(named):
            yield named
        return
    with Influx(tmp_path_factory.mktemp("influx"), password=("gatecast", "between-us")) as server:
        yield server


@contextlib.contextmanager
def _fresh_bucket(influx: Influx | NamedInflux) -> Iterator[str]:
    if isinstance(influx, NamedInflux) and influx.cannot_create:
        pytest.skip(f"this needs a bucket of its own, and the token makes none on {influx!r}: {influx.cannot_create}")
    name = f"{PREFIX}{secrets.token_hex(6)}"
    influx.create(name)
    try:
        yield name
    finally:
        influx.drop(name)


@pytest.fixture
def bucket(influx: Influx | NamedInflux) -> Iterator[str]:
    """Name of a fresh bucket of the session's InfluxDB."""
    with _fresh_bucket(influx) as name:
        yield name


@pytest.fixture(scope="module")
def module_bucket(influx: Influx | NamedInflux) -> Iterator[str]:
    """Name of a bucket that all tests of a file share."""
    with _fresh_bucket(influx) as name:
        yield name


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """One Prefect server for the whole session, which nothing may end meanwhile."""
    with PrefectServer(tmp_path_factory.mktemp("prefect")) as server:
        yield server
        server.check()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first, then those that train, so that the processes that share the files end together."""
    slow, training = ({item.path for item in items if item.get_closest_marker(mark)} for mark in ("slow", "training"))
    items.sort(key=lambda item: (item.path not in slow, item.path not in training))


def pytest_configure() -> None:
    """Bind TensorFlow's log handler to the real standard error.

    It takes whatever stands there when it is first imported, and closes that when Prefect sets logging up: under pytest
    that would be the capture of the whole session.
    """
    with contextlib.suppress(ModuleNotFoundError), contextlib.redirect_stderr(sys.__stderr__):
        importlib.import_module("absl.logging")

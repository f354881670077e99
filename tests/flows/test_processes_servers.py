"""The processes beside the demo: how an agent that cannot start is told of."""

import socket
import struct
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.errors import ConfigurationError, GatecastError
from flows.processes.servers import AgentProcess, check_broker


@pytest.fixture
def breaking() -> Iterator[int]:
    """A port on which every connection is reset, as by a process that dies while it answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                connection.recv(1024)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_an_agent_that_ends_at_its_start_is_told_by_its_last_line(breaking: int, tmp_path: Path) -> None:
    """Also where its health page breaks off in between."""
    with (
        AgentProcess(tmp_path / "none.toml", tmp_path / "agent.log", breaking) as agent,
        pytest.raises(GatecastError, match=r"the agent ended: gatecast-agent: cannot read .*none\.toml"),
    ):
        agent.wait_ready()


def test_without_a_broker_to_start_the_demo_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is trained; either of the two brokers is enough."""
    monkeypatch.setitem(sys.modules, "amqtt", None)
    with pytest.raises(ConfigurationError, match=r"no MQTT broker is installed; install mosquitto, or in a clone"):
        check_broker(lambda: None)
    check_broker(lambda: "/usr/sbin/mosquitto")

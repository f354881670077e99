"""The processes that a command needs beside itself, such as a broker and the agent; each is ended by its own pid."""

import json
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.error import URLError
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from edge.agent.counters import Counter, Gauge, Number
from edge.errors import BrokerError, ConfigurationError, GatecastError
from flows.processes.patience import STALLED, Patience
from pipeline.processes.tied import tied

ENDS_WITHIN = 60.0  # seconds; an agent on a slow machine, with much to write, takes a few
MOSQUITTO = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {folder}/
autosave_interval 2
max_queued_messages 0
max_inflight_messages 1000
log_type error
log_type warning
"""
AMQTT = {"plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}}


def free_port() -> int:
    """A TCP port of this machine that nothing listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A child process with its output in a log file; it does not outlive this one.

    Args:
        command: program and its arguments.
        log: file for its output.
        environment: environment of the process; None: ours.
    """

    def __init__(self, command: list[str], log: Path, environment: dict[str, str] | None = None) -> None:
        self.log = log
        self._file: IO[bytes] = log.open("ab")
        self.process = subprocess.Popen(
            tied(command), stdout=self._file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> int:
        """Ask it to end, and make it end; returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self._file.close()
        return self.process.wait()

    @property
    def written(self) -> int:
        """Size of its log in bytes: it grows while the process gets on with its start."""
        return self.log.stat().st_size

    def died(self) -> str | None:
        """The last line of its log where the process has ended; None while it runs."""
        if self.process.poll() is None:
            return None
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"exit code {self.process.returncode}"


def find_mosquitto() -> str | None:
    """The program, from the PATH or from where Debian keeps what only root is expected to start."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def check_broker(find: Callable[[], str | None] = find_mosquitto) -> None:
    """Refuse a demo without a broker at once, not after minutes of training.

    Args:
        find: function that returns the path of mosquitto, or None.

    Raises:
        ConfigurationError: there is neither mosquitto nor amqtt.
    """
    if find() is None and find_spec("amqtt") is None:
        raise ConfigurationError(
            "no MQTT broker is installed; install mosquitto, or in a clone of the repository: pip install '.[demo]'"
        )


def start_broker(folder: Path) -> tuple[Server, str, int]:
    """An MQTT broker on a free port of this machine: mosquitto from the PATH, else amqtt.

    Returns:
        The process, the broker's name, its port.

    Raises:
        BrokerError: neither starts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    if mosquitto := find_mosquitto():
        name, configuration = "mosquitto", folder / "mosquitto.conf"
        configuration.write_text(_mosquitto(folder, port), encoding="utf-8")
        command = [mosquitto, "-c", str(configuration)]
    else:
        name, configuration = "amqtt", folder / "amqtt.yaml"
        listeners = {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}}
        configuration.write_text(json.dumps({"listeners": listeners, **AMQTT}), encoding="utf-8")
        command = [sys.executable, "-m", "amqtt.scripts.broker_script", "-c", str(configuration)]
    server = Server(command, folder / f"{name}.log")
    patience = Patience()
    while server.died() is None and not patience.lost(server.written):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
            continue
        return server, name, port
    reason = server.died() or f"it does not answer within {patience.seconds:.0f} s"
    server.stop()
    raise BrokerError(f"{name} does not start: {reason}; see {folder / (name + '.log')}")


def _mosquitto(folder: Path, port: int) -> str:
    text = MOSQUITTO.format(port=port, folder=folder.resolve())
    # As root mosquitto becomes another user, who may not write here.
    return text + ("user root\n" if os.geteuid() == 0 else "")


class AgentProcess(Server):
    """`gatecast-agent run` and its health page.

    Args:
        config: configuration of the agent.
        log: file for its output.
        port: port of its health page, as in the configuration.
        program: arguments of Python that start `gatecast-agent`.
    """

    def __init__(self, config: Path, log: Path, port: int, program: Sequence[str] = ("-m", "edge.cli")) -> None:
        super().__init__([sys.executable, *program, "run", "--config", str(config)], log)
        self._url = f"http://127.0.0.1:{port}"

    def wait_ready(self) -> None:
        """Wait until it is connected to the broker.

        Raises:
            GatecastError: it ended, or neither becomes ready nor says anything more.
        """
        patience, problem = Patience(), "no answer"
        while not patience.lost(self.written):
            if (reason := self.died()) is not None:
                raise GatecastError(f"the agent ended: {reason}")
            try:
                with urlopen(f"{self._url}/healthz", timeout=5):  # noqa: S310 - our own agent
                    return
            except OSError as error:  # that of a connection that breaks is not wrapped in a URLError
                problem = str(error.reason if isinstance(error, URLError) else error)
            time.sleep(0.1)
        raise GatecastError(f"the agent does not become ready: {problem}; see {self.log}")

    def numbers(self) -> dict[Number, float]:
        """What it says of itself on /metrics; 0 where nothing was counted yet, NaN where a gauge was not set yet.

        Raises:
            GatecastError: it ended.
        """
        try:
            with urlopen(f"{self._url}/metrics", timeout=STALLED) as answer:  # noqa: S310
                families = list(text_string_to_metric_families(answer.read().decode()))
        except OSError as error:
            raise GatecastError(f"the agent does not answer: {self.died() or error}") from error
        told = {sample.name: sample.value for family in families for sample in family.samples}
        totals: dict[Number, float] = {counter: told.get(counter.metric, 0.0) for counter in Counter}
        return totals | {gauge: told.get(gauge.metric, math.nan) for gauge in Gauge}

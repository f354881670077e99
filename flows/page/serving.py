"""The server of the page: one port, no address but our own in what it sends."""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edge.config.sections import Config, Mqtt
from edge.errors import ConfigurationError
from edge.networks import reach
from flows.page.watching import Watch

PASSWORD_VARIABLE = "GATECAST_PAGE_PASSWORD"  # noqa: S105 - the name of a variable
SHORTEST = 8  # characters of a password


@dataclass(frozen=True, slots=True)
class Bound:
    """Where the page is served.

    Args:
        host: address that is listened on.
        port: port of it; 0 for any free one.
        password: password that visitors have to know; empty where there is none.
    """

    host: str
    port: int
    password: str = ""


def bound(host: str, port: int, password_file: Path | None) -> Bound:
    """Where the page is served, with the password of the file or of GATECAST_PAGE_PASSWORD.

    Raises:
        ConfigurationError: there is no password and the address is not of this machine, or the password is short.
    """
    password = os.environ.get(PASSWORD_VARIABLE, "")
    if password_file is not None:
        try:
            password = password_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"--password-file {password_file} cannot be read: {error}") from error
    if not password and reach(host) != "here":
        raise ConfigurationError(
            f"--host {host} lets others see the page, so it needs a password: set {PASSWORD_VARIABLE} or --password-file"
        )
    if password and len(password) < SHORTEST:
        raise ConfigurationError(f"expected a password of at least {SHORTEST} characters, got {len(password)}")
    return Bound(host, port, password)


def title_of(config: Config, path: Path) -> str:
    """Name of the fleet for people: `[schedule] name`, else `[mqtt] client_id` where it is set, else that of the folder.

    Args:
        config: configuration of the fleet.
        path: file that it was read from.
    """
    client = config.mqtt.client_id
    return config.schedule.name or (client if client != Mqtt().client_id else path.resolve().parent.name) or "fleet"


def serve(config: Config, where: Bound, title: str, tell: Callable[[str], None], interval: int | None = None) -> int:
    """Serve the page until the process is asked to end; tells its address.

    Args:
        config: configuration of the fleet.
        where: address, port and password.
        title: name of the fleet.
        tell: function that shows a line to the user.
        interval: length of an interval where no forecast tells it, ns; None where nobody has told it.

    Returns:
        Exit code 0.

    Raises:
        ConfigurationError: the port is taken, or the address is not of this machine.
    """
    config.store.open().close()  # a wrong address is told at once
    watch = Watch(config.store.open, by_readings=config.agent.clock == "event", interval=interval or 0)
    listening = _listening(where)
    watch.start()  # the first look goes on while the server is loaded, which takes a second
    try:
        from flows.page.server import run_server  # noqa: PLC0415

        run_server(watch, listening, where.password, title, partial(_tell, where, listening, tell))
    finally:
        watch.stop()
    return 0


def _tell(where: Bound, listening: socket.socket, tell: Callable[[str], None]) -> None:
    """Tell where the page is, and what others on the way can read."""
    shown = f"[{where.host}]" if ":" in where.host else where.host
    tell(f"http://{shown}:{listening.getsockname()[1]}, Ctrl-C ends it")
    if reach(where.host) != "here":
        tell("password and figures go unencrypted; put a proxy with TLS in front where others listen")


def _listening(where: Bound) -> socket.socket:
    family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((where.host, where.port))
        listening.listen()  # a visitor who comes before the server is up waits a moment
    except OSError as error:
        listening.close()
        raise ConfigurationError(
            f"cannot listen on {where.host}:{where.port}: {error.strerror or error}; choose another --port or --host"
        ) from error
    return listening

"""Real servers for the tests: mosquitto, InfluxDB 1.6+ behind nginx. Each lives in one folder and dies by its own pid.

A server answers on 127.0.0.1 when `start` returns, writes to a log file in its folder and never to the terminal, and
comes back with the same port and data after `stop` or `kill`. Where its program is missing the test is skipped.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest

from tests.support.influx_http import ask, send

PACKAGES = {
    "mosquitto_passwd": "mosquitto",
    "influxd": "influxdb",
    "postgres": "postgresql",
    "initdb": "postgresql",
    "nginx": "nginx-light",
    "systemd-analyze": "systemd",
}
HANGS_AFTER = 900.0  # seconds; what takes that long does not come, on the slowest machine either
SBIN = "/usr/local/sbin:/usr/sbin"  # where Debian keeps servers, and no ordinary user's PATH looks


def requires(program: str) -> str:
    """Full path of a program; the test that asks is skipped where there is none."""
    path = shutil.which(
        program, path=os.pathsep.join([os.environ.get("PATH", os.defpath), SBIN, str(Path(sys.executable).parent)])
    )
    if path is None:
        pytest.skip(f"{program} is not on the PATH: apt-get install {PACKAGES.get(program, program)}")
    return path


def free_port() -> int:
    """A port nobody listens on, below those of outgoing connections: a client that keeps trying one may reach itself."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def wait_until(
    condition: Callable[[], bool], *, seconds: float = HANGS_AFTER, what: str = "the condition", pause: float = 0.02
) -> None:
    """Return as soon as the condition holds, asked again after every pause; TimeoutError if it does not in that time."""
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            raise TimeoutError(f"{what} did not come true within {seconds:g} s")
        time.sleep(pause)


class Server:
    """One program that runs until it is told otherwise; a context manager.

    Args:
        folder: everything it keeps, its log included.
    """

    program: ClassVar[str]

    def __init__(self, folder: Path) -> None:
        self.path = requires(self.program)
        self.folder = folder
        self.port = free_port()
        self.environment: dict[str, str] = {}  # added to its own
        self.log = folder / f"{self.program}.log"
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def arguments(self) -> list[str]:
        """What the program is started with."""
        raise NotImplementedError

    def ready(self) -> bool:
        """Whether it takes connections; all three open their port last."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        assert self._process is not None, f"{self.program} is not running"
        return self._process.pid

    def start(self) -> None:
        """Start it, again or for the first time, and wait until it answers.

        Raises:
            RuntimeError: it ended or stayed silent; the end of its log is in the message.
        """
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self.path, *self.arguments()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={**os.environ, **self.environment},
            )
        limit = time.monotonic() + HANGS_AFTER
        while not self.ready():
            if self._process.poll() is not None or time.monotonic() > limit:
                code = self._process.poll()
                self.kill()
                ending = f"did not answer within {HANGS_AFTER:g} s" if code is None else f"ended with code {code}"
                raise RuntimeError(f"{self.program} {ending}:\n{self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.02)

    def check(self) -> None:
        """Go on where it still runs.

        Raises:
            RuntimeError: it has ended by itself, or something has killed it; the end of its log is in the message.
        """
        code = None if self._process is None else self._process.poll()
        if code is not None:
            raise RuntimeError(f"{self.program} ended with code {code}:\n{self.log.read_text(errors='replace')[-2000:]}")

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """`kill -9`."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            try:
                process.wait(HANGS_AFTER)
            except subprocess.TimeoutExpired:
                process.kill()
            process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Mosquitto(Server):
    """A broker that keeps what it acknowledged, as far as it can.

    Args:
        folder: its configuration, log and database.
        password: (user, password) of the only account; None lets everybody in.
        max_inflight_messages: sent to one client and not yet acknowledged; 0 = no limit.
        settings: more lines of mosquitto.conf, such as `{"message_size_limit": 1000}`; they replace those set here.
        configuration: text of a whole mosquitto.conf instead of all that; `{port}` and `{folder}` are filled in.
    """

    program = "mosquitto"

    def __init__(
        self,
        folder: Path,
        *,
        password: tuple[str, str] | None = None,
        max_inflight_messages: int = 1000,
        settings: dict[str, object] | None = None,
        configuration: str | None = None,
    ) -> None:
        super().__init__(folder)
        self.password = password
        self.database = folder / "mosquitto.db"
        lines: dict[str, object] = {
            "listener": f"{self.port} 127.0.0.1",
            "user": "root",  # or a broker started by root could not write here; for anybody else it means nothing
            "allow_anonymous": "false" if password else "true",
            "persistence": "true",
            "persistence_location": f"{folder}/",
            "autosave_interval": 2,
            "max_queued_messages": 0,
            "max_inflight_messages": max_inflight_messages,
        }
        if password:
            accounts = folder / "passwd"
            subprocess.run(
                [requires("mosquitto_passwd"), "-b", "-c", str(accounts), *password], check=True, capture_output=True
            )
            lines["password_file"] = accounts
        text = "".join(f"{key} {value}\n" for key, value in (lines | (settings or {})).items())
        if configuration is not None:
            text = configuration.replace("{port}", str(self.port)).replace("{folder}", str(folder))
        (folder / "mosquitto.conf").write_text(text)

    def arguments(self) -> list[str]:
        """As `Server.arguments`."""
        return ["-c", str(self.folder / "mosquitto.conf")]

    @property
    def url(self) -> str:
        """Broker URL; the user is in it, the password is not."""
        return f"mqtt://{self.password[0] + '@' if self.password else ''}127.0.0.1:{self.port}"

    def save(self) -> None:
        """Have the database written now, as autosave does every two seconds, and wait until it is."""

        def written() -> int:
            return self.database.stat().st_mtime_ns if self.database.exists() else 0

        before = written()
        os.kill(self.pid, signal.SIGUSR1)
        wait_until(lambda: written() != before, what="writing mosquitto.db")


class Influxd(Server):
    """The engine alone: the 1.x API, InfluxQL, unlimited series, every write on disk before it is acknowledged."""

    program = "influxd"

    def __init__(self, folder: Path, *, auth: bool) -> None:
        super().__init__(folder)
        (folder / "influxdb.conf").write_text(f"""
reporting-enabled = false
bind-address = "127.0.0.1:0"
[meta]
  dir = "{folder}/meta"
  logging-enabled = false
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
  max-series-per-database = 0
  max-values-per-tag = 0
[retention]
  enabled = false
[monitor]
  store-enabled = false
[subscriber]
  enabled = false
[continuous_queries]
  enabled = false
[http]
  bind-address = "127.0.0.1:{self.port}"
  auth-enabled = {str(auth).lower()}
  log-enabled = false
  max-body-size = 0
[logging]
  level = "warn"
""")

    def arguments(self) -> list[str]:
        """As `Server.arguments`."""
        return ["-config", str(self.folder / "influxdb.conf")]


class Nginx(Server):
    """Gives a 1.6 engine the paths and accounts that InfluxDB 1.8 and 2 have themselves.

    `/api/v2/write?bucket=B&precision=P` becomes `/write?db=B&precision=P`, and `Token user:password` the query
    arguments `u` and `p`. One process, so that killing it kills all of it.
    """

    program = "nginx"

    def __init__(self, folder: Path, *, upstream: int) -> None:
        super().__init__(folder)
        temporary = "".join(
            f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (folder / "nginx.conf").write_text(f"""
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log warn;
events {{ worker_connections 512; }}
http {{
  access_log off; client_max_body_size 64m; client_body_buffer_size 1m;
  {temporary}
  map $arg_precision $unit {{ default ns; us u; ms ms; s s; }}
  map $arg_bucket $database {{ default $arg_bucket; "~^(?<name>.+?)(?:/|%2F)" $name; }}
  map $arg_bucket $policy {{ default ""; "~^.+?(?:/|%2F)(?<rp>.+)$" "&rp=$rp"; }}
  map $http_authorization $account {{ default ""; "~*^Token (?<u>[^:]+):(?<p>.*)$" "&u=$u&p=$p"; }}
  upstream influxd {{ server 127.0.0.1:{upstream}; keepalive 16; }}
  server {{
    listen 127.0.0.1:{self.port};
    proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Authorization "";
    location = /api/v2/write {{ proxy_pass http://influxd/write?db=$database$policy&precision=$unit$account; }}
    location = /query {{ proxy_buffering off; proxy_pass http://influxd/query$is_args$args$account; }}
    location = /ping {{ proxy_pass http://influxd/ping; }}
    location = /health {{ default_type application/json; return 200 '{{"name":"influxdb","status":"pass"}}'; }}
  }}
}}
""")

    def arguments(self) -> list[str]:
        """As `Server.arguments`."""
        return ["-e", str(self.log), "-c", str(self.folder / "nginx.conf")]


class Influx:
    """InfluxDB as Gatecast sees it: v2 writes with a token, InfluxQL on `/query`; a context manager.

    Args:
        folder: data, configuration and logs of both programs.
        password: (user, password) of the administrator; None lets everybody in.
    """

    def __init__(self, folder: Path, *, password: tuple[str, str] | None = None) -> None:
        self.password = password
        self.engine = Influxd(folder / "influxd", auth=password is not None)
        self.front = Nginx(folder / "nginx", upstream=self.engine.port)
        self._has_account = False
        self.organisation = "gatecast"  # a 1.6 takes any

    @property
    def url(self) -> str:
        """Base URL of the v2 API."""
        return f"http://127.0.0.1:{self.front.port}"

    @property
    def token(self) -> str:
        """What goes behind `Authorization: Token`; empty where everybody is let in."""
        return "{}:{}".format(*self.password) if self.password else ""

    def store_url(self, bucket: str) -> str:
        """Store URL of a bucket; the token is not in it."""
        return f"influxdb://127.0.0.1:{self.front.port}/{bucket}?org={self.organisation}"

    def start(self) -> None:
        """Start both programs, again or for the first time."""
        self.engine.start()
        if self.password and not self._has_account:
            user, password = self.password
            ask(self.engine.port, "/query", f"CREATE USER \"{user}\" WITH PASSWORD '{password}' WITH ALL PRIVILEGES")
            self._has_account = True
        self.front.start()

    def stop(self) -> None:
        """Ask both to end, and wait until they have."""
        self.front.stop()
        self.engine.stop()

    def kill(self) -> None:
        """`kill -9` of both; `engine.kill()` alone leaves a front that answers 502."""
        self.front.kill()
        self.engine.kill()

    def create(self, bucket: str, keep: str = "") -> None:
        """Make an empty database.

        Args:
            bucket: its name.
            keep: time for which it keeps rows, such as `1h`; empty: for ever.
        """
        self.query("", f'CREATE DATABASE "{bucket}"' + (f" WITH DURATION {keep}" if keep else ""))

    def drop(self, bucket: str) -> None:
        """Delete a database."""
        self.query("", f'DROP DATABASE "{bucket}"')

    def write(self, bucket: str, lines: str) -> None:
        """Write line protocol in nanoseconds as a v2 client does.

        Raises:
            RuntimeError: the answer is not 204.
        """
        arguments = urllib.parse.urlencode({"org": self.organisation, "bucket": bucket, "precision": "ns"})
        send(self.front.port, f"/api/v2/write?{arguments}", lines, {"Authorization": f"Token {self.token}"})

    def query(self, bucket: str, influxql: str) -> list[dict[str, Any]]:
        """Rows of all series of all statements: columns and tags by name, time in nanoseconds.

        Raises:
            RuntimeError: the query is refused; the answer is in the message.
        """
        return ask(self.front.port, f"/query?epoch=ns&db={urllib.parse.quote(bucket)}", influxql, token=self.token)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

"""A Prefect server of our own, on this machine only: for one run, or as long as `gatecast serve` goes on."""

import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import prefect

from edge.damage import check_whole, move_aside
from edge.errors import GatecastError
from flows.processes.patience import Patience
from flows.processes.servers import Server, free_port

STARTS_WITHIN = 300.0  # seconds; a slow machine takes a minute
DATABASE = "prefect.db"
DATABASE_SETTINGS = ("PREFECT_SERVER_DATABASE_CONNECTION_URL", "PREFECT_API_DATABASE_CONNECTION_URL")


class PrefectProcess(Server):
    """Prefect's API as a child process, its log in its home.

    Args:
        home: folder for its database; made if it is not there.
        port: port to listen on; 0: a free one.
        schedules: whether it starts what is due by a schedule, and shows its pages; not needed for a single run.
    """

    def __init__(self, home: Path, port: int = 0, *, schedules: bool = False) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}/api"
        own = {
            "PREFECT_HOME": str(home),
            "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
            "PREFECT_SERVER_API_HOST": "127.0.0.1",
            "PREFECT_SERVER_API_PORT": str(self.port),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        }
        own |= (
            {"PREFECT_UI_STATIC_DIRECTORY": str(home / "pages")}
            if schedules
            else {"PREFECT_UI_ENABLED": "false", "PREFECT__SERVER_EPHEMERAL": "1"}
        )
        inherited = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
        inherited.setdefault("PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED", "events,flow_runs")  # runs of the last 90 days stay
        # As Prefect starts its temporary server.
        command = [sys.executable, "-m", "uvicorn", "--app-dir", str(Path(prefect.__file__).parent.parent), "--factory"]
        command += ["prefect.server.api.server:create_app", "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--log-level", "warning", "--lifespan", "on", "--timeout-graceful-shutdown", "2"]
        super().__init__(command, home / "server.log", inherited | own)

    def wait_ready(self) -> None:
        """Wait until it answers.

        Raises:
            GatecastError: it ended, or does not answer within five minutes.
        """
        patience, problem = Patience(STARTS_WITHIN), "no answer"
        while not patience.lost(self.written):
            if (reason := self.died()) is not None:
                advice = f"see {self.log}; {self.home / DATABASE} can be moved away, it holds the history of runs only"
                raise GatecastError(f"Prefect's own server does not start: {reason}; {advice}")
            try:
                with urlopen(f"{self.url}/health", timeout=10):  # noqa: S310 - our own server
                    return
            except OSError as error:
                problem = str(error.reason if isinstance(error, URLError) else error)
            time.sleep(0.05)
        raise GatecastError(f"Prefect's own server does not answer within {STARTS_WITHIN:.0f} s: {problem}; see {self.log}")


def start_prefect(
    home: Path, port: int = 0, *, schedules: bool = False, say: Callable[[str], None] = lambda _: None
) -> PrefectProcess:
    """A server that answers; the tables of its database are copied from those of an earlier start where there was one.

    A damaged database is moved aside: it holds the history of runs only, and no run could start with it.

    Args:
        home: folder for its database; made if it is not there.
        port: port to listen on; 0: a free one.
        schedules: whether it starts what is due by a schedule, and shows its pages; not needed for a single run.
        say: function that gets a line where the database was moved.

    Raises:
        GatecastError: it does not start.
    """
    home.mkdir(parents=True, exist_ok=True)
    template, database = template_path(), home / DATABASE
    ours = not any(name in os.environ for name in DATABASE_SETTINGS)
    if ours and (damage := _damage(database)) is not None:
        aside = move_aside(database)
        say(f"{database} is damaged ({damage}) and was moved to {aside}; it held the history of runs")
    new = ours and not database.exists()
    copied = new and _copy(template, database)
    server = PrefectProcess(home, port, schedules=schedules)
    try:
        server.wait_ready()
    except GatecastError:
        server.stop()
        if not copied:
            raise
        template.unlink(missing_ok=True)
        for path in home.glob(f"{DATABASE}*"):
            path.unlink()
        return start_prefect(home, port, schedules=schedules, say=say)
    except BaseException:
        server.stop()
        raise
    if new and not copied:
        _keep(database, template)
    return server


def template_path() -> Path:
    """An empty database of this version of Prefect, in the user's cache: making one takes ten seconds and more."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "gatecast" / f"prefect-{prefect.__version__}.db"


def _damage(database: Path) -> str | None:
    """What is wrong with the file itself; None where it is sound, absent or in use."""
    if not database.is_file():
        return None
    try:
        with closing(sqlite3.connect(database)) as connection:
            check_whole(connection)
    except sqlite3.OperationalError:
        return None
    except sqlite3.DatabaseError as error:
        return str(error)
    return None


def _copy(template: Path, database: Path) -> bool:
    try:
        shutil.copyfile(template, database)
    except OSError:
        database.unlink(missing_ok=True)
        return False
    return True


def _keep(database: Path, template: Path) -> None:
    """Keep an empty database as the template, whole or not at all; without a template the next start takes longer."""
    part = template.with_suffix(f".{os.getpid()}")
    with suppress(OSError, sqlite3.Error):
        template.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(part)) as target:
            source.backup(target)
        part.replace(template)
    part.unlink(missing_ok=True)

"""Databases through SQLAlchemy, for reading only (kinds: usual inputs; messages that say what to do)."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.contract.times import SECOND
from edge.errors import ConfigurationError, StoreBusy, StoreDenied
from edge.sources.settings import HistorySource
from pipeline.sources.sql import Server, open_server
from tests.support.home_assistant import Recorder
from tests.support.servers import free_port
from tests.support.sources import START, read

BIN = Path("/usr/lib/postgresql/15/bin")
QUERY = "SELECT sensor AS series, at AS time, number AS value FROM plant.readings WHERE sensor LIKE 'p%' AND ':x' <> '10:30'"
FILL = """
CREATE SCHEMA plant; CREATE TABLE plant.readings (sensor text, at timestamptz, number numeric); CREATE TABLE secret (a int);
INSERT INTO plant.readings VALUES ('p1', '2026-01-01 01:00+01', 1.5), ('p1', '2026-01-01 00:01Z', 'NaN'),
  ('p1', '2026-01-01 00:02Z', NULL), ('p2', '2026-01-01 00:00Z', 2), ('x', '2026-01-01 00:00Z', 3);
CREATE SEQUENCE numbers; CREATE USER reader; GRANT USAGE ON SCHEMA plant TO reader; GRANT SELECT ON plant.readings TO reader;
GRANT ALL ON SEQUENCE numbers TO reader;
"""


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a PostgreSQL with a table and a user who may read it."""
    if not BIN.is_dir() or os.getuid() != 0 or shutil.which("runuser") is None:
        pytest.skip("PostgreSQL 15 is not there, or cannot be started for its own user: apt-get install postgresql")
    folder = Path("/tmp") / f"gatecast-postgres-{os.getpid()}"  # noqa: S108 - a path that another user reaches
    folder.mkdir()
    shutil.chown(folder, "postgres", "postgres")
    port = free_port()

    def run(program: str, *arguments: str, text: str | None = None) -> None:
        """Run a program of PostgreSQL as its own user."""
        command = ["runuser", "-u", "postgres", "--", str(BIN / program), *arguments]
        subprocess.run(command, input=text, text=True, check=True, capture_output=True, cwd=folder)

    try:
        run("initdb", "-D", f"{folder}/db", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        run("pg_ctl", "-D", f"{folder}/db", "-o", options, "-w", "-l", f"{folder}/log", "start")
        try:
            run("psql", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(port), text=FILL)
            yield f"postgresql://reader@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-D", f"{folder}/db", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder)


def section(url: str, query: str | None = QUERY) -> HistorySource:
    """A checked section."""
    settings = HistorySource(url, query=query)
    settings.check()
    return settings


@pytest.mark.servers
def test_postgresql_is_read_and_never_written(postgres: str) -> None:
    """It refuses to write itself, whatever the query calls; rights, tables and accounts that are not there are named."""
    source = open_server(section(postgres), ())
    assert source.span() == (START * SECOND, (START + 120) * SECOND)
    assert read(source) == {"p1": [(0, 1.5)], "p2": [(0, 2.0)]}
    for query, words in (
        (
            "SELECT 'a' AS series, now() AS time, nextval('numbers') AS value",
            r"the query wants to write \(cannot execute nextval",
        ),
        ("SELECT a AS series, a AS time, a AS value FROM secret", "permission denied for table secret"),
        ("SELECT 1 AS series FROM nowhere", 'relation "nowhere" does not exist'),
        (None, "has the tables 'secret', which are not those of Home Assistant"),
    ):
        with pytest.raises(StoreDenied, match=words):
            read(open_server(section(postgres, query), ()))
    with pytest.raises(StoreDenied, match=r'refuses the account .*role "nobody" does not exist'):
        open_server(section(postgres.replace("reader@", "nobody@")), ()).span()


def test_home_assistant_behind_sqlalchemy_is_the_same(tmp_path: Path) -> None:
    """As from its file."""
    recorder = Recorder(tmp_path / "ha.db")
    recorder.means("sensor.a", [(START, 1.0), (START + 3600, 2.0)])
    recorder.states("sensor.a", [(START + 3660, "3")])
    settings = HistorySource(f"sqlite:///{recorder.path}")
    assert read(open_server(settings, ())) == {"sensor.a": [(0, 1.0), (3660, 3.0)]}
    assert Server(settings).columns("nowhere") == []


def test_what_cannot_be_reached_says_what_to_do() -> None:
    """A server that is away, a driver that is not installed, a password in the file."""
    with pytest.raises(StoreBusy, match=r"does not answer .*is the database running there"):
        open_server(section(f"postgresql://reader@127.0.0.1:{free_port()}/a"), ()).span()
    with pytest.raises(ConfigurationError, match="keep secrets out of it; name password_file"):
        open_server(section("postgresql://reader:secret@127.0.0.1/a"), ())
    with pytest.raises(ConfigurationError, match="is no database that SQLAlchemy knows"):
        open_server(section("nosuch://host/a"), ())
    with pytest.raises(ConfigurationError, match="needs the package pymysql"):
        open_server(section("mysql://reader@127.0.0.1/a"), ())

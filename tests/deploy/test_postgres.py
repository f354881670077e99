"""Prefect on a real Postgres, with the variables of compose, and the documented backup."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support.documented import blocks, section
from tests.support.postgres import Postgres
from tests.support.prefect_server import PrefectServer
from tests.support.servers import HANGS_AFTER

DEPLOY = Path(__file__).parents[2] / "deploy"
SERVICES = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
PASSWORD = "be/tween@us"
HERE = "docker compose exec -T postgres "


def _run(words: str, postgres: Postgres, folder: Path) -> None:
    """A command of the page on the test's server: where compose has a container, Postgres' variables name its socket."""
    variables = os.environ | postgres.client
    subprocess.run(["/bin/sh", "-euc", words], cwd=folder, env=variables, check=True, capture_output=True, timeout=HANGS_AFTER)


def _flows(postgres: Postgres) -> str:
    words = ["psql", "--tuples-only", "--no-align", "--command", "select name from flow", "prefect"]
    return subprocess.run(words, env=os.environ | postgres.client, check=True, capture_output=True, text=True).stdout


@pytest.mark.servers
@pytest.mark.slow
def test_prefect_runs_on_postgres_and_its_backup_can_be_read(tmp_path: Path) -> None:
    """The password stands in no command line; what was deleted after the backup is there again."""
    database, prefect = SERVICES["postgres"]["environment"], SERVICES["prefect"]["environment"]
    with Postgres(tmp_path / "postgres", database["POSTGRES_USER"], PASSWORD) as postgres:
        server = PrefectServer(tmp_path / "prefect")
        own = {key: value for key, value in prefect.items() if key.startswith("PREFECT_SERVER_DATABASE_")}
        assert own["PREFECT_SERVER_DATABASE_PASSWORD"] == "${PREFECT_PASSWORD}"
        server.environment |= own | {
            "PREFECT_SERVER_DATABASE_HOST": "127.0.0.1",
            "PREFECT_SERVER_DATABASE_PORT": str(postgres.port),
            "PREFECT_SERVER_DATABASE_PASSWORD": PASSWORD,
        }
        with server:
            server.ask("/flows/", {"name": "retrain"})
            for process in (server.pid, postgres.pid):
                assert PASSWORD not in Path(f"/proc/{process}/cmdline").read_text()
        assert not (tmp_path / "prefect" / "prefect.db").exists()
        assert _flows(postgres) == "retrain\n"
        (block,) = blocks(section((DEPLOY / "README.md").read_text("utf-8"), "### Prefect's database"), "sh")
        backup, restore = (line.removeprefix(HERE) for line in block.splitlines() if line.startswith(HERE))
        _run(backup, postgres, tmp_path)
        _run("psql --quiet --command 'delete from flow' prefect", postgres, tmp_path)
        assert _flows(postgres) == ""
        _run(restore, postgres, tmp_path)
        assert _flows(postgres) == "retrain\n"

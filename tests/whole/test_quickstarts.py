"""The quickstarts, typed as they stand on a machine that is pretended; broker, database, web server and agent are real."""

import shutil
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from math import sin, tau
from pathlib import Path

import pytest

from edge.contract.contract import Contract
from edge.contract.times import SECOND
from tests.support.agent_process import baseline_bundle, release
from tests.support.documented import ROOT, DocumentationError, blocks
from tests.support.documented_machine import Machine, machine, page
from tests.support.home_assistant import Recorder
from tests.support.servers import wait_until
from tests.whole.test_by_hand import terminal, values

pytestmark = pytest.mark.servers
SERVERS = ("mosquitto", "mosquitto_pub", "mosquitto_passwd", "influxd", "curl")


def history(days: int, series: str = "house.boiler.temperature") -> str:
    """A file of readings every quarter of an hour up to now."""
    begin = datetime.now(UTC) - timedelta(days=days)
    moments = [begin + timedelta(minutes=15 * number) for number in range(days * 96)]
    rows = [f"{series},{at:%Y-%m-%dT%H:%M:%SZ},{60 + 5 * sin(tau * at.timestamp() / 86_400):.2f}" for at in moments]
    return "\n".join(["series,time,value", *rows])


# A training of seconds: behind the page's configuration, as a user would who cannot wait.
TINY = """
[fleet]
interval = "30s"
window = 24
horizon = 6

[train]
cells = ["gru"]
units = 8
epochs = 1
precisions = ["float32"]
"""


def states(begin: int, end: int) -> list[tuple[float, str]]:
    """States of an hour that comes again and again, one every half minute: moments, Unix seconds, and values."""
    return [(float(at), f"{10 + 5 * sin(tau * at / 3600) + at % 7 / 10:.2f}") for at in range(begin, end, 30)]


def forecasts(store: Path) -> int:
    """Number of forecasts in a SQLite store; 0 before the agent has made their table."""
    with closing(sqlite3.connect(store)) as connection:
        known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'forecast'").fetchall()
        return int(connection.execute("SELECT count(*) FROM forecast").fetchone()[0]) if known else 0


def without(block: str, command: str) -> str:
    """A block up to a line that begins so.

    Raises:
        DocumentationError: no line does.
    """
    before, found, _ = block.partition(f"\n{command}")
    if not found:
        raise DocumentationError(f"expected a line that begins with {command}")
    return before


def test_one_gateway_forecasts_from_nothing(tmp_path: Path) -> None:
    """Broker, database and agent are set up; the first forecast is in the database, and a file of history goes in."""
    install, broker, database, agent, first, train, look, newest, nightly = page("one-gateway.md")
    with machine(tmp_path / "machine", *SERVERS) as made:
        for block in (install, broker, database, agent):
            made.type(block)
        assert "seasonal_naive_day" in made.type(first)
        (tmp_path / "readings.csv").write_text(history(20), encoding="utf-8")
        told = made.type(without(train, "sudo /opt/gatecast/bin/gatecast retrain"), tmp_path)
        assert "1,920 readings" in told
        # What `retrain` would do, without the minutes.
        release(made.path("/srv/registry"), baseline_bundle(Contract(900 * SECOND, 672, 96), name="seasonal_naive_day"))
        wait_until(lambda: "seasonal_naive_day" in made.type(look), what="the release", pause=0.5)
        assert "seasonal_naive_day" in made.type(newest)
        made.type(nightly)
        assert "/opt/gatecast/bin/gatecast serve" in made.path("/etc/systemd/system/gatecast-serve.service").read_text()


def test_home_assistant_is_read_trained_on_and_listened_to(tmp_path: Path) -> None:
    """Its database is listed and trained on; the states that it publishes are stored and forecast by the running agent."""
    install, settings, look, train, run, rows = page("home-assistant.md")
    with machine(tmp_path / "machine", "mosquitto", "mosquitto_pub") as made:
        folder = made.path("/home/forecasts")
        made.path("/etc/mosquitto/conf.d/open.conf").write_text(made.here("listener 1883 127.0.0.1\nallow_anonymous true\n"))
        made.type("sudo systemctl restart mosquitto")
        made.type(install)
        made.type(settings)
        with (folder / "gatecast.toml").open("a", encoding="utf-8") as settings_file:
            settings_file.write(TINY)
        known, begin = Recorder(folder / "home-assistant_v2.db"), int(time.time())
        known.states("sensor.outdoor_temp", states(begin - 180_000, begin), "°C")
        assert "sensor.outdoor_temp" in made.type(look)
        assert "\nreleased: " in made.type(train)
        known.states("sensor.outdoor_temp", states(begin, int(time.time())), "°C")  # meanwhile it has gone on
        with terminal(made.here(run), tmp_path, made.variables, tmp_path / "agent.log"):
            wait_until(lambda: "connected: subscribed" in (tmp_path / "agent.log").read_text("utf-8"), what="the connection")
            made.type("mosquitto_pub -p 1883 -q 1 -t homeassistant/sensor/outdoor_temp/state -m -3.4")
            wait_until(lambda: (-3.4,) in values(folder / "forecasts.db"), what="the state in the store")

            def forecast() -> bool:
                made.type("mosquitto_pub -p 1883 -q 1 -t homeassistant/sensor/outdoor_temp/state -m 4.5")
                return forecasts(folder / "forecasts.db") > 0

            wait_until(forecast, what="the forecast in the store", pause=2.0)
        assert "'sensor.outdoor_temp'" in made.type(rows)


def test_a_factory_learns_from_what_telegraf_has_written(tmp_path: Path) -> None:
    """The series of its database have the names of the live ones, and a release is checked."""
    install, bucket, settings, train, run = page("factory.md")
    with machine(tmp_path / "machine", "influxd", "curl") as made:
        made.path("/etc/default/influxdb").write_text(made.here("INFLUXDB_HTTP_BIND_ADDRESS=127.0.0.1:8086\n"))
        made.type("sudo systemctl restart influxdb")
        made.type(install)
        made.type(bucket.replace("curl ", "curl --retry 50 --retry-connrefused "))
        made.type("curl --silent --fail http://127.0.0.1:8086/query --data-urlencode 'q=CREATE DATABASE telegraf'")
        begin = int(time.time()) - 96 * 900
        lines = [
            f"mqtt_consumer,host=pi,topic=plant/north/press/temperature value={60 + number % 9} {begin + 900 * number}"
            for number in range(96)
        ]
        (tmp_path / "lines").write_text("\n".join(lines), encoding="utf-8")
        written = "'http://127.0.0.1:8086/write?db=telegraf&precision=s'"
        made.type(f"curl --silent --fail {written} --data-binary @lines", tmp_path)
        told = made.type(settings)
        assert "north.press.temperature" in told
        assert "gatecast-agent run" in run
        release(made.path("/home/plant/registry"), baseline_bundle())  # what `retrain` would do, without the minutes
        made.type(train.replace("~/gatecast/bin/gatecast retrain\n", ""))


def test_a_fleet_reads_its_registry_over_https(tmp_path: Path) -> None:
    """The web server gives out what `promote` has released, and an agent with the file of the page finds it."""
    trainer, start, serve, look, gateway, run = page("fleet.md")
    (settings,) = blocks((ROOT / "docs" / "fleet.md").read_text("utf-8"), "toml")
    with machine(tmp_path / "machine", "nginx", "curl", "openssl", "mosquitto") as made:
        made.type(trainer)
        assert "last_value" in made.type(start)
        made.type(serve)
        assert "last_value" in made.type(look.replace("curl ", "curl --retry 50 --retry-connrefused "))
        made.type(gateway)
        text = made.here(f'{settings}ca_file = "/etc/nginx/registry.crt"\n')
        state = f'[agent]\nstate = "{tmp_path}/state"\nhealth = "127.0.0.1:{made.ports["9273"]}"\n'
        made.path("/etc/gatecast/gatecast.toml").write_text(text + state, encoding="utf-8")
        made.type(run)
        log = made.path("/run/gatecast-agent.log")
        wait_until(lambda: "is live" in log.read_text("utf-8"), what="the release")


def test_what_try_it_says_is_a_target_of_make() -> None:
    """The demo itself is run by .ci/run and by tests/flows/test_demo_run.py."""
    assert page("try-it.md") == [
        "make demo\n",
        "python3 -m webbrowser gatecast-demo/report.html\n",
        "make demo DATA=readings.csv\n",
    ]


def test_a_unit_is_started_where_systemd_could_start_it_alone(tmp_path: Path) -> None:
    """Its account, its program, its file and what it writes are there, and its settings are known."""
    with machine(tmp_path / "machine") as made:
        unit = "/etc/systemd/system/gatecast-serve.service"
        install = f"sudo install -m 644 deploy/gatecast-serve.service {unit}\nsudo systemctl enable gatecast-serve"
        for missing, step in (
            ("no account gatecast", "sudo useradd --system --home-dir /srv/registry gatecast"),
            ("opt/gatecast-trainer/bin/gatecast", "sudo python3 -m venv /opt/gatecast-trainer"),
            ("etc/gatecast/gatecast.toml", "sudo tee /etc/gatecast/gatecast.toml < /dev/null"),
            ("srv/registry", "sudo install -d /srv/registry\nsudo chown gatecast:gatecast /srv/registry"),
        ):
            with pytest.raises(DocumentationError, match=missing):
                made.type(install)
            made.type(step)
        made.type(install)
        if shutil.which("systemd-analyze") is not None:
            wrong = made.path(unit)
            wrong.write_text(wrong.read_text("utf-8").replace("Restart=always", "Restart=for-ever"), encoding="utf-8")
            with pytest.raises(DocumentationError, match="for-ever"):
                made.type("sudo systemctl enable gatecast-serve")


def test_the_pretended_machine_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    """A package, an action of systemctl, an account, a lock file or a place that is not known ends the test."""
    made = Machine(tmp_path / "machine")
    made.type("sudo apt-get update\nsudo apt-get install --yes mosquitto")
    for wrong in (
        "sudo apt-get install --yes tensorflow",
        "sudo apt-get remove mosquitto",
        "sudo systemctl mask mosquitto",
        "sudo python3 -m venv /opt/gatecast\nsudo /opt/gatecast/bin/pip install -r requirements/none.txt",
        "sudo chown nobody /srv/registry",
        "sudo -u nobody true",
        "sudo useradd --system --shell /srv/registry gatecast",
        "rm -r /usr/lib",
    ):
        with pytest.raises(DocumentationError):
            made.type(wrong)


def test_a_program_of_a_unit_ends_with_the_machine(tmp_path: Path) -> None:
    """And a restart ends the one before."""
    with machine(tmp_path / "machine", "mosquitto") as made:
        made.type("sudo systemctl restart mosquitto")
        pid = made.path("/run/mosquitto.pid")
        first = int(pid.read_text())
        made.type("sudo systemctl restart mosquitto")
        second = int(pid.read_text())
        assert first != second
        assert not Path(f"/proc/{first}/cwd").exists()
    wait_until(lambda: not Path(f"/proc/{second}/cwd").exists(), what="the end of the broker")

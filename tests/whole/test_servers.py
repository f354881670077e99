"""The servers behind the tests keep their own promises."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edge.contract.columns import SeriesTable
from edge.stores.sqlite import SqliteStore
from tests.support import servers
from tests.support.named_influx import NamedInflux, named_influx
from tests.support.servers import HANGS_AFTER, Influx, Mosquitto
from tests.support.stores import NOW, Tenant, readings, rows, write

pytestmark = pytest.mark.servers


def _collect(server: Mosquitto, count: int, *, password: tuple[str, str] | None = None) -> list[bytes]:
    """Messages a persistent session `collector` gets until it has that many."""
    received: list[bytes] = []
    enough = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="collector", clean_session=False)
    if password:
        client.username_pw_set(*password)

    def on_message(_client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        received.append(bytes(message.payload))
        if len(received) >= count:
            enough.set()

    client.on_message = on_message
    client.on_connect = lambda client, *_: client.subscribe("sensors/#", qos=1)
    client.on_subscribe = lambda *_: enough.set() if count == 0 else None
    client.connect("127.0.0.1", server.port)
    client.loop_start()
    assert enough.wait(HANGS_AFTER), f"{len(received)} of {count}"
    client.disconnect()
    client.loop_stop()
    return received


def _publish(server: Mosquitto, payloads: list[bytes]) -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", server.port)
    client.loop_start()
    for sent in [client.publish("sensors/a", payload, qos=1) for payload in payloads]:
        sent.wait_for_publish(HANGS_AFTER)
    client.disconnect()
    client.loop_stop()


def test_messages_survive_a_kill_of_the_broker_once_they_are_saved(mosquitto: Mosquitto) -> None:
    """A session's queue is there again after kill -9, on the same port."""
    _collect(mosquitto, 0)
    payloads = [str(number).encode() for number in range(2000)]
    _publish(mosquitto, payloads)
    mosquitto.save()
    mosquitto.kill()
    assert not mosquitto.ready()
    mosquitto.start()
    assert _collect(mosquitto, len(payloads)) == payloads


def test_a_broker_with_a_password_refuses_strangers(tmp_path: Path) -> None:
    """Without the account a client gets `not authorized`; with it, it subscribes."""
    refused = threading.Event()
    with Mosquitto(tmp_path, password=("gate", "cast")) as server:
        client = mqtt.Client(CallbackAPIVersion.VERSION2)
        client.on_connect = lambda *arguments: refused.set() if arguments[3].is_failure else None
        client.connect("127.0.0.1", server.port)
        client.loop_start()
        assert refused.wait(HANGS_AFTER)
        client.disconnect()
        client.loop_stop()
        assert _collect(server, 0, password=("gate", "cast")) == []


def test_a_v2_write_is_read_back_by_influxql(influx: Influx, bucket: str) -> None:
    """What goes in through /api/v2/write comes out of /query to the nanosecond."""
    influx.write(bucket, "reading,series=a value=1.5 1700000000000000001")
    rows = influx.query(bucket, 'SELECT value FROM reading GROUP BY "series"')
    assert rows == [{"series": "a", "time": 1_700_000_000_000_000_001, "value": 1.5}]


def test_every_test_gets_a_database_of_its_own(influx: Influx, bucket: str) -> None:
    """A fresh database holds nothing."""
    assert influx.query(bucket, "SHOW MEASUREMENTS") == []


@pytest.fixture
def named(influx: Influx, monkeypatch: pytest.MonkeyPatch) -> Iterator[NamedInflux]:
    """The session's InfluxDB, as if the environment named it."""
    monkeypatch.setenv("GATECAST_TEST_INFLUX_URL", f"influxdb://127.0.0.1:{influx.engine.port}/named?org=home")
    monkeypatch.setenv("GATECAST_TEST_INFLUX_TOKEN", influx.token)
    server = named_influx()
    assert server is not None
    with contextlib.closing(server):
        yield server


def test_a_server_that_the_environment_names_is_used_by_its_own_api(named: NamedInflux) -> None:
    """Buckets are made, written, read and deleted; its process is left alone, and tests that need it are skipped by name."""
    assert (named.named_bucket, named.version[:4], named.cannot_create) == ("named", "1.6.", "")
    assert named.store_url("b").endswith(f":{named.url.rpartition(':')[2]}/b?org=home")
    named.create("from_outside", keep="24h")
    named.write("from_outside", "reading value=1.5")
    assert [row["value"] for row in named.query("from_outside", "SELECT value FROM reading")] == [1.5]
    named.drop("from_outside")
    with pytest.raises(RuntimeError, match="database not found"):
        named.write("from_outside", "reading value=1.5")
    with pytest.raises(pytest.skip.Exception, match=r"InfluxDB 1\.6.* is not ours to stop"):
        _ = named.engine


def test_a_token_that_makes_no_buckets_is_told_in_the_servers_words(named: NamedInflux) -> None:
    """The tests work in the bucket that is named then, or are skipped."""
    named.token = "gatecast:wrong"
    assert "401" in named.cannot_create


def test_a_store_in_a_bucket_of_others_sees_its_own_rows_alone(tmp_path: Path) -> None:
    """As the checks of stores use it on a server that makes no bucket for them."""
    file = SqliteStore(tmp_path / "store.db")
    for tenant in (Tenant(file, "one_"), Tenant(file, "two_")):
        write(tenant, SeriesTable(["a"]), readings([0, 0], [NOW, NOW + 1], [1, 2]))
        assert rows(tenant) == [("a", NOW, None, 1.0), ("a", NOW + 1, None, 2.0)]
        assert tenant.count_readings(0, 2 * NOW) == {"a": 2}
        assert len(tenant.names) == 1
        with pytest.raises(pytest.skip.Exception, match="rows of others"):
            tenant.span()
    assert {row[0] for row in rows(file)} == {"one_a", "two_a"}
    file.close()


def test_a_wrong_token_is_a_401(influx: Influx, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes and queries with a wrong password are both refused."""
    monkeypatch.setattr(influx, "password", ("gatecast", "wrong"))
    with pytest.raises(RuntimeError, match=r"^401 "):
        influx.write(bucket, "reading value=1")
    with pytest.raises(RuntimeError, match=r"^401 "):
        influx.query(bucket, "SHOW MEASUREMENTS")


def test_points_survive_a_kill_of_the_store(tmp_path: Path) -> None:
    """A write that was answered is there after kill -9, and a dead engine behind its front is a 502."""
    with Influx(tmp_path) as server:
        server.create("b")
        server.write("b", "reading value=2 1")
        server.engine.kill()
        with pytest.raises(RuntimeError, match=r"^502 "):
            server.write("b", "reading value=3 2")
        server.kill()
        with pytest.raises(ConnectionRefusedError):
            server.write("b", "reading value=3 2")
        server.start()
        assert server.query("b", "SELECT value FROM reading") == [{"time": 1, "value": 2.0}]


def test_a_server_that_cannot_start_shows_its_log(tmp_path: Path) -> None:
    """The error carries the program's own words."""
    with pytest.raises(RuntimeError, match="no_such_setting"), Mosquitto(tmp_path, settings={"no_such_setting": 1}):
        pass


def test_a_missing_program_skips_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason says what to install."""
    monkeypatch.setattr("tests.support.servers.shutil.which", lambda *_args, **_kwargs: None)
    with pytest.raises(pytest.skip.Exception, match=r"mosquitto is not on the PATH: apt-get install mosquitto"):
        servers.requires("mosquitto")

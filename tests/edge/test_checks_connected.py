"""`gatecast-agent check --connect`: against real servers, dead ones, and such as lie or hang."""

import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edge.checks.configured import Checked, checked, usable_bundle
from edge.checks.connected.broker import Listening
from edge.checks.connected.broker import check_broker as broker_findings
from edge.checks.connected.channel import check_channel
from edge.checks.connected.clock import check_clock, difference
from edge.checks.connected.disk import check_disk
from edge.checks.connected.runtime import check_runtime
from edge.checks.connected.store import check_store
from edge.checks.connected.together import Check, together
from edge.checks.finding import Finding, Grade
from edge.clock.clocks import Clocks
from edge.config.reading import read_config
from edge.config.sections import Config
from edge.contract.times import SECOND
from edge.errors import GatecastError
from tests.support.devices import serving
from tests.support.ready_device import AGENT, Device
from tests.support.servers import Influx, Mosquitto, free_port, wait_until

SECRET = "s3cret-of-the-broker"
QUICK = Listening(seconds=0.5, patience=2.0)
NOW = 1_790_000_000 * SECOND


@pytest.fixture(autouse=True)
def _all_threads_end() -> Iterator[None]:
    """After a refusal the library's thread sleeps for a second before it ends: the next file of tests counts threads."""
    yield
    wait_until(lambda: not any(thread.name.startswith("gatecast-") for thread in threading.enumerate()))


def by_subject(findings: list[Finding], subject: str) -> list[Finding]:
    """The findings about one thing."""
    return [finding for finding in findings if finding.subject == subject]


def configured(device: Device, text: str) -> Config:
    """A configuration that was written and read."""
    device.configure(text)
    return read_config(device.folder / "gatecast.toml")


def check_broker(config: Config, listening: Listening) -> list[Finding]:
    """All findings about a broker."""
    return list(broker_findings(config, listening))


@pytest.fixture
def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mosquitto]:
    """A broker with an account that may read sensors and write forecasts, and nothing else."""
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    acl = folder / "acl"
    acl.write_text("user me\ntopic read sensors/#\ntopic readwrite gatecast/me/#\n")
    monkeypatch.setenv("GATECAST_MQTT_PASSWORD", SECRET)
    with Mosquitto(folder, password=("me", SECRET), settings={"acl_file": acl}) as broker:
        yield broker


def stored(config: Config) -> list[Finding]:
    """What is found of the store, with the bundle that is there."""
    return check_store(config, usable_bundle(config))


@contextmanager
def answering(status: int, date: str) -> Iterator[int]:
    """A server that answers everything in the same way; gives its port."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response_only(status)
            self.send_header("Date", date)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = _answer  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    with serving(Handler) as url:
        yield int(url.rpartition(":")[2])


@contextmanager
def hanging() -> Iterator[int]:
    """A server that takes connections and never answers; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.servers
@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_a_broker_that_is_well_gets_a_line_for_each_step(version: str, guarded: Mosquitto, device: Device) -> None:
    """Login, subscription and way back; the password is in none of them."""
    config = configured(device, f'[mqtt]\nurl = "{guarded.url}"\nclient_id = "me"\nversion = "{version}"\n[publish]\n')
    findings = check_broker(config, QUICK)
    assert [(finding.subject, finding.grade) for finding in findings] == [
        ("broker", Grade.OK),
        ("subscription", Grade.OK),
        ("readings", Grade.WARNING),
        ("publish", Grade.OK),
    ]
    assert f"MQTT {version}, logged in as 'me'" in findings[0].text
    assert "mosquitto grants every subscription" in findings[2].advice
    assert "under gatecast/me/# came back after" in findings[3].text
    assert SECRET not in "".join(finding.line for finding in findings)


@pytest.mark.servers
@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_a_topic_that_may_not_be_written_is_told(version: str, guarded: Mosquitto, device: Device) -> None:
    """MQTT 3.1.1 has no word for it, so that the broker is asked with MQTT 5."""
    text = f'[mqtt]\nurl = "{guarded.url}"\nclient_id = "you"\nversion = "{version}"\n[publish]\nhome_assistant = true\n'
    findings = by_subject(check_broker(configured(device, text), QUICK), "publish")
    assert [finding.grade for finding in findings] == [Grade.WRONG] * 2
    assert "refuses a message under gatecast/you/#: Not authorized" in findings[0].text
    assert "under homeassistant/device/#" in findings[1].text
    config = configured(device, text.partition("[publish]")[0])
    (finding,) = by_subject(check_broker(config, QUICK), "round trip")
    assert (finding.grade, "may not write" in finding.text) == (Grade.OK, True)


@pytest.mark.servers
def test_a_wrong_password_is_one_line(guarded: Mosquitto, device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing that follows from it."""
    monkeypatch.setenv("GATECAST_MQTT_PASSWORD", "another")
    for version in ("3.1.1", "5"):
        config = configured(device, f'[mqtt]\nurl = "{guarded.url}"\nversion = "{version}"\n')
        (finding,) = check_broker(config, QUICK)
        assert (finding.subject, finding.grade) == ("broker", Grade.WRONG)
        assert "refuses us: " in finding.text
        assert "GATECAST_MQTT_PASSWORD" in finding.advice


@pytest.mark.servers
def test_a_visit_leaves_the_agent_and_the_broker_as_they_were(tmp_path: Path, device: Device) -> None:
    """The agent's session goes on, gets its messages, and nothing is kept that was not kept before."""
    with Mosquitto(tmp_path / "m") as broker:
        lost: list[object] = []
        agent = paho.Client(CallbackAPIVersion.VERSION2, client_id="gatecast-agent", clean_session=False)
        agent.on_disconnect = lambda *arguments: lost.append(arguments)
        agent.connect("127.0.0.1", broker.port)
        agent.loop_start()
        text = f'[mqtt]\nurl = "{broker.url}"\nshare = "line"\n[publish]\nhome_assistant = true\n'
        findings = check_broker(configured(device, text), QUICK)
        assert [finding.grade for finding in by_subject(findings, "publish")] == [Grade.OK] * 2
        assert not lost
        kept: list[str] = []
        agent.on_message = lambda _client, _data, message: kept.append(message.topic)
        agent.subscribe("#")
        agent.publish("last", b"1", 1).wait_for_publish(10)
        limit = time.monotonic() + 10
        while "last" not in kept and time.monotonic() < limit:
            time.sleep(0.02)
        agent.disconnect()
        agent.loop_stop()
        broker.save()
        assert kept == ["last"]
        assert b"gatecast-check" not in broker.database.read_bytes()


@pytest.mark.servers
def test_readings_are_counted_and_what_is_skipped_has_its_reason(tmp_path: Path, device: Device) -> None:
    """Three kept messages with a time: two readings, and one that is none."""
    with Mosquitto(tmp_path / "m") as broker:
        sender = paho.Client(CallbackAPIVersion.VERSION2)
        sender.connect("127.0.0.1", broker.port)
        sender.loop_start()
        moment = int(time.time())
        for name, value in (("a", "1.5"), ("b", "2"), ("c", '"open"')):
            payload = f'{{"value": {value}, "time": {moment}}}'
            sender.publish(f"sensors/s/d/{name}", payload, 1, retain=True).wait_for_publish(10)
        sender.disconnect()
        sender.loop_stop()
        rules = '[[ingest]]\ntopic = "sensors/{site}/{device}/{metric}"\n[[ingest]]\ntopic = "others/{name}"\n'
        findings = by_subject(check_broker(configured(device, f'[mqtt]\nurl = "{broker.url}"\n{rules}'), QUICK), "readings")
    assert findings[0].text.startswith("3 messages of 3 topics came in 0.5 s: 2 readings of 2 series; skipped: bad_value 1")
    assert findings[0].text.endswith("nothing yet for 1 of 2 [[ingest]] topics: 'others/{name}'")
    assert [finding.grade for finding in findings] == [Grade.OK, Grade.WARNING]
    assert findings[1].text.startswith("topic sensors/s/d/c: 1 skipped, bad_value: ")


def test_brokers_that_are_not_there_or_say_nothing(device: Device) -> None:
    """A name without an address, a closed port, a server that never answers."""
    refused = "cannot be reached: Connection refused; does a broker run there? does a firewall let us through? check [mqtt] url"
    with hanging() as port:
        expected = {
            "mqtt://no-such-broker.invalid": "no address is known for no-such-broker.invalid",
            f"mqtt://127.0.0.1:{free_port()}": refused,
            f"mqtt://127.0.0.1:{port}": "takes the connection and does not answer",
        }
        for url, words in expected.items():
            (finding,) = check_broker(configured(device, f'[mqtt]\nurl = "{url}"\n'), Listening(0.5, 0.5))
            assert (finding.grade, words in finding.line) == (Grade.WRONG, True), finding.line


@pytest.mark.servers
def test_the_store_is_tried_and_left_as_it_was(tmp_path: Path, device: Device) -> None:
    """A bucket that is there, one that is not, and a server that was stopped."""
    with Influx(tmp_path / "influx") as influx:
        influx.create("here")
        well = stored(configured(device, f'[store]\nurl = "{influx.store_url("here")}"\n'))
        assert {finding.grade for finding in well} == {Grade.OK}
        assert influx.query("here", "SHOW MEASUREMENTS") == []
        missing = stored(configured(device, f'[store]\nurl = "{influx.store_url("missing")}"\n'))
        assert "CREATE DATABASE" in "".join(finding.whole for finding in missing if finding.grade is Grade.WRONG)
    (finding,) = stored(configured(device, f'[store]\nurl = "{influx.store_url("here")}"\n'))
    assert (finding.grade, "does not answer" in finding.text) == (Grade.WRONG, True)


def test_a_server_that_takes_everything_is_no_store_and_its_clock_is_read(device: Device) -> None:
    """It answers 204 to whatever comes, and its Date lies two hours behind."""
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() - 7200))
    with answering(204, date) as port:
        findings = stored(configured(device, f'[store]\nurl = "influxdb://127.0.0.1:{port}/b?org=o"\n'))
    assert [finding.grade for finding in by_subject(findings, "write")] == [Grade.WRONG]
    (clock,) = by_subject(findings, "clock")
    assert (clock.grade, clock.text.startswith("the server's clock is 2h behind this machine's")) == (Grade.WARNING, True)


def test_differences_of_clocks_in_words() -> None:
    """A header has whole seconds; what is long is told in minutes."""
    assert [difference(seconds) for seconds in (5.0, -5.0, 6.0, -599.0, 601.0)] == [
        None,
        None,
        "6 s ahead of",
        "599 s behind",
        "10min ahead of",
    ]


def test_a_clock_that_nobody_sets_is_told() -> None:
    """One that was never set is wrong, one without a time service a warning."""
    for now, synchronised, grade in ((0, True, Grade.WRONG), (NOW, False, Grade.WARNING), (NOW, True, Grade.OK)):
        clocks = Clocks(now=lambda now=now: now, synchronised=lambda held=synchronised: held)  # type: ignore[misc]
        (finding,) = check_clock(clocks)
        assert (finding.grade, bool(finding.advice)) == (grade, grade is not Grade.OK)


def test_disks_that_are_full_small_or_cannot_be_written(device: Device) -> None:
    """The folder need not be there yet, and is not made."""
    before = sorted(device.folder.rglob("*"))
    text = f'[agent]\nstate = "{device.folder}/deep/state"\n[store]\nurl = "sqlite:////proc/none/gatecast.db"\n'
    config = configured(device, text)
    spool, store = check_disk(config, lambda _: 1 << 40)
    assert (spool.grade, store.grade) == (Grade.OK, Grade.WRONG)
    assert store.text.startswith("/proc: ")
    assert [check_disk(config, lambda _, room=room: room)[0].grade for room in (0, 1 << 29)] == [Grade.WRONG, Grade.WARNING]  # type: ignore[misc]
    assert sorted(device.folder.rglob("*")) == before


def test_the_runtime_is_measured(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds for 64 forecasts of an interval of a minute: half of it is enough for 192 series."""
    monkeypatch.chdir(device.folder)
    known = checked(Path("gatecast.toml"))
    moments = iter(range(0, 1000, 10))
    (finding,) = check_runtime(known, lambda: float(next(moments)), lambda: 1 << 40)
    assert "takes 156,250.0 µs in batches of 64: a core makes 192 of them in half of an interval of 1min" in finding.text
    assert finding.text.endswith("give room for 10,000 series")
    assert check_runtime(known, limit=lambda: 0)[0].text.endswith("give room for 0 series")
    assert "no bundle to measure yet" in check_runtime(Checked([]))[0].text


def test_channels_on_web_servers(device: Device) -> None:
    """One that is away, one that has something else, and none."""
    for port, words in ((free_port(), "cannot be read: "), (None, "malformed channel document")):
        with answering(200, "") as there:
            url = f"http://127.0.0.1:{port or there}/live.json"
            (finding,) = check_channel(configured(device, f'[release]\nchannel = "{url}"\n'), patience=2.0)
        assert (finding.grade, words in finding.text, bool(finding.advice)) == (Grade.WRONG, True, True)
    assert check_channel(configured(device, ""))[0].grade is Grade.OK
    (path,) = check_channel(configured(device, '[release]\nchannel = "registry/live.json"\n'))
    assert path.text == "registry/live.json, a path on this machine: the line 'bundle' says what is there"


def test_checks_run_at_once_and_none_stops_another() -> None:
    """One fails, one has a fault of its own, one hangs: each is one line, in their order."""

    def fail() -> list[Finding]:
        raise GatecastError("away; start it")

    def burst() -> list[Finding]:
        raise ValueError("a fault")

    def hang() -> list[Finding]:
        time.sleep(5)
        return []

    def fine() -> list[Finding]:
        return [Finding("d", "well")]

    checks = [Check(name, work, 0.3, "look") for name, work in zip("abcd", (fail, burst, hang, fine), strict=True)]
    start = time.monotonic()
    lines = [finding.line for finding in together(checks)]
    assert time.monotonic() - start < 4
    assert lines[0] == "WRONG a: away; start it"
    assert re.match(r"WRONG b: this check has failed \(.*ValueError: a fault\)", lines[1])
    assert lines[2:] == ["WRONG c: no answer within 0.3 s; look", "ok    d: well"]


def test_the_command_tells_everything_of_servers_that_hang_and_ends_by_ctrl_c(device: Device) -> None:
    """Exit code 130 and one line, in a moment; what is known before the network is there by then."""
    with hanging() as port:
        device.configure(
            f'[mqtt]\nurl = "mqtt://127.0.0.1:{port}"\n[store]\nurl = "influxdb://127.0.0.1:{port}/b?org=o"\n'
            '[release]\nchannel = "registry/live.json"\n'
        )
        command = [str(AGENT), "check", "--connect", "--listen", "1"]
        process = subprocess.Popen(command, cwd=device.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(6)]
        assert [line[6:].partition(":")[0] for line in lines] == [
            "configuration",
            "ingest",
            "bundle",
            "runtime",
            "disk",
            "clock",
        ]
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "gatecast-agent: stopped by Ctrl-C\n")

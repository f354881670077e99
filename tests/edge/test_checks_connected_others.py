"""`gatecast-agent check --connect`: encryption, the web server of the channel, servers of `[[history]]`, an agent that runs."""

import json
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from edge.checks.connected.broker import Listening, check_broker
from edge.checks.connected.channel import check_channel
from edge.checks.connected.others import check_agent, check_sources
from edge.checks.connected.together import Check, together
from edge.checks.finding import Finding, Grade
from edge.commands.topics import ask
from edge.config.reading import read_config
from edge.config.sections import Config
from tests.support.agent_process import configure, publisher, running
from tests.support.certificates import Authority
from tests.support.devices import Quiet, answering, serving
from tests.support.ready_device import Device
from tests.support.servers import Influx, Mosquitto, free_port, wait_until

QUICK = Listening(seconds=0.0, patience=2.0)


@pytest.fixture(autouse=True)
def _all_threads_end() -> Iterator[None]:
    """After a refusal the library's thread sleeps for a second before it ends: the next file of tests counts threads."""
    yield
    wait_until(lambda: not any(thread.name.startswith("gatecast-") for thread in threading.enumerate()))


def configured(device: Device, text: str) -> Config:
    """A configuration that was written and read."""
    device.configure(text)
    return read_config(device.folder / "gatecast.toml")


@pytest.mark.servers
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # paho leaves the socket of a failed handshake
def test_encryption_that_fails_says_why(tmp_path: Path, device: Device) -> None:
    """A certificate that is trusted, one that is not, a name that it has not, and a port that speaks no TLS."""
    authority, other = Authority(tmp_path), Authority(tmp_path, "theirs")
    certificate, key = authority.sign("broker")
    (tmp_path / "m").mkdir()
    settings: dict[str, object] = {"certfile": certificate, "keyfile": key}
    with Mosquitto(tmp_path / "m", settings=settings) as broker, Mosquitto(tmp_path / "n") as plain:
        lines = []
        for host, port, file in (
            ("127.0.0.1", broker.port, authority.file),
            ("127.0.0.1", broker.port, other.file),
            ("localhost", broker.port, authority.file),
            ("127.0.0.1", plain.port, authority.file),
        ):
            config = configured(device, f'[mqtt]\nurl = "mqtts://{host}:{port}"\nca_file = "{file}"\n')
            first, *_ = check_broker(config, QUICK)
            lines.append(first)
        (unencrypted,) = check_broker(configured(device, f'[mqtt]\nurl = "mqtt://127.0.0.1:{broker.port}"\n'), QUICK)
    assert [line.grade for line in lines] == [Grade.OK, *[Grade.WRONG] * 3]
    assert ", TLSv1.3, MQTT 3.1.1" in lines[0].text
    assert "ca_file holds its authority" in lines[1].whole
    assert "write a name that the certificate has in the URL of [mqtt]" in lines[2].whole
    assert "does the broker speak TLS on that port (8883 is usual)?" in lines[3].whole
    assert (unencrypted.grade, "does it want TLS (mqtts://)" in unencrypted.whole) == (Grade.WRONG, True)


def test_the_channel_of_a_web_server_is_fetched_and_tried(device: Device) -> None:
    """Its bundle is verified and opened; the server's clock is three hours ahead."""

    class Handler(Quiet):
        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string(int((timestamp or time.time()) + 10_800))

    with serving(partial(Handler, directory=str(device.folder / "registry"))) as url:
        config = configured(device, f'[release]\nchannel = "{url}/live.json"\n')
        named, clock, bundle = check_channel(config)
        assert [finding.grade for finding in (named, clock, bundle)] == [Grade.OK, Grade.WARNING, Grade.OK]
        assert f" names {device.bundle.name}, since 2026-01-15" in named.text
        assert clock.text == "the web server's clock is 3h ahead of this machine's"
        assert "self-test passed" in bundle.text
        (device.bundle / "manifest.json").write_bytes(b"{}")
        _, damaged = [finding for finding in check_channel(config) if finding.subject == "channel"]
        assert (damaged.grade, "expected a manifest with SHA-256" in damaged.text) == (Grade.WRONG, True)


@pytest.mark.servers
@pytest.mark.parametrize("version", ["3.1.1", "5"])
@pytest.mark.parametrize("publish", ["", "[publish]\nhome_assistant = true\n"], ids=["quiet", "publishing"])
def test_an_agent_that_runs_notices_nothing(version: str, publish: str, tmp_path: Path) -> None:
    """It reads topics of three levels, those of the check among them; it gets none of them and keeps its connection."""
    with Mosquitto(tmp_path / "m") as broker:
        path = configure(tmp_path, broker.url, f"sqlite:///{tmp_path}/store.db")
        text = path.read_text().replace("sensors/{device}/{metric}", "{a}/{b}/{c}")
        path.write_text(text.replace("[mqtt]\n", f'[mqtt]\nversion = "{version}"\n') + publish)
        with running(path) as agent:
            sensor = publisher(broker.port)
            findings = list(check_broker(read_config(path), QUICK))
            assert {finding.grade for finding in findings} == {Grade.OK}
            assert [finding.subject for finding in findings[2:]] == (["publish"] * 2 if publish else ["round trip"])
            payload = json.dumps({"value": 1, "time": int(time.time())})
            sensor.publish("a/b/c", payload, 1).wait_for_publish(60)
            sensor.disconnect()
            sensor.loop_stop()
            listen = read_config(path).agent.health
            wait_until(lambda: bool(ask(listen)))
            assert [(topic.topic, topic.readings, topic.skipped) for topic in ask(listen)] == [("a/b/c", 1, {})]
            assert agent.lines("lost the broker") == 0
            log = (tmp_path / "m" / "mosquitto.log").read_text()
            assert log.count(f"as {tmp_path.name} ") == 1


@pytest.mark.servers
def test_servers_of_history_are_asked(tmp_path: Path, device: Device) -> None:
    """One with readings, one without, one that is away; a file was opened before."""
    with Influx(tmp_path / "influx") as influx:
        influx.create("full")
        influx.create("empty")
        influx.write("full", "temperature,room=a value=1 1768478400000000000")
        here = f"influxdb://127.0.0.1:{influx.front.port}"
        urls = (f"{here}/full", f"{here}/empty", f"influxdb://127.0.0.1:{free_port()}/b", "sqlite:///none.db")
        text = "".join(f'[[history]]\nurl = "{url}"\n' for url in urls)
        findings = list(check_sources(configured(device, text)))
    assert [finding.grade for finding in findings] == [Grade.OK, Grade.WRONG, Grade.WRONG]
    assert "holds no measurement" in findings[1].text
    assert findings[0].text.endswith("readings from 2026-01-15T12:00:00Z to 2026-01-15T12:00:00Z")


@pytest.mark.parametrize(
    ("status", "body", "grade", "words"),
    [
        (200, b'{"status": "ok"}', Grade.OK, "and is well"),
        (200, b'{"status": "degraded", "reason": "no message"}', Grade.WARNING, ": no message"),
        (503, b'{"status": "the store is away", "codes": ["store"]}', Grade.WRONG, ": the store is away"),
        (200, b"<html>", Grade.WARNING, "another program answers"),
        (404, b"", Grade.WARNING, "another program answers"),
    ],
)
def test_an_agent_that_runs_here_is_asked(status: int, body: bytes, grade: Grade, words: str, device: Device) -> None:
    """It knows best how it is; nobody there is no fault."""
    with serving(answering(status, body)) as url:
        (finding,) = check_agent(configured(device, f'[agent]\nhealth = "{url.removeprefix("http://")}"\n'))
    assert (finding.grade, words in finding.text) == (grade, True), finding.line
    (finding,) = check_agent(configured(device, f'[agent]\nhealth = "127.0.0.1:{free_port()}"\n'))
    assert (finding.grade, finding.text.startswith("none answers at ")) == (Grade.OK, True)
    assert check_agent(configured(device, '[agent]\nhealth = "off"\n'))[0].grade is Grade.OK


def test_what_was_known_before_the_end_of_a_check_is_told() -> None:
    """Two findings, and then it hangs."""

    def work() -> Iterator[Finding]:
        yield Finding("a", "one")
        yield Finding("a", "two")
        time.sleep(5)

    lines = [finding.line for finding in together([Check("a", work, 0.3, "look")])]
    assert lines == ["ok    a: one", "ok    a: two", "WRONG a: no answer within 0.3 s; look"]

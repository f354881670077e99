"""The encrypted port of the broker, with the certificates that the page makes, the settings of compose, and a real agent."""

import os
import subprocess
from pathlib import Path

import pytest

from edge.agent.counters import Counter
from tests.deploy.test_mosquitto import ACCOUNT, DEPLOY, start_script
from tests.support.agent_process import Running, configure
from tests.support.documented import blocks, environment, section, shell
from tests.support.servers import Mosquitto, free_port, requires, wait_until

pytestmark = pytest.mark.servers
PAGE = DEPLOY / "README.md"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands of the page make."""
    requires("openssl")
    folder = tmp_path_factory.mktemp("deploy")
    for block in blocks(section(PAGE.read_text("utf-8"), "### An encrypted port of the broker"), "sh"):
        if "openssl" in block:
            shell(block, folder, environment())
    return folder / "certificates"


def _broker(folder: Path, certificates: Path, *, of_clients: bool) -> tuple[Mosquitto, int]:
    """A broker that is started as compose.tls.yaml does, and its encrypted port."""
    encrypted, tls = free_port(), (DEPLOY / "mosquitto-tls.conf").read_text()
    if of_clients:
        tls = tls.replace("#cafile", "cafile").replace("#require", "require")
    settings = folder / "settings"
    settings.mkdir()
    (settings / "mosquitto.conf").write_text((DEPLOY / "mosquitto.conf").read_text())
    (settings / "tls.conf").write_text(tls)
    home = start_script(folder, settings, certificates)
    text = (home / "settings").read_text().replace("listener 8883", f"listener {encrypted} 127.0.0.1")
    text = text.replace("listener 1883", "listener {port} 127.0.0.1\nuser root").replace("/mosquitto/data/", f"{home}/")
    return Mosquitto(folder / "broker", configuration=text), encrypted


@pytest.mark.parametrize("of_clients", [False, True])
def test_an_agent_reads_over_the_encrypted_port(
    of_clients: bool, tmp_path: Path, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the authority's file, and with a certificate of its own where the broker asks for one; readings arrive."""
    monkeypatch.setenv("GATECAST_MQTT_PASSWORD", ACCOUNT[1])
    broker, port = _broker(tmp_path, certificates, of_clients=of_clients)
    config = configure(tmp_path, f"mqtts://{ACCOUNT[0]}@127.0.0.1:{port}", f"sqlite:///{tmp_path}/store.db")
    files = {"ca_file": "ca.crt"} | ({"cert_file": "client.crt", "key_file": "client.key"} if of_clients else {})
    keys = "".join(f'{key} = "{certificates / name}"\n' for key, name in files.items())
    config.write_text(config.read_text().replace("client_id", f"{keys}client_id"))
    options = ["--cafile", str(certificates / "ca.crt")]
    options += ["--cert", str(certificates / "client.crt"), "--key", str(certificates / "client.key")] if of_clients else []
    account = tmp_path / "account"
    with broker:
        agent = Running(config)
        agent.start()
        try:
            sent = ["-p", str(port), "-h", "localhost", "-q", "1", "-t", "sensors/boiler/temperature", "-m", '{"value": 61.5}']
            words = [requires("mosquitto_pub"), *options, *sent]
            subprocess.run(words, check=True, env=os.environ | {"XDG_CONFIG_HOME": str(account)})
            wait_until(lambda: agent.number(Counter.MESSAGES) == 1)
            agent.stop()
        finally:
            agent.process.process.kill()
            agent.process.stop()
        if of_clients:
            words = [requires("mosquitto_pub"), *options[:2], *sent]
            refused = subprocess.run(
                words, capture_output=True, env=os.environ | {"XDG_CONFIG_HOME": str(account)}, check=False
            )
            assert refused.returncode != 0


def test_the_certificates_are_strict_and_their_keys_are_private(certificates: Path) -> None:
    """Newer versions of Python take certificates that keep to the letter of the standard only."""
    for name in ("server.crt", "client.crt"):
        words = [
            requires("openssl"),
            "verify",
            "-x509_strict",
            "-CAfile",
            str(certificates / "ca.crt"),
            str(certificates / name),
        ]
        subprocess.run(words, check=True, capture_output=True)
    assert [path.name for path in certificates.glob("*.key") if path.stat().st_mode & 0o077] == []

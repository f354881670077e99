"""Compose, images, unit and configurations fit together; no container engine is needed to see that."""

import importlib.metadata
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from edge.checks.configured import check
from edge.config.reading import read_config
from edge.config.sections import PASSWORD_VARIABLE
from edge.stores.address import TOKEN_VARIABLE

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
TLS: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.tls.yaml").read_text())
FILES = {"compose.yaml": COMPOSE, "compose.tls.yaml": TLS}
TARGETS = re.findall(r"^FROM \S+ AS (\w+)$", DOCKERFILE, re.MULTILINE)
OURS = {name: service for name, service in SERVICES.items() if "build" in service}

every_service = pytest.mark.parametrize("name", SERVICES)


def test_every_variable_of_compose_is_explained_in_the_example() -> None:
    """.env.example has each variable that has to be set, no other, without a value, under a comment."""
    text = "".join((DEPLOY / name).read_text() for name in FILES)
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", text))
    with_default = set(re.findall(r"(?<!\$)\$\{(\w+):-", text))
    assert not re.search(r"(?<!\$)(?:\$\$)*\$(?![${])", text), "write ${VARIABLE}, or $$ for the container's own shell"
    blocks = (DEPLOY / ".env.example").read_text().strip().split("\n\n")[1:]
    assert all(block.startswith("# ") for block in blocks)
    assert {re.split("=", block.splitlines()[-1])[0] for block in blocks} == used - with_default
    assert all(block.endswith("=") for block in blocks), "an example holds no secret"
    for name in used - with_default:
        assert f"${{{name}:?" in text, f"compose must refuse to start without {name}"
    for name in with_default:
        assert f"`{name}=" in (DEPLOY / "README.md").read_text() or f"`{name}`" in (DEPLOY / "README.md").read_text()


def test_no_command_line_has_a_secret() -> None:
    """Compose puts values into commands and health checks before the container's shell sees them; `ps` shows them then."""
    for document in FILES.values():
        for service in document["services"].values():
            for words in (
                service.get("command", []),
                service.get("healthcheck", {}).get("test", []),
                service.get("entrypoint", []),
            ):
                assert not any(re.search(r"(?<!\$)(?:\$\$)*\$\{", word) for word in words), words


def test_the_second_file_adds_to_services_of_the_first() -> None:
    """It replaces nothing, mounts what the documented commands make or what is here, and opens a port the broker listens on."""
    for name, service in TLS["services"].items():
        assert service.keys() <= {"ports", "volumes"}
        targets = [mount.split(":")[1] for mount in service["volumes"]]
        assert not set(targets) & {mount.split(":")[1] for mount in SERVICES[name]["volumes"]}
        for mount in service["volumes"]:
            source = mount.split(":")[0].removeprefix("./")
            made = source.startswith("certificates/") and f" -out {Path(source).name}\n" in (DEPLOY / "README.md").read_text()
            kept = source.startswith("certificates/") and f" -keyout {Path(source).name} " in (DEPLOY / "README.md").read_text()
            assert made or kept or (DEPLOY / source).exists(), mount
            assert mount.endswith(":ro")
    assert TLS["services"]["mosquitto"]["ports"] == ["${MQTT_TLS_ADDRESS:-127.0.0.1}:8883:8883"]
    assert "\nlistener 8883\n" in (DEPLOY / "mosquitto-tls.conf").read_text()


def test_the_readme_fills_in_the_secrets(tmp_path: Path) -> None:
    """Its first commands give every variable a value of its own, in a file for the owner alone."""
    shutil.copy(DEPLOY / ".env.example", tmp_path)
    (snippet,) = re.findall(r"```sh\ncd deploy\n(.*?)docker compose", (DEPLOY / "README.md").read_text(), re.DOTALL)
    subprocess.run(["/bin/sh", "-euc", snippet], cwd=tmp_path, check=True, capture_output=True)
    pairs = re.findall(r"^(\w+)=([0-9a-f]{48})$", (tmp_path / ".env").read_text(), re.MULTILINE)
    assert [name for name, _ in pairs] == re.findall(r"^(\w+)=", (DEPLOY / ".env.example").read_text(), re.MULTILINE)
    assert len({value for _, value in pairs}) == len(pairs)
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0


def test_the_readme_names_files_that_exist() -> None:
    """Every path of deploy/ in it is there."""
    named = set(re.findall(r"(?<![\w/])deploy/[\w./-]+\w", (DEPLOY / "README.md").read_text()))
    named = {path for path in named if "/overlays/mine" not in path}  # the reader's own, made by the first command
    named -= {"deploy/gatecast-trainer"}  # of kubectl: kind and name
    assert named
    assert all((ROOT / path).exists() for path in named), named


@every_service
def test_every_port_is_open_on_this_machine_only(name: str) -> None:
    """All ports are bound to 127.0.0.1."""
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in SERVICES[name].get("ports", []))


@every_service
def test_every_service_is_watched_and_comes_back(name: str) -> None:
    """Each has a health check and a restart policy, and waits only for services that have them too."""
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert {"interval", "timeout", "retries", "start_period"} <= service["healthcheck"].keys()
    for other, wait in service.get("depends_on", {}).items():
        assert other in SERVICES
        assert wait["condition"] == "service_healthy"


@every_service
def test_every_image_has_a_fixed_version(name: str) -> None:
    """Images from elsewhere have a full version, ours are built here."""
    image = SERVICES[name]["image"]
    assert re.search(r":local$" if "build" in SERVICES[name] else r":\d+\.\d+(\.\d+)?(-\w+)?(@sha256:[0-9a-f]{64})?$", image)


@every_service
def test_every_mount_exists(name: str) -> None:
    """Files are in deploy/ and mounted read-only, volumes are declared."""
    for mount in SERVICES[name].get("volumes", []):
        source, _, rest = mount.partition(":")
        if source.startswith("./"):
            assert (DEPLOY / source).exists(), mount
            assert rest.endswith(":ro"), mount
        else:
            assert source in COMPOSE["volumes"], mount


@pytest.mark.parametrize("name", OURS)
def test_our_services_build_a_target_and_run_a_command_that_exist(name: str) -> None:
    """Target, context and console script are those of Dockerfile and pyproject.toml."""
    build, command = OURS[name]["build"], OURS[name]["command"]
    assert build["target"] in TARGETS
    assert (DEPLOY / build["context"] / build["dockerfile"]).samefile(DEPLOY / "Dockerfile")
    if command[0] == "prefect":
        assert importlib.metadata.entry_points(group="console_scripts", name="prefect")
        assert any(package.startswith("prefect") for package in PYPROJECT["project"]["optional-dependencies"]["train"])
    else:
        assert command[0] in PYPROJECT["project"]["scripts"]
    assert OURS[name]["read_only"]
    assert OURS[name]["cap_drop"] == ["ALL"]


def test_the_page_pins_the_image_that_ours_are_built_on() -> None:
    """The command that asks for its digest names the tag of the Dockerfile."""
    (base,) = set(re.findall(r"^FROM (\S+:\S+) AS", DOCKERFILE, re.MULTILINE))
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-slim-\w+(@sha256:[0-9a-f]{64})?", base)
    assert f"imagetools inspect {base.partition('@')[0]}\n" in (DEPLOY / "README.md").read_text()


def test_one_image_has_one_target() -> None:
    """Services that share an image name build the same thing."""
    targets: dict[str, set[str]] = {}
    for service in OURS.values():
        targets.setdefault(service["image"], set()).add(service["build"]["target"])
    assert all(len(names) == 1 for names in targets.values())


def test_images_take_what_the_build_is_given() -> None:
    """What the Dockerfile copies is not ignored, exists or is a lock file, and is all the wheel is made of."""
    kept = {line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {source for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE) for source in line.split()}
    assert {source.split("/")[0] for source in copied} == kept
    assert {source for source in copied if source.startswith("requirements/")} == {
        "requirements/edge.txt",
        "requirements/train.txt",
    }
    assert set(PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) < copied
    assert {PYPROJECT["project"]["readme"], *PYPROJECT["project"]["license-files"]} < copied


def test_images_run_without_root_and_without_unlocked_packages() -> None:
    """Both targets switch to the user, have a health check, and install by hash."""
    for target in ("agent", "trainer"):
        stage = DOCKERFILE.split(f"AS {target}\n")[1].split("\nFROM ")[0]
        assert "\nUSER gatecast\n" in stage
        assert "\nHEALTHCHECK " in stage
        assert re.findall(r"^RUN pip install (\S+)", stage, re.MULTILINE) == ["--require-hashes", "--no-deps"]
    assert "train.txt" not in DOCKERFILE.split("AS agent\n")[1].split("\nFROM ")[0]


def test_the_example_configuration_fits_compose() -> None:
    """It is valid, and its hosts, ports, bucket, folders and secrets are those compose provides."""
    config = read_config(DEPLOY / "gatecast.toml")
    for url, port in ((config.mqtt.url, 1883), (config.store.url, 8086)):
        parts = urlsplit(url)
        assert parts.port == port
        assert f"127.0.0.1:{port}:{port}" in SERVICES[parts.hostname or ""]["ports"]
    store, influx = urlsplit(config.store.url), SERVICES["influxdb"]["environment"]
    assert store.path == f"/{influx['SETUP_BUCKET']}"
    assert parse_qs(store.query) == {"org": [influx["SETUP_ORG"]]}
    assert f"'{urlsplit(config.mqtt.url).username}:%s" in SERVICES["mosquitto"]["command"][-1]
    agent, trainer = SERVICES["agent"], SERVICES["trainer"]
    assert {PASSWORD_VARIABLE, TOKEN_VARIABLE} <= agent["environment"].keys()
    assert TOKEN_VARIABLE in trainer["environment"]
    assert f"agent:{config.agent.state}" in agent["volumes"]
    assert f"registry:{config.registry.path}" in trainer["volumes"]
    assert f"registry:{config.registry.path}:ro" in agent["volumes"]
    assert config.release.channel == f"{config.registry.path}/channels/{config.registry.channel}.json"
    assert config.fleet.horizon is not None
    assert max(config.agent.leads) <= config.fleet.horizon
    for service in (agent, trainer):
        assert f"./gatecast.toml:{service['command'][-1]}:ro" in service["volumes"]
    assert f"http://{config.agent.health}/healthz" in agent["healthcheck"]["test"]
    assert f"http://{config.agent.health}/healthz" in DOCKERFILE


def test_prefect_uses_the_database_of_the_stack() -> None:
    """Host, name, account and password are those that Postgres is set up with; its variables are Prefect's."""
    database, prefect = SERVICES["postgres"]["environment"], SERVICES["prefect"]["environment"]
    assert prefect["PREFECT_SERVER_DATABASE_HOST"] in SERVICES["prefect"]["depends_on"]
    assert prefect["PREFECT_SERVER_DATABASE_NAME"] == database["POSTGRES_DB"]
    assert prefect["PREFECT_SERVER_DATABASE_USER"] == database["POSTGRES_USER"]
    assert prefect["PREFECT_SERVER_DATABASE_PASSWORD"] == "${PREFECT_PASSWORD}"
    assert database["POSTGRES_PASSWORD"].startswith("${PREFECT_PASSWORD:?")
    assert f"postgres:{database['PGDATA']}" in SERVICES["postgres"]["volumes"]
    assert "ports" not in SERVICES["postgres"]
    # The driver comes with Prefect.
    locked = (ROOT / "requirements" / "train.txt").read_text()
    assert prefect["PREFECT_SERVER_DATABASE_DRIVER"].split("+")[1] in re.findall(r"^(\w+)==", locked, re.MULTILINE)


def test_the_example_configuration_passes_the_agents_own_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is wrong with it but the missing bundle, which is not configuration."""
    monkeypatch.setenv(PASSWORD_VARIABLE, "between-us")
    findings = check(DEPLOY / "gatecast.toml")
    assert {finding.subject for finding in findings if finding.code} <= {"bundle"}

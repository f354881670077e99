"""What runs the documented commands finds them all, changes nothing but paths, and fails loudly where a page has changed."""

import re
import sys
from pathlib import Path

import pytest

from edge.config.reading import read_config
from tests.support.documented import (
    PLACES,
    ROOT,
    DocumentationError,
    blocks,
    environment,
    moved,
    section,
    shell,
    unit_setting,
)
from tests.support.documented_gateway import HEADING, HEALTH, PAGE, UNIT, configured, steps
from tests.support.documented_images import DOCKERFILE, Stage, build, stages
from tests.support.documented_locks import LOCKS, meant_for
from tests.support.interpreters import NEWEST_OF_THE_TRAINER, has_trainer, interpreter, pythons

# Every block of commands in the pages, by its first words: the tests and the steps of .ci/run that run it, or why nothing does.
# All of them are taken by the parsers as they stand (test_docs.py).
RUN_BY = {
    ("CONTRIBUTING.md", "make setup"): [".ci/run"],
    ("CONTRIBUTING.md", "GATECAST_INFLUX_TOKEN"): [],  # it needs a server of the reader's
    ("README.md", "make demo"): [".ci/run", "flows/test_demo_run.py"],  # make test; the demo without make
    ("README.md", "source .venv/bin/activate"): [
        "whole/test_readme.py",
        "flows/test_retraining_flow.py",
        "edge/test_agent_process.py",
    ],
    ("README.md", "mosquitto_pub"): ["whole/test_readme.py"],
    ("README.md", "gatecast init --discover"): ["flows/test_commands_discover.py"],
    ("deploy/README.md", "cd deploy"): ["deploy/test_compose.py"],
    ("deploy/README.md", "docker compose exec"): [],  # there is no container engine in the tests; the page says so
    ("deploy/README.md", "docker compose exec -T postgres pg_dump"): ["deploy/test_postgres.py"],  # without the containers
    ("deploy/README.md", "docker compose --file compose.yaml"): [],  # as above
    ("deploy/README.md", "mkdir -p certificates"): ["deploy/test_encrypted.py"],
    ("deploy/README.md", "cd certificates"): ["deploy/test_encrypted.py"],
    ("deploy/README.md", "docker compose config --lock"): [],  # there is no registry of images in the tests
    ("deploy/README.md", "cp -r deploy/kubernetes"): ["deploy/test_kubernetes.py"],
    ("deploy/README.md", "kubectl apply"): [],  # there is no cluster in the tests; the page says so
    ("deploy/README.md", "useradd --system"): ["deploy/test_unit.py"],
    ("deploy/README.md", "python3 -m venv /opt/gatecast"): ["support/documented_gateway.py"],
    ("deploy/README.md", "/opt/gatecast/bin/gatecast-agent check"): ["support/documented_gateway.py"],
    ("docs/backtest.md", "gatecast backtest"): ["flows/test_commands_backtest.py"],  # on a history of seconds
    ("docs/by-hand.md", "mosquitto"): ["whole/test_by_hand.py"],
    ("docs/by-hand.md", ". .venv/bin/activate"): ["whole/test_by_hand.py"],
    ("docs/by-hand.md", "mosquitto_pub"): ["whole/test_by_hand.py"],
    ("docs/by-hand.md", "python3 -c"): ["whole/test_by_hand.py"],
    ("docs/benchmarks.md", "python benchmarks/accuracy.py"): ["benchmarks/test_accuracy.py"],  # on a set of its own
    ("docs/compare.md", "gatecast compare"): ["flows/test_commands_compare.py"],  # the quick form
    ("docs/dashboards.md", "make dashboards"): ["deploy/test_grafana_files.py"],  # without make
    ("docs/discovery.md", "gatecast discover"): ["flows/test_commands_discover.py"],
    ("docs/history.md", "gatecast history"): ["flows/test_commands_history.py"],
    ("docs/page.md", "pip install"): ["flows/test_page_pages.py"],  # in the environment of the tests
    ("docs/page.md", "gatecast page --host"): ["flows/test_page_serving.py"],
    ("docs/looking.md", "mkdir -p ~/.local"): ["edge/test_completion_shells.py", "flows/test_commands_shell.py"],
    ("docs/looking.md", "gatecast forecast"): ["flows/test_commands_looking.py"],
    ("docs/looking.md", "gatecast series"): ["flows/test_commands_looking.py"],
    ("docs/operations.md", "gatecast-agent check"): ["edge/test_cli.py", "edge/test_agent_health.py"],
    ("docs/operations.md", "gatecast-agent check --config gatecast.toml --connect"): ["edge/test_checks_connected.py"],
    ("docs/operations.md", "gatecast doctor"): ["flows/test_doctor_run.py"],
    ("docs/operations.md", "gatecast-agent recover"): ["edge/test_commands_recover.py"],
    ("docs/try-it.md", "make demo"): [".ci/run", "flows/test_demo_run.py"],
    ("docs/try-it.md", "python3 -m webbrowser"): [],  # it opens a window
    ("docs/home-assistant.md", ""): ["whole/test_quickstarts.py"],  # with a training of seconds
    ("docs/one-gateway.md", "sudo"): ["whole/test_quickstarts.py"],  # but for the minutes of `retrain`
    ("docs/one-gateway.md", "echo"): ["whole/test_quickstarts.py"],
    ("docs/one-gateway.md", "for minutes"): ["whole/test_quickstarts.py"],
    ("docs/one-gateway.md", "curl"): ["whole/test_quickstarts.py"],
    ("docs/factory.md", ""): ["whole/test_quickstarts.py"],  # but for the minutes of `retrain`
    ("docs/fleet.md", ""): ["whole/test_quickstarts.py"],
    ("docs/store.md", "gatecast store check"): ["flows/test_commands_storing.py"],
    ("docs/store.md", "influx -execute 'CREATE DATABASE"): ["edge/test_stores_contract_page.py"],
    ("docs/store.md", "influx -execute 'CREATE RETENTION"): ["edge/test_stores_contract_page.py"],
    ("docs/store.md", "influx bucket create"): [],  # the program of InfluxDB 2 is not there; the page's Flux is run on a server
    ("docs/retraining.md", "gatecast monitor"): ["flows/test_commands_serving.py"],
    ("docs/retraining.md", "gatecast serve"): ["flows/test_serving_schedule.py"],
    ("docs/retraining.md", "prefect deployment run"): ["deploy/test_prefect.py"],
    ("docs/retraining.md", "export GATECAST_FOLDER"): ["deploy/test_prefect.py"],
    ("docs/operations.md", "gatecast retrain --no-release"): ["flows/test_retraining_flow.py", "flows/test_cli.py"],
}


def test_no_block_of_commands_is_new_and_run_by_nothing() -> None:
    """A block that is added to a page, or gone from it, needs its line above; what runs it is there."""
    pages = {str(page.relative_to(ROOT)): page for page in [*ROOT.glob("*.md"), *ROOT.glob("d*/**/*.md")]}
    documented = [(name, block) for name, page in sorted(pages.items()) for block in blocks(page.read_text("utf-8"), "sh")]
    for name, block in documented:
        assert [words for page, words in RUN_BY if page == name and block.startswith(words)], f"{name}: {block}"
    for page, words in RUN_BY:
        assert any(name == page and block.startswith(words) for name, block in documented), f"{page}: {words}"
    named = {name for names in RUN_BY.values() for name in names}
    assert [name for name in named if not any((folder / name).exists() for folder in (ROOT, ROOT / "tests"))] == []


def test_the_gateway_is_installed_checked_and_started() -> None:
    """The page has both blocks, with the lock file, the check, the unit and the health page."""
    told = steps(PAGE.read_text("utf-8"))
    assert "pip install --require-hashes -r requirements/edge.txt" in told.install
    assert "gatecast-agent.service" in told.install
    for part in ("gatecast-agent check", "systemctl enable --now gatecast-agent", "journalctl", HEALTH):
        assert part in told.start


@pytest.mark.parametrize(
    ("old", "new"),
    [(HEADING, "## Gateways"), ("```sh\n/opt/gatecast/bin/gatecast-agent check", "```\n/opt"), ("pip install", "apt install")],
)
def test_a_page_without_the_blocks_is_refused(old: str, new: str) -> None:
    """A heading, a block or a command that is gone is an error, so that nothing is passed over."""
    page = PAGE.read_text("utf-8")
    assert old in page
    with pytest.raises(DocumentationError):
        steps(page.replace(old, new))


def test_a_section_ends_at_the_next_heading() -> None:
    """Lower headings are part of it, higher ones are not."""
    page = "# a\n## b\none\n### c\ntwo\n## d\nthree\n"
    assert section(page, "## b") == "one\n### c\ntwo\n"
    assert section(page, "### c") == "two\n"


def test_only_paths_of_the_machine_are_moved() -> None:
    """Addresses, relative paths, patterns in topics and /dev/null stay; a place that is not known is refused."""
    root = Path("/scratch")
    command = "install -m 600 /dev/null /etc/gatecast/agent.env; curl http://127.0.0.1:9273/healthz deploy/x sensors/{a}/{b}"
    assert moved(command, root) == command.replace("/etc/gatecast", "/scratch/etc/gatecast")
    assert moved("pip install /tmp/wheels/*.whl", root) == "pip install /scratch/tmp/wheels/*.whl"
    with pytest.raises(DocumentationError, match="/usr/bin/x"):
        moved("rm /usr/bin/x", root)


def test_the_configuration_of_step_one_is_valid(tmp_path: Path) -> None:
    """The file that is installed, with broker, store and channel set, and without the trainer's sections."""
    path = tmp_path / "gatecast.toml"
    path.write_text(configured((ROOT / "deploy" / "gatecast.toml").read_text("utf-8"), tmp_path, 1883, "127.0.0.1:1"))
    config = read_config(path)
    assert (config.mqtt.url, config.agent.health) == ("mqtt://gatecast@127.0.0.1:1883", "127.0.0.1:1")
    assert config.release.channel == f"{tmp_path}/srv/registry/channels/live.json"
    with pytest.raises(DocumentationError):
        configured('[mqtt]\nurl = "mqtt://h"\n', tmp_path, 1883, "")


def test_a_unit_without_the_setting_is_refused() -> None:
    """The unit names its command in a place that is moved."""
    unit = (ROOT / "deploy" / Path(UNIT).name).read_text("utf-8")
    assert unit_setting(unit, "ExecStart").startswith(tuple(PLACES))
    with pytest.raises(DocumentationError, match="ExecStop="):
        unit_setting(unit, "ExecStop")


def test_every_step_of_the_images_can_be_run(tmp_path: Path) -> None:
    """No step of the file needs a container but those that are left out by name; every path has a place."""
    made = stages(DOCKERFILE.read_text("utf-8"))
    assert list(made) == ["base", "wheel", "agent", "trainer"]
    assert {stage.python for stage in made.values()} == {"3.11"}
    runs = [argument for instruction, argument in made["agent"].steps if instruction == "RUN"]
    assert runs[0].startswith("useradd ")
    assert [run.split()[:3] for run in runs[1:]] == [
        ["pip", "install", "--require-hashes"],
        ["pip", "install", "--no-deps"],
    ]
    assert all(moved(run, tmp_path) for run in runs[1:])


def test_stages_are_built_one_from_another(tmp_path: Path) -> None:
    """Variables and steps of the stage above come first; files are copied from context and stages; the command is told."""
    context, folders = tmp_path / "context", tmp_path / "stages"
    (context / "edge").mkdir(parents=True)
    (context / "edge" / "a.py").write_text("1")
    made = stages(
        "# comment\nFROM python:3.11.13-slim AS base\nENV X=one Y=2\nRUN useradd --system g \\\n && install -d /srv/registry\n"
        "FROM base AS wheel\nWORKDIR /source\nCOPY edge edge\nRUN mkdir /wheels && cp edge/a.py /wheels/$X\n"
        'FROM base AS agent\nCOPY --from=wheel /wheels /tmp/wheels\nUSER g\nCMD ["gatecast-agent", "run"]\n'
    )
    asked: list[str] = []
    commands = [build(stage, folders, context, lambda version, _: asked.append(version)) for stage in made.values()]
    assert commands == [[], [], ["gatecast-agent", "run"]]
    assert asked == ["3.11"] * 3
    assert (folders / "agent/tmp/wheels/one").read_text() == "1"
    assert not (folders / "base" / "srv").exists()


@pytest.mark.parametrize("step", [("VOLUME", "/x"), ("RUN", "rm -rf /home/x"), ("RUN", "false")])
def test_a_step_that_cannot_be_run_or_fails_is_refused(step: tuple[str, str], tmp_path: Path) -> None:
    """An instruction that is not known, a path without a place, a command that ends with an error."""
    with pytest.raises(DocumentationError):
        build(Stage("one", "3.11", (step,)), tmp_path, tmp_path, lambda *_: None)


def test_a_stage_from_another_image_is_refused() -> None:
    """What an image without Python does cannot be seen here."""
    with pytest.raises(DocumentationError, match="debian"):
        stages("FROM debian:12 AS base\n")


def test_a_failing_command_is_shown_with_its_output(tmp_path: Path) -> None:
    """The shell stops at the first failure."""
    with pytest.raises(DocumentationError, match=r"ended with 3:\nbefore$"):
        shell("echo before; (exit 3)\necho after", tmp_path, environment())


def test_every_lock_and_every_python_is_looked_for() -> None:
    """tflite-runtime ends with Python 3.11, TensorFlow with 3.13; an interpreter that is not there is None."""
    assert list(pythons()) == ["3.11", "3.12", "3.13", "3.14"]
    assert {"edge", "edge-tflite", "page", "train", "dev", "test-edge", "test-edge-tflite", "uv", "sbom"} == set(LOCKS)
    assert [lock for lock in LOCKS if not meant_for(lock, "3.12")] == ["edge-tflite", "test-edge-tflite"]
    assert [lock for lock in LOCKS if meant_for(lock, "3.14")] == ["edge", "page", "sbom", "test-edge", "uv"]
    assert all(meant_for(lock, "3.11") for lock in LOCKS)
    assert interpreter("2.0") is None
    assert interpreter(f"{sys.version_info.major}.{sys.version_info.minor}") is not None


def test_make_takes_no_python_that_the_trainer_lacks() -> None:
    """The Makefile's choice ends with the newest Python of the trainer; pyproject.toml says why the device's does not."""
    chosen = re.search(r"\(3, 11\) <= sys.version_info\[:2\] < \(3, (\d+)\)", (ROOT / "Makefile").read_text("utf-8"))
    assert chosen is not None
    assert f"3.{int(chosen[1]) - 1}" == NEWEST_OF_THE_TRAINER
    assert [version for version in pythons() if not has_trainer(version)] == ["3.14"]


def test_an_interpreter_that_uv_installed_is_found(tmp_path: Path) -> None:
    """It stands in a folder of its own below the one that uv installs to."""
    program = tmp_path / "cpython-2.9.1-linux" / "bin" / "python3"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    program.chmod(0o755)
    assert interpreter("2.9", tmp_path) == program

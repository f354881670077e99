"""`deploy/prefect.yaml`: deployments for work pools, and a worker that runs one of them to a release."""

import inspect
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("prefect")

import prefect
import yaml
from prefect.flows import load_flow_from_entrypoint

from edge.config.sections import Config
from flows.monitoring.flow import NOTHING_TO_COMPARE
from flows.processes.stopping import children
from flows.serving.served import Served, served
from pipeline.release.registry import Registry
from tests.flows.test_serving_schedule import fleet
from tests.support.prefect_server import PrefectServer
from tests.support.servers import requires, wait_until
from tests.support.stopped import Command

pytestmark = pytest.mark.training
ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy" / "prefect.yaml"
JOB = ROOT / "deploy" / "kubernetes-job.json"
# What Prefect's own server knows of the worker types, also of those whose package is not installed here.
WORKERS = Path(prefect.__file__).parent / "server" / "api" / "collections_data" / "views" / "aggregate-worker-metadata.json"


def deployments(flow: str) -> dict[str, dict[str, Any]]:
    """The deployments of a flow in the file, by their names."""
    every = yaml.safe_load(FILE.read_text("utf-8"))["deployments"]
    return {each["name"]: each for each in every if each["entrypoint"].endswith(f".{flow}")}


def template(kind: str) -> dict[str, Any]:
    """The job template that Prefect gives a pool of this kind."""
    types = [types[kind] for types in json.loads(WORKERS.read_text("utf-8")).values() if kind in types]
    return dict(types[0]["default_base_job_configuration"])


@pytest.mark.parametrize("kind", ["process", "docker", "kubernetes"])
@pytest.mark.parametrize("flow", served(Config()), ids=lambda flow: flow.name)
def test_a_deployment_is_what_serve_would_make(flow: Served, kind: str) -> None:
    """Flow by its installed module, times, causes and the one place for a run are the same; job variables exist."""
    deployment = deployments(flow.name)[kind]
    assert load_flow_from_entrypoint(deployment["entrypoint"], use_placeholder_flow=False) is flow.flow
    (times,) = deployment["schedules"]
    assert (times["slug"], times["cron"], times["timezone"], times["active"]) == (flow.name, flow.cron, "UTC", flow.active)
    assert times["parameters"] == {"cause": "schedule"}
    starts = {} if flow.name == "retrain" else {"deployment": f"retrain/{kind}"}  # what a drift starts
    ours = flow.parameters(Path("gatecast.toml"), "manual") | starts
    assert deployment["parameters"] == ours | {"config_path": deployment["parameters"]["config_path"]}
    assert deployment["parameters"].keys() <= inspect.signature(flow.flow.fn).parameters.keys()
    assert deployment["description"] == flow.description
    assert deployment["concurrency_limit"] == {"limit": 1, "collision_strategy": "ENQUEUE"}
    assert deployment["work_pool"]["job_variables"].keys() <= template(kind)["variables"]["properties"].keys()
    assert deployment["work_pool"]["name"] == f"gatecast-{kind}"


def test_the_job_of_kubernetes_is_prefects_with_what_the_trainer_needs() -> None:
    """Configuration, token, registry and a folder to write in are mounted; the user is that of the image."""
    ours, theirs = json.loads(JOB.read_text("utf-8")), template("kubernetes")
    made = ours["job_configuration"]["job_manifest"]["spec"]["template"]
    assert made.pop("metadata") == {
        "labels": {"app.kubernetes.io/name": "gatecast-job"}
    }  # base/network.yaml lets it reach Prefect
    pod = made["spec"]
    (container,) = pod["containers"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container.pop("volumeMounts")}
    volumes = {volume["name"]: volume for volume in pod.pop("volumes")}
    assert mounts.keys() == volumes.keys()
    assert [item["key"] for item in volumes["token"]["secret"]["items"]] == ["INFLUX_TOKEN"]
    config = deployments("retrain")["kubernetes"]["parameters"]["config_path"]
    assert config.startswith(f"{mounts['configuration']}/")
    assert mounts["registry"] == "/srv/registry"
    base = yaml.safe_load_all((ROOT / "deploy" / "kubernetes" / "base" / "trainer.yaml").read_text("utf-8"))
    trainer = next(iter(base))["spec"]["template"]["spec"]
    # The namespace of the example refuses a pod that may do more, and names of services would be taken for settings of Prefect.
    for name in ("securityContext", "automountServiceAccountToken", "enableServiceLinks"):
        assert pod.pop(name) == trainer[name]
    assert container.pop("securityContext") == trainer["containers"][0]["securityContext"]
    assert trainer["securityContext"]["runAsUser"] == 10001
    assert "--uid 10001" in (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
    assert ours == theirs


@pytest.mark.slow
@pytest.mark.servers
def test_a_worker_of_a_process_pool_retrains_to_a_release(
    prefect_server: PrefectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commands of the file, from a folder that is no clone; a run whose process is killed is made up for by the worker."""
    fleet(tmp_path / "fleet", "")
    environment = {**prefect_server.environment, "GATECAST_FOLDER": str(tmp_path / "fleet"), "PYTHONPATH": str(ROOT)}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    program = requires("prefect")
    for arguments in (
        ["work-pool", "create", "gatecast-process", "--type", "process"],
        ["--no-prompt", "deploy", "--prefect-file", str(FILE), "--name", "process"],
        ["deployment", "run", "retrain/process", "--param", "cause=manual"],
    ):
        done = subprocess.run([program, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    deployment = prefect_server.ask("/deployments/name/retrain/process")
    assert deployment["pull_steps"] == []
    runs = {"deployments": {"id": {"any_": [deployment["id"]]}}, "flow_runs": {"state": {"name": {"any_": ["Scheduled"]}}}}
    (run,) = [run for run in prefect_server.ask("/flow_runs/filter", runs) if not run["auto_scheduled"]]
    monitor = prefect_server.ask("/deployments/name/monitor/process")
    assert monitor["parameters"]["deployment"] == "retrain/process"
    look = prefect_server.ask(f"/deployments/{monitor['id']}/create_flow_run", {})
    home = tmp_path / "worker"
    home.mkdir()
    command = ["-m", "prefect", "worker", "start", "--pool", "gatecast-process", "--type", "process"]
    worker = Command(command, home, **environment)
    try:

        def running() -> dict[str, Any]:
            known: dict[str, Any] = prefect_server.ask(f"/flow_runs/{run['id']}")
            return known if known["state"]["type"] == "RUNNING" and known["infrastructure_pid"] else {}

        wait_until(lambda: bool(running()), what="the beginning of the run", pause=0.2)
        outer = int(running()["infrastructure_pid"].rpartition(":")[2])
        for process in children(outer) or [outer]:  # the worker's process watches over that of the flow
            os.kill(process, signal.SIGKILL)
        registry = Registry(tmp_path / "fleet" / "registry")
        wait_until(lambda: registry.live() is not None, what="the release", pause=0.5)

        def looked() -> dict[str, Any]:
            state: dict[str, Any] = prefect_server.ask(f"/flow_runs/{look['id']}")["state"]
            return state if state["type"] not in ("SCHEDULED", "PENDING", "RUNNING") else {}

        wait_until(lambda: bool(looked()), what="the look of the monitor", pause=0.5)
    finally:
        worker.process.terminate()
        worker.process.communicate()
    assert looked()["type"] == "COMPLETED", looked()
    assert looked()["name"] == NOTHING_TO_COMPARE
    assert prefect_server.ask(f"/flow_runs/{run['id']}")["state"]["type"] == "CRASHED"
    assert sys.platform != "linux" or worker.processes() == []

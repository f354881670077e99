"""The manifests for Kubernetes fit together, and fit compose, the unit and the configuration; no cluster is needed for that."""

import json
import re
import shutil
import subprocess
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from edge.checks.configured import check
from edge.config.reading import read_config
from tests.deploy.test_compose import COMPOSE
from tests.support.documented import blocks, environment, section, shell
from tests.support.servers import HANGS_AFTER, Nginx, requires

DEPLOY = Path(__file__).parents[2] / "deploy"
HOME = DEPLOY / "kubernetes"
EXAMPLE = HOME / "overlays" / "example"
BASE = yaml.safe_load((HOME / "base" / "kustomization.yaml").read_text())
OVERLAY = yaml.safe_load((EXAMPLE / "kustomization.yaml").read_text())
MANIFESTS: list[dict[str, Any]] = [
    document for name in BASE["resources"] for document in yaml.safe_load_all((HOME / "base" / name).read_text())
]
WORKLOADS = {m["metadata"]["name"]: m for m in MANIFESTS if m["kind"] in ("Deployment", "StatefulSet")}
SERVICES = {m["metadata"]["name"]: m for m in MANIFESTS if m["kind"] == "Service"}
CLAIMS = {m["metadata"]["name"] for m in MANIFESTS if m["kind"] == "PersistentVolumeClaim"}
MAPS = {made["name"]: made["files"] for made in [*BASE["configMapGenerator"], *OVERLAY["configMapGenerator"]]}
KEYS = set(re.findall(r"^(\w+)=$", (EXAMPLE / "secrets.env.example").read_text(), re.MULTILINE))
CONFIG = read_config(EXAMPLE / "gatecast.toml")

every_workload = pytest.mark.parametrize("name", WORKLOADS)


def _pod(name: str) -> dict[str, Any]:
    pod: dict[str, Any] = WORKLOADS[name]["spec"]["template"]["spec"]
    return pod


def _containers(name: str) -> list[dict[str, Any]]:
    containers: list[dict[str, Any]] = _pod(name)["containers"]
    return containers


def _memory(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)\s*([MG])I?B?", text.strip().upper()).groups()  # type: ignore[union-attr]
    return int(number) * {"M": 1, "G": 1024}[unit]


def test_every_file_that_a_kustomization_names_exists() -> None:
    """Resources, patches and files of generators; the file of secrets is made from the example beside it."""
    for path in HOME.rglob("kustomization.yaml"):
        text = yaml.safe_load(path.read_text())
        named = [*text["resources"], *(patch["path"] for patch in text.get("patches", []))]
        named += [file for made in text.get("configMapGenerator", []) for file in made["files"]]
        named += [f"{file}.example" for made in text.get("secretGenerator", []) for file in made["envs"]]
        assert [name for name in named if not (path.parent / name).exists()] == []
        used = {(path.parent / name).resolve() for name in named}
        assert {file.resolve() for file in path.parent.iterdir() if file.is_file()} - used - {path.resolve()} == set()


@every_workload
def test_no_pod_may_do_more_than_it_needs(name: str) -> None:
    """As the profile `restricted` asks, which the namespace enforces; none has a token of the cluster."""
    pod = _pod(name)
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False  # PREFECT_PORT and the like would be taken for settings of Prefect
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
        assert "livenessProbe" in container


@every_workload
def test_every_name_in_a_pod_leads_somewhere(name: str) -> None:
    """Volumes, ConfigMaps, secrets and their keys, claims, and ports of probes."""
    workload, pod = WORKLOADS[name], _pod(name)
    labels = workload["spec"]["template"]["metadata"]["labels"]
    assert workload["spec"]["selector"]["matchLabels"].items() <= labels.items()
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    claimed = {claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", [])}
    mounted = {mount["name"] for container in pod["containers"] for mount in container["volumeMounts"]}
    assert mounted == volumes.keys() | claimed
    for volume in volumes.values():
        assert volume.get("configMap", {"name": "gatecast"})["name"] in MAPS
        secret = volume.get("secret", {"secretName": "gatecast", "items": []})
        assert secret["secretName"] == OVERLAY["secretGenerator"][0]["name"]
        assert {item["key"] for item in secret["items"]} <= KEYS
        assert volume.get("persistentVolumeClaim", {"claimName": "gatecast-registry"})["claimName"] in CLAIMS
    for container in pod["containers"]:
        for variable in container.get("env", []):
            reference = variable.get("valueFrom", {}).get("secretKeyRef")
            assert reference is None or (reference["name"] == "gatecast" and reference["key"] in KEYS)
            assert reference is not None or not re.search("PASSWORD|TOKEN", variable["name"]), "a secret stands in the manifest"
        ports = {port["name"] for port in container.get("ports", [])}
        probes = [container[probe] for probe in ("startupProbe", "livenessProbe", "readinessProbe") if probe in container]
        assert {probe["httpGet"]["port"] for probe in probes if "httpGet" in probe} <= ports
    if workload["kind"] == "StatefulSet":
        assert workload["spec"]["serviceName"] in SERVICES


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_leads_to_a_port_of_a_pod(name: str) -> None:
    """By its selector and the name of the port."""
    selector = SERVICES[name]["spec"]["selector"]
    (workload,) = [w for w in WORKLOADS.values() if selector.items() <= w["spec"]["template"]["metadata"]["labels"].items()]
    ports = {port["name"] for c in workload["spec"]["template"]["spec"]["containers"] for port in c.get("ports", [])}
    assert {port["targetPort"] for port in SERVICES[name]["spec"].get("ports", [])} <= ports


def test_prefect_and_its_database_are_reached_by_those_that_need_them_alone() -> None:
    """Prefect has no password; every pod of the cluster could say what the trainer runs."""
    job = json.loads((DEPLOY / "kubernetes-job.json").read_text())["job_configuration"]["job_manifest"]["spec"]["template"]
    pods = [*(workload["spec"]["template"] for workload in WORKLOADS.values()), job]
    reached: dict[str, set[str]] = {}
    for policy in (manifest for manifest in MANIFESTS if manifest["kind"] == "NetworkPolicy"):
        (target,) = _selected(policy["spec"]["podSelector"], pods)
        (rule,) = policy["spec"]["ingress"]
        ports = {port["name"] for container in target["spec"]["containers"] for port in container["ports"]}
        assert {port["port"] for port in rule["ports"]} == ports
        asking = [pod for source in rule["from"] for pod in _selected(source["podSelector"], pods)]
        reached[policy["metadata"]["name"]] = {pod["metadata"]["labels"]["app.kubernetes.io/name"] for pod in asking}
    assert reached == {"prefect": {"gatecast-trainer", "gatecast-job"}, "prefect-postgres": {"prefect"}}


def _selected(selector: dict[str, Any], pods: list[dict[str, Any]]) -> list[dict[str, Any]]:
    chosen = [pod for pod in pods if selector["matchLabels"].items() <= pod["metadata"]["labels"].items()]
    assert chosen, f"{selector} selects no pod"
    return chosen


def test_the_programs_run_as_in_compose() -> None:
    """The same commands, the same memory, the same variables of Prefect but for names of hosts."""
    pairs = {"agent": "gatecast-agent", "trainer": "gatecast-trainer", "prefect": "prefect"}
    for service, workload in pairs.items():
        here, there = _containers(workload)[0], COMPOSE["services"][service]
        assert here["command"] == there["command"]
        assert here["image"] == there["image"]
        theirs = {key: value for key, value in there["environment"].items() if "{" not in value and "HOST" not in key}
        ours = {variable["name"]: variable.get("value") for variable in here.get("env", [])}
        assert theirs.items() <= ours.items()
    limits = _containers("gatecast-agent")[0]["resources"]["limits"]["memory"]
    (unit,) = re.findall(r"^MemoryMax=(\w+)$", (DEPLOY / "gatecast-agent.service").read_text(), re.MULTILINE)
    assert _memory(limits) == _memory(unit) == _memory(COMPOSE["services"]["agent"]["mem_limit"])
    assert _containers("prefect-postgres")[0]["image"] == COMPOSE["services"]["postgres"]["image"]


def test_images_from_elsewhere_are_pinned_and_ours_are_renamed_by_the_overlay() -> None:
    """So that one place says where a cluster finds them."""
    images = {container["image"] for name in WORKLOADS for container in _containers(name)}
    ours = {image for image in images if image.endswith(":local")}
    assert {image.removesuffix(":local") for image in ours} == {image["name"] for image in OVERLAY["images"]}
    pinned = r".+:\d+\.\d+(\.\d+)?(-\w+)?(@sha256:[0-9a-f]{64})?"
    assert [image for image in images - ours if not re.fullmatch(pinned, image)] == []


def test_one_agent_has_the_queue_of_its_client_id() -> None:
    """A second replica would take the first one's connection."""
    assert WORKLOADS["gatecast-agent"]["spec"]["replicas"] == 1
    assert WORKLOADS["gatecast-trainer"]["spec"]["strategy"] == {"type": "Recreate"}


def test_the_configuration_fits_the_pods() -> None:
    """Folders are on volumes, secrets are mounted, the channel is the service that serves the registry."""
    agent, trainer, nginx = _containers("gatecast-agent")[0], *_containers("gatecast-trainer")
    mounts = {mount["name"]: mount["mountPath"] for mount in agent["volumeMounts"]}
    assert CONFIG.agent.state.startswith(f"{mounts['state']}/")
    assert CONFIG.registry.path in {mount["mountPath"] for mount in trainer["volumeMounts"]}
    assert f"root {CONFIG.registry.path};" in (HOME / "base" / "nginx.conf").read_text()
    assert nginx["ports"][0]["containerPort"] == 8081
    channel = urlsplit(CONFIG.release.channel)
    assert (channel.hostname, channel.port, channel.path) == ("gatecast-registry", None, "/channels/live.json")
    assert SERVICES["gatecast-registry"]["spec"]["ports"][0]["port"] == 80
    for file in (CONFIG.mqtt.password_file, CONFIG.store.token_file):
        assert file is not None
        assert Path(file).parent == Path(mounts["secrets"])
        assert Path(file).name in KEYS
    assert "gatecast.toml" in MAPS["gatecast"]
    assert agent["command"][-1] == f"{mounts['config']}/gatecast.toml"
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        text = " ".join(agent[probe]["exec"]["command"])
        assert all(word in text for word in CONFIG.agent.health.split(":"))


def test_the_configuration_passes_the_agents_own_check(tmp_path: Path) -> None:
    """Nothing is wrong with it but the missing bundle, once the secrets are there."""
    text = (EXAMPLE / "gatecast.toml").read_text().replace("/run/secrets/gatecast", str(tmp_path))
    for key in KEYS:
        (tmp_path / key).write_text("between-us\n")
        (tmp_path / key).chmod(0o600)
    path = tmp_path / "gatecast.toml"
    path.write_text(text.replace("/var/lib/gatecast", f"{tmp_path}/state"))
    assert {finding.subject for finding in check(path) if finding.code} <= {"bundle"}


class _Registry(Nginx):
    """nginx with the delivered configuration, on a folder and a port of the test."""

    def __init__(self, folder: Path, registry: Path) -> None:
        super().__init__(folder, upstream=1)
        text = (HOME / "base" / "nginx.conf").read_text().replace("listen 8081", f"listen 127.0.0.1:{self.port}")
        text = text.replace("/tmp/", f"{folder}/").replace("/srv/registry", str(registry))  # noqa: S108 - of the pod
        (folder / "nginx.conf").write_text("daemon off; master_process off;\n" + text.replace("/dev/stderr", f"{folder}/error"))


@pytest.mark.servers
def test_nginx_gives_the_registry_to_read_only(tmp_path: Path) -> None:
    """The channel is never kept by a cache; nothing can be written, and nothing but files is shown."""
    registry = tmp_path / "registry"
    (registry / "channels").mkdir(parents=True)
    (registry / "channels" / "live.json").write_text("{}")
    with _Registry(tmp_path / "nginx", registry) as server:

        def ask(method: str, path: str) -> tuple[int, str | None, bytes]:
            with closing(HTTPConnection("127.0.0.1", server.port, timeout=HANGS_AFTER)) as connection:
                connection.request(method, path)
                answer = connection.getresponse()
                return answer.status, answer.getheader("Cache-Control"), answer.read()

        assert ask("GET", "/channels/live.json") == (200, "no-store", b"{}")
        assert ask("GET", "/healthz")[0] == 204
        assert ask("GET", "/channels/")[0] == 403
        assert [ask(method, "/channels/live.json")[0] for method in ("PUT", "DELETE", "POST")] == [405, 405, 405]


@pytest.mark.servers
def test_kubectl_renders_what_the_page_says(tmp_path: Path) -> None:
    """The commands of the page, on a copy; the worker's overlay changes the trainer's command alone."""
    requires("kubectl")
    shutil.copytree(DEPLOY, tmp_path / "deploy")
    (block, _) = blocks(section((DEPLOY / "README.md").read_text("utf-8"), "## Kubernetes"), "sh")
    rendered = list(yaml.safe_load_all(shell(block, tmp_path, environment())))
    assert {(m["kind"], m["metadata"]["name"]) for m in MANIFESTS} < {(m["kind"], m["metadata"]["name"]) for m in rendered}
    assert {m["metadata"].get("namespace", "gatecast") for m in rendered} == {"gatecast"}
    shutil.copy(EXAMPLE / "secrets.env.example", tmp_path / "deploy/kubernetes/overlays/example/secrets.env")
    words = [requires("kubectl"), "kustomize", str(tmp_path / "deploy/kubernetes/overlays/worker")]
    worker = {
        (m["kind"], m["metadata"]["name"]): m
        for m in yaml.safe_load_all(subprocess.run(words, check=True, capture_output=True).stdout)
    }
    changed = [key for key in worker if worker[key] not in rendered]
    assert changed == [("Deployment", "gatecast-trainer")]
    trainer = worker[changed[0]]["spec"]["template"]["spec"]["containers"][0]
    assert trainer["command"][:3] == ["prefect", "worker", "start"]
    assert {"name": "PREFECT_WORKER_WEBSERVER_PORT", "value": "8080"} in trainer["env"]  # as its liveness probe asks

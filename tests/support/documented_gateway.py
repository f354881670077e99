"""The gateway's section of deploy/README.md, typed as it stands: installed, configured, checked, started and asked.

Paths lie under a scratch folder. There is no systemd below it: `systemctl` does what the installed unit says, and `journalctl`
shows the agent's output once it is ready, where a person would end it with Ctrl-C.
"""

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from flows.processes.servers import free_port, start_broker
from tests.support.agent_process import baseline_bundle, release
from tests.support.documented import (
    PLACES,
    ROOT,
    DocumentationError,
    blocks,
    environment,
    fresh_copy,
    moved,
    section,
    shell,
    unit_setting,
)
from tests.support.documented_units import end
from tests.support.interpreters import pythons

PAGE = ROOT / "deploy" / "README.md"
HEADING = "## The agent on a gateway"
UNIT = "/etc/systemd/system/gatecast-agent.service"
HEALTH = "127.0.0.1:9273"  # as the page and the defaults have it
SYSTEMCTL = """\
#!/bin/sh
set -eu
case "$*" in
  daemon-reload) ;;
  "enable --now gatecast-agent")
    set -a; . {variables}; set +a
    mkdir -p {state}; cd {state}
    setsid {command} > {log} 2>&1 & echo $! > {pid} ;;
  *) echo "systemctl: $*: no such unit or command" >&2; exit 1 ;;
esac
"""
JOURNALCTL = """\
#!/bin/sh
set -eu
test "$*" = "--unit gatecast-agent --follow"
left=600
until python3 -c "import urllib.request as r; r.urlopen('http://{health}/healthz')" 2>/dev/null; do
  left=$((left - 1)); kill -0 $(cat {pid}) && test $left -gt 0 || {{ cat {log}; exit 1; }}
  sleep 0.2
done
cat {log}
"""


@dataclass(frozen=True, slots=True)
class Steps:
    """What the section tells to type.

    Args:
        install: the first block.
        start: the second one, from `check` on.
    """

    install: str
    start: str


def steps(page: str) -> Steps:
    """The two blocks of the section.

    Raises:
        DocumentationError: there are not two, or they do not end and begin where a configuration has to be made.
    """
    scripts = blocks(section(page, HEADING), "sh")
    if len(scripts) != 2 or "pip install" not in scripts[0] or "gatecast-agent check" not in scripts[1].splitlines()[0]:
        raise DocumentationError(f"{HEADING}: expected a block that installs and one that begins with gatecast-agent check")
    return Steps(*scripts)


def configured(text: str, root: Path, broker: int, health: str) -> str:
    """The installed gatecast.toml after step 1: broker, store and channel set, the sections from [fleet] on gone."""
    text = text.partition("[fleet]")[0]
    for folder in PLACES:
        text = text.replace(f'"{folder}', f'"{root}{folder}')
    text, changed = re.subn(r'^url = "mqtt://.*', f'url = "mqtt://gatecast@127.0.0.1:{broker}"', text, flags=re.MULTILINE)
    text, stored = re.subn(r'^url = "influxdb://.*', f'url = "sqlite:///{root}/store.db"', text, flags=re.MULTILINE)
    if (changed, stored) != (1, 1):
        raise DocumentationError("deploy/gatecast.toml: expected one [mqtt] url and one [store] url")
    return text.replace("[agent]\n", f'[agent]\nhealth = "{health}"\n')


def stub(path: Path, text: str) -> None:
    """A program in place of one that needs systemd."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def follow(root: Path, python: Path) -> None:
    """Do what the section says, from a copy of the repository.

    Raises:
        DocumentationError: a command fails.
    """
    told = steps(PAGE.read_text("utf-8"))
    programs, log, pid = root / "programs", root / "agent.log", root / "agent.pid"
    programs.mkdir()
    (programs / "python3").symlink_to(python)
    variables = environment(programs)
    copy = fresh_copy(root / "copy")
    (root / UNIT.lstrip("/")).parent.mkdir(parents=True)
    shell(moved(told.install, root), copy, variables)
    shell(f"{root}/opt/gatecast/bin/pip check", copy, variables)

    release(root / "srv/registry", baseline_bundle())
    health = f"127.0.0.1:{free_port()}"
    broker, _, port = start_broker(root / "broker")
    with broker:
        settings = root / "etc/gatecast/gatecast.toml"
        settings.write_text(configured(settings.read_text("utf-8"), root, port, health), encoding="utf-8")
        secrets = root / "etc/gatecast/agent.env"
        secrets.write_text("GATECAST_MQTT_PASSWORD=between-us\nGATECAST_INFLUX_TOKEN=none\n", encoding="utf-8")
        unit = (root / UNIT.lstrip("/")).read_text("utf-8")
        if unit_setting(unit, "EnvironmentFile") != "/etc/gatecast/agent.env":
            raise DocumentationError(f"{UNIT}: expected the file that the page names")
        stub(
            programs / "systemctl",
            SYSTEMCTL.format(
                variables=secrets,
                state=root / "var/lib" / unit_setting(unit, "StateDirectory"),
                command=moved(unit_setting(unit, "ExecStart"), root),
                log=log,
                pid=pid,
            ),
        )
        stub(programs / "journalctl", JOURNALCTL.format(health=health, pid=pid, log=log))
        try:
            shell(moved(told.start.replace(HEALTH, health), root), copy, variables)
        finally:
            if pid.exists():
                end(int(pid.read_text()))  # it writes its files until it has ended


def refuses_training(root: Path) -> None:
    """The trainer's command is there too, and says in one line what it lacks.

    Raises:
        DocumentationError: it says something else.
    """
    program = root / "opt/gatecast/bin/gatecast"
    done = subprocess.run([program, "retrain"], capture_output=True, text=True, check=False, env=environment())
    if done.returncode != 2 or len(done.stderr.splitlines()) != 1 or "pip install" not in done.stderr:
        raise DocumentationError(f"expected one line from gatecast retrain; got {done.returncode}, {done.stderr}")


def main() -> None:
    """Follow the section on every supported Python; one that is not here is named."""
    for version, python in pythons().items():
        if python is None:
            print(f"SKIPPED gateway: no Python {version} here", flush=True)
            continue
        print(f"== gateway: deploy/README.md on Python {version}", flush=True)
        with tempfile.TemporaryDirectory(prefix="gatecast-gateway-") as folder:
            follow(Path(folder), python)
            refuses_training(Path(folder))


if __name__ == "__main__":
    main()

"""`systemctl` for the pretended machine of `documented_machine`: starts and ends the program of a unit."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

from tests.support.documented import moved
from tests.support.documented_gateway import unit_setting
from tests.support.documented_machine import end
from tests.support.servers import requires

OF_PACKAGES = {
    "mosquitto": ("mosquitto", "-c {root}/etc/mosquitto/mosquitto.conf"),
    "nginx": ("nginx", "-e {root}/run/nginx.log -c {root}/etc/nginx/nginx.conf"),
    "influxdb": ("influxd", "-config {root}/etc/influxdb/influxdb.conf"),
}


def variables(text: str) -> dict[str, str]:
    """The lines of an environment file."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))


def command(root: Path, unit: str) -> tuple[list[str], dict[str, str]]:
    """What a unit runs, and with which variables."""
    if unit in OF_PACKAGES:
        program, arguments = OF_PACKAGES[unit]
        defaults = root / "etc/default" / unit
        added = variables(defaults.read_text("utf-8")) if defaults.exists() else {}
        return [requires(program), *shlex.split(arguments.format(root=root))], added
    text = (root / "etc/systemd/system" / f"{unit}.service").read_text("utf-8")
    added = {}
    if "EnvironmentFile=" in text:
        added = variables(Path(moved(unit_setting(text, "EnvironmentFile"), root)).read_text("utf-8"))
    return shlex.split(moved(unit_setting(text, "ExecStart"), root)), added


def main(root: Path, action: str, *words: str) -> None:
    """Do what `systemctl` does."""
    if action == "daemon-reload":
        return
    if action not in {"restart", "enable"}:
        sys.exit(f"systemctl {action}: expected daemon-reload, restart or enable")
    for unit in (word for word in words if not word.startswith("-")):
        pid = root / "run" / f"{unit}.pid"
        if pid.exists():
            end(int(pid.read_text()))
        arguments, added = command(root, unit)
        with (root / "run" / f"{unit}.log").open("ab") as log:
            process = subprocess.Popen(
                arguments,
                cwd=root / "var/lib/gatecast",
                env=os.environ | added,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # it goes on when this program ends
            )
        pid.write_text(str(process.pid), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])

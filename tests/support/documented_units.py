"""`systemctl` for the pretended machine of `documented_machine`: looks at a unit, starts and ends its program."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.support.documented import moved, unit_setting  # nothing that takes a second to import: a page starts it often

OF_PACKAGES = {
    "mosquitto": ("mosquitto", "-c {root}/etc/mosquitto/mosquitto.conf"),
    "nginx": ("nginx", "-e {root}/run/nginx.log -c {root}/etc/nginx/nginx.conf"),
    "influxdb": ("influxd", "-config {root}/etc/influxdb/influxdb.conf"),
}
ENDS_WITHIN = 900.0  # seconds
NOT_STARTED = {"gatecast-serve"}  # tests/flows/test_serving_schedule.py runs it, with a Prefect server


def variables(text: str) -> dict[str, str]:
    """The lines of an environment file."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))


def command(root: Path, unit: str) -> tuple[list[str], dict[str, str]]:
    """What a unit runs, and with which variables."""
    if unit in OF_PACKAGES:
        program, arguments = OF_PACKAGES[unit]
        defaults = root / "etc/default" / unit
        added = variables(defaults.read_text("utf-8")) if defaults.exists() else {}
        return [shutil.which(program) or program, *shlex.split(arguments.format(root=root))], added
    text = (root / "etc/systemd/system" / f"{unit}.service").read_text("utf-8")
    added = {}
    if "EnvironmentFile=" in text:
        added = variables(Path(moved(unit_setting(text, "EnvironmentFile"), root)).read_text("utf-8"))
    return shlex.split(moved(unit_setting(text, "ExecStart"), root)), added


def check(root: Path, unit: str) -> None:
    """End with one line where systemd could not start a unit that is installed.

    Its account, its program, the file that it names and the folder that it writes must be there. Where there is a
    `systemd-analyze`, it must have nothing to say; `daemon` stands for the account there, which this machine does not have.
    """
    path = root / "etc/systemd/system" / f"{unit}.service"
    text = path.read_text("utf-8")
    if "User=" in text.replace("DynamicUser=", ""):
        account = unit_setting(text, "User")
        if account not in (root / "accounts").read_text("utf-8").split():
            sys.exit(f"{path.name}: there is no account {account}")
        text = text.replace(f"={account}\n", "=daemon\n")
    words = shlex.split(moved(unit_setting(text, "ExecStart"), root))
    writes = [moved(name, root) for name in re.findall("^ReadWritePaths=(.+)$", text, re.MULTILINE)]
    if missing := [name for name in (words[0], words[words.index("--config") + 1], *writes) if not Path(name).exists()]:
        sys.exit(f"{path.name}: there is no {missing[0]}")
    if shutil.which("systemd-analyze") is not None:
        looked_at = root / "run" / path.name
        looked_at.write_text(
            re.sub(r"^(Exec\w+=-?)(.+)$", lambda line: line[1] + moved(line[2], root), text, flags=re.MULTILINE)
        )
        verify = ["systemd-analyze", "verify", "--man=no", str(looked_at)]
        done = subprocess.run(verify, capture_output=True, text=True, check=False)
        if done.returncode or done.stderr:
            sys.exit(done.stderr)


def end(pid: int) -> None:
    """Ask the group of a process to end, and wait until it has."""
    limit = time.monotonic() + ENDS_WITHIN
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGTERM)
        while time.monotonic() < limit and alive(pid):
            time.sleep(0.05)


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has asked about does not."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def main(root: Path, action: str, *words: str) -> None:
    """Do what `systemctl` does."""
    if action == "daemon-reload":
        return
    if action not in {"restart", "enable"}:
        sys.exit(f"systemctl {action}: expected daemon-reload, restart or enable")
    for unit in (word for word in words if not word.startswith("-")):
        if unit not in OF_PACKAGES:
            check(root, unit)
        if unit in NOT_STARTED:
            continue
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

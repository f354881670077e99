"""A pretended machine for the pages that tell how to set one up: their commands run as they stand, below a folder.

Paths and ports are other ones. In place of what needs root, systemd, a package registry or a container engine stand programs
that do what the command asks for as far as this machine can: `sudo` runs the rest of its line, `systemctl` looks at the unit as
systemd would and starts its program, `useradd` adds to a list that `chown` looks into, `pip` looks whether the lock file is
there, `apt-get` knows the packages that the pages may name.
"""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.documented import ROOT, blocks, environment, moved, shell
from tests.support.documented_units import end
from tests.support.servers import SBIN, free_port, requires

PORTS = ("1883", "8086", "9273", "8443")  # as the pages and the defaults have them
# What Debian's packages bring: the files that the pages add to.
MOSQUITTO = """\
user root
persistence true
persistence_location {root}/var/lib/mosquitto/
include_dir {root}/etc/mosquitto/conf.d
"""
INFLUXDB = """\
reporting-enabled = false
bind-address = "127.0.0.1:0"
[meta]
  dir = "{root}/var/lib/influxdb/meta"
[data]
  dir = "{root}/var/lib/influxdb/data"
  wal-dir = "{root}/var/lib/influxdb/wal"
[monitor]
  store-enabled = false
[http]
  log-enabled = false
"""
NGINX = """\
daemon off; master_process off; pid {root}/run/nginx-own.id; error_log {root}/run/nginx.log warn;
events {}
http {
  access_log off;
  client_body_temp_path {root}/run/body; proxy_temp_path {root}/run/proxy; fastcgi_temp_path {root}/run/fastcgi;
  uwsgi_temp_path {root}/run/uwsgi; scgi_temp_path {root}/run/scgi;
  include {root}/etc/nginx/conf.d/*.conf;
}
"""
PROGRAMS = {
    "sudo": 'if test "$1" = -u; then grep -qx "$2" {accounts}; shift 2; fi\nexec "$@"',
    "useradd": 'test "$1" = --system\nshift\nwhile test $# -gt 1; do case "$1" in --home-dir) shift 2 ;; '
    "--no-create-home) shift ;; *) exit 2 ;; esac; done\n"
    'if grep -qx "$1" {accounts}; then exit 9; fi\necho "$1" >> {accounts}',
    "chown": 'test "$1" != -R || shift\ngrep -qx "${1%%:*}" {accounts}\ntest -e "$2"',
    "apt-get": 'case "$1" in update) ;; install) shift 2; for package; do grep -q "^$package$" {packages} || exit 1; done ;; '
    "*) exit 1 ;; esac",
    "systemctl": 'exec {python} -m tests.support.documented_units {root} "$@"',
    "python3": 'test "$1 ${2-}" = "-m venv" || exec {python} "$@"\n'
    'mkdir -p "$3/bin"\nfor name in gatecast gatecast-agent; do ln -sf {bin}/$name "$3/bin/"; done\n'
    'ln -sf {programs}/pip "$3/bin/pip"\ntouch "$3/bin/activate"',
    "pip": 'test "$1" = install\nfor word; do case $word in *.txt) test -e $word ;; .) test -e pyproject.toml ;; esac; done',
}
PACKAGES = ("mosquitto", "mosquitto-clients", "influxdb", "python3-venv", "curl", "nginx-light", "openssl")
FOLDERS = (
    "programs home run srv etc/gatecast etc/mosquitto/conf.d etc/default etc/influxdb etc/systemd/system etc/nginx/conf.d "
    "var/lib/mosquitto var/lib/gatecast"
)


class Machine:
    """A folder that commands of a page take for a machine.

    Args:
        root: the folder.
        programs: names of programs that the page needs, each of which a package brings; without one the test is skipped.
    """

    def __init__(self, root: Path, *programs: str) -> None:
        self.root = root
        needed = dict.fromkeys(Path(requires(name)).parent for name in programs)
        self.ports = {port: str(free_port()) for port in PORTS}
        home = root / "home"
        self.variables = environment(
            *(root / "programs", Path(sys.executable).parent, *needed),
            PYTHONPATH=str(ROOT),
            PYTHONUNBUFFERED="1",
            HOME=str(home),
            XDG_CONFIG_HOME=str(home / ".config"),
        )
        self.variables["PATH"] += f":{SBIN}"
        for folder in FOLDERS.split():
            (root / folder).mkdir(parents=True)
        (root / "etc/mosquitto/mosquitto.conf").write_text(MOSQUITTO.format(root=root), encoding="utf-8")
        (root / "etc/influxdb/influxdb.conf").write_text(INFLUXDB.format(root=root), encoding="utf-8")
        (root / "etc/nginx/nginx.conf").write_text(NGINX.replace("{root}", str(root)), encoding="utf-8")
        (root / "packages").write_text("\n".join(PACKAGES) + "\n", encoding="utf-8")
        (root / "accounts").write_text("root\nmosquitto\n", encoding="utf-8")
        bin_folder = Path(sys.executable).parent
        values = {"root": root, "python": sys.executable, "bin": bin_folder}
        values |= {name: root / name for name in ("programs", "packages", "accounts")}
        for name, text in PROGRAMS.items():
            for key, value in values.items():
                text = text.replace(f"{{{key}}}", shlex.quote(str(value)))  # noqa: PLW2901 - one key after the other
            program = root / "programs" / name
            program.write_text(f"#!/bin/sh\nset -eu\n{text}\n", encoding="utf-8")
            program.chmod(0o755)

    def here(self, text: str) -> str:
        """A text of the page with the paths and the ports of this machine."""
        for port, other in self.ports.items():
            text = text.replace(port, other)
        return moved(text, self.root)

    def type(self, block: str, folder: Path = ROOT) -> str:
        """Run a block of commands, by default from a copy of the repository; returns what it prints.

        Raises:
            DocumentationError: a command fails.
        """
        return shell(self.here(block), folder, self.variables)

    def path(self, path: str) -> Path:
        """A file of the pretended machine."""
        return self.root / path.lstrip("/")

    def stop(self) -> None:
        """End what `systemctl` has started."""
        for file in sorted((self.root / "run").glob("*.pid")):
            end(int(file.read_text()))


@contextmanager
def machine(root: Path, *programs: str) -> Iterator[Machine]:
    """A machine whose programs end with the block."""
    made = Machine(root, *programs)
    try:
        yield made
    finally:
        made.stop()


def page(name: str) -> list[str]:
    """The blocks of commands of a page below docs/, in order."""
    return blocks((ROOT / "docs" / name).read_text("utf-8"), "sh")

"""The commands that the documentation tells to type, found in its pages and run as they stand.

Absolute paths lie under a scratch folder; nothing else in a command is changed. What runs them: `documented_locks`,
`documented_gateway`, `documented_images`, all three called by `.ci/run`, for they need a package registry.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Folders of the machine that documented commands write to or read from.
PLACES = (
    "/etc/default",
    "/etc/gatecast",
    "/etc/mosquitto",
    "/etc/nginx",
    "/etc/systemd/system",
    "/opt/gatecast",
    "/opt/gatecast-trainer",
    "/source",
    "/srv/registry",
    "/tmp/requirements.txt",  # noqa: S108 - names in the Dockerfile
    "/tmp/wheels",  # noqa: S108
    "/var/lib/gatecast",
    "/var/lib/gatecast-serve",
    "/wheels",
)
SHOWN = 40  # lines of a failed command's output


class DocumentationError(Exception):
    """The documentation no longer has what is looked for, or what it tells to type does not work."""


def blocks(text: str, language: str) -> list[str]:
    """Fenced code of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next of its level or above.

    Raises:
        DocumentationError: there is no such heading.
    """
    level = len(heading.partition(" ")[0])
    body = re.search(rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{level}}} |\Z)", text, re.MULTILINE | re.DOTALL)
    if body is None:
        raise DocumentationError(f"expected the heading {heading!r}")
    return body[1]


def moved(command: str, root: Path) -> str:
    """A command whose absolute paths lie under a folder.

    Raises:
        DocumentationError: it names a place that is not in `PLACES`, so that it would touch this machine.
    """

    def replace(match: re.Match[str]) -> str:
        path = match[0]
        if path in {os.devnull, "/dev/urandom", "/CN"}:  # the last one is a name in a certificate
            return path
        if not any(path == folder or path.startswith(f"{folder}/") for folder in PLACES):
            raise DocumentationError(f"{path}: expected one of {', '.join(PLACES)}")
        return f"{root}{path}"

    return re.sub(r"(?<![\w./:}~])/(?=\w)[\w./*-]*", replace, command)


def unit_setting(text: str, key: str) -> str:
    """The value of a key of a systemd unit.

    Raises:
        DocumentationError: the unit does not have it.
    """
    setting = re.search(rf"^{key}=-?(.+)$", text, re.MULTILINE)
    if setting is None:
        raise DocumentationError(f"expected {key}= in the unit")
    return setting[1]


def environment(*folders: Path, **variables: str) -> dict[str, str]:
    """The variables of a fresh login, with programs of these folders first."""
    taken = {"PYTHONPATH", "VIRTUAL_ENV", "GATECAST_TEST_BUNDLES"}
    kept = {name: value for name, value in os.environ.items() if name not in taken}
    return kept | {"PATH": os.pathsep.join([*map(str, folders), kept["PATH"]])} | variables


def shell(script: str, folder: Path, variables: dict[str, str]) -> str:
    """Run lines as a shell does that stops at the first failure; returns what they print.

    Raises:
        DocumentationError: with the end of the output.
    """
    done = subprocess.run(
        ["/bin/sh", "-euc", script],
        cwd=folder,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-SHOWN:])
        raise DocumentationError(f"{script.strip()}\nended with {done.returncode}:\n{tail}")
    return done.stdout


def fresh_copy(folder: Path) -> Path:
    """The repository as a clone of it would be: every file that git does not ignore."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder

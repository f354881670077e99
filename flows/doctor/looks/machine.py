"""The trainer's machine: its packages, its memory, and the disk of the registry."""

import platform
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from edge.checks.connected.disk import look_at_folder
from edge.checks.finding import Finding, warning, wrong
from edge.config.sections import Config
from edge.release.capacity import memory

NEEDED = ("tensorflow-cpu", "keras", "prefect", "polars", "matplotlib", "rich")
INSTEAD = {"tensorflow-cpu": "tensorflow"}  # another package that brings the same
EXTRAS = {  # package that stands for an extra
    "page": "nicegui",
    "dask": "prefect-dask",
    "peers": "lightgbm",
    "tune": "optuna",
    "sparkplug": "protobuf",
    "postgres": "psycopg",
}
MEMORY = Path("/proc/meminfo")
ENOUGH = 1 << 30  # bytes that a training on a usual history takes
ROOM = 1 << 30  # bytes that bundles and a training's temporary files should find


def installed(name: str) -> str | None:
    """Version of a package; None where it is not installed."""
    for distribution in filter(None, (name, INSTEAD.get(name))):
        with suppress(PackageNotFoundError):
            return version(distribution)
    return None


def check_packages(find: Callable[[str], str | None] = installed) -> list[Finding]:
    """What is installed, and what a training lacks.

    Args:
        find: function that gives the version of a package, or None.
    """
    versions = {name: find(name) for name in NEEDED}
    told = ", ".join(f"{name} {number}" for name, number in versions.items() if number is not None)
    extras = [extra for extra, package in EXTRAS.items() if find(package) is not None]
    text = f"Python {platform.python_version()}, {told or 'nothing for a training'}; extras: {', '.join(extras) or 'none'}"
    missing = [name for name, number in versions.items() if number is None]
    if missing:
        return [
            wrong(
                "packages", f"{text}; not there: {', '.join(missing)}", "in a clone of the repository: pip install '.[train]'"
            )
        ]
    return [Finding("packages", text)]


def check_memory(table: Path = MEMORY, limit: Callable[[], int] = memory) -> list[Finding]:
    """How much memory a training would find.

    Args:
        table: file of the kernel with what is available.
        limit: function that gives the bytes that this process may use.
    """
    most = limit()
    available = min(_available(_lines(table)) or most, most)
    text = f"{available / 2**30:,.1f} GB available, of {most / 2**30:,.1f} GB that this process may use"
    if available < ENOUGH:
        advice = "end other programs, or train on a larger machine; fewer series or [train] cells take less at once"
        return [warning("memory", f"{text}; a training takes about {ENOUGH / 2**30:,.0f} GB", advice)]
    return [Finding("memory", text)]


def check_registry_disk(
    config: Config, free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free
) -> list[Finding]:
    """Room for bundles, and whether they can be written.

    Args:
        config: configuration.
        free: function that gives the free bytes of the disk that a folder lies on.
    """
    folder = Path(config.registry.path)
    return [look_at_folder(f"{folder} (registry)", folder, ROOM, "make room there, set [registry] path", free)]


def _lines(table: Path) -> list[str]:
    with suppress(OSError):
        return table.read_text().splitlines()
    return []


def _available(lines: Iterable[str]) -> int | None:
    """Bytes that are available, as the kernel estimates it; None where it does not tell."""
    line = next((line for line in lines if line.startswith("MemAvailable:")), "")
    words = line.split()
    return int(words[1]) << 10 if len(words) > 1 and words[1].isdecimal() else None

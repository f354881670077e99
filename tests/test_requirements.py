"""The lock files are in step with pyproject.toml, pin everything by hash, and name no registry."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCKS = {
    "dev": ["dev"],
    "train": ["train"],
    "edge": ["edge"],
    "edge-tflite": ["edge-tflite"],
    "test-edge": ["edge", "test"],
    "test-edge-tflite": ["edge-tflite", "test"],
}


def direct(extras: list[str]) -> list[Requirement]:
    """What pyproject.toml asks for, extras of our own resolved."""
    found = [Requirement(text) for text in PROJECT["dependencies"]]
    for extra in extras:
        for text in PROJECT["optional-dependencies"][extra]:
            requirement = Requirement(text)
            found += direct(sorted(requirement.extras)) if requirement.name == PROJECT["name"] else [requirement]
    return found


def pins(name: str) -> dict[str, list[Version]]:
    """Versions in a lock file; a package may have one per Python."""
    found: dict[str, list[Version]] = {}
    for package, version in re.findall(
        r"^([\w.-]+)==([^\s;]+)", (ROOT / "requirements" / f"{name}.txt").read_text("utf-8"), re.MULTILINE
    ):
        found.setdefault(package, []).append(Version(version))
    return found


@pytest.mark.parametrize(("name", "extras"), LOCKS.items(), ids=LOCKS)
def test_lock_holds_every_dependency_within_its_limits(name: str, extras: list[str]) -> None:
    """Each direct dependency is pinned to a version that pyproject.toml allows; else run make lock."""
    locked = pins(name)
    for requirement in direct(extras):
        versions = locked.get(requirement.name, [])
        assert versions, f"{requirement.name} is not in requirements/{name}.txt"
        assert all(version in requirement.specifier for version in versions), f"{requirement} and {versions}"


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.name)
def test_lock_pins_by_hash_and_names_no_registry(path: Path) -> None:
    """Every package has a hash, and no line holds an address or a path of a machine."""
    text = path.read_text("utf-8")
    blocks = re.split(r"\n(?=[\w.-]+==)", "\n" + text)[1:]
    assert blocks
    assert all("--hash=sha256:" in block for block in blocks)
    assert not re.search(r"://|--index|--find-links|(?<![\w.])/[a-z]", text)


def test_the_device_gets_no_trainer() -> None:
    """No lock of the device holds TensorFlow, Prefect or polars."""
    for name in ("edge", "edge-tflite", "test-edge", "test-edge-tflite"):
        assert not {"tensorflow-cpu", "keras", "prefect", "polars"} & set(pins(name))


def test_every_lock_is_checked() -> None:
    """A new file in requirements/ needs a line here."""
    assert {path.stem for path in (ROOT / "requirements").glob("*.txt")} == {*LOCKS, "uv"}

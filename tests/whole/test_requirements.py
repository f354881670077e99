"""The lock files are in step with pyproject.toml, pin everything by hash, name no registry, and are taken by pip."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from tests.support.documented_locks import meant_for

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = PYPROJECT["project"]
LOCKS = {
    "dev": ["dev"],
    "train": ["train"],
    "edge": ["edge"],
    "page": ["edge", "page"],
    "edge-tflite": ["edge-tflite"],
    "test-edge": ["edge", "test"],
    "test-edge-tflite": ["edge-tflite", "test"],
}

PYTHONS = [text.rpartition(" ")[2] for text in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", text)]
PATHS = sorted((ROOT / "requirements").glob("*.txt"))
locks = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)


def direct(extras: list[str]) -> list[Requirement]:
    """What pyproject.toml asks for, extras of our own resolved."""
    requirements = [Requirement(text) for text in PROJECT["dependencies"]]
    for extra in extras:
        for text in PROJECT["optional-dependencies"][extra]:
            requirement = Requirement(text)
            requirements += direct(sorted(requirement.extras)) if requirement.name == PROJECT["name"] else [requirement]
    return requirements


def pinned(path: Path) -> list[Requirement]:
    """Every pin of a lock file, with its extras and marker."""
    lines = re.findall(r"^([^\s#].*?)(?: \\)?$", path.read_text("utf-8"), re.MULTILINE)
    return [Requirement(line) for line in lines]


def version_of(pin: Requirement) -> Version:
    """The version that is pinned."""
    (exact,) = pin.specifier
    assert exact.operator == "==", pin
    return Version(exact.version)


def pins(name: str) -> dict[str, list[Version]]:
    """Versions in a lock file; a package may have one per Python."""
    versions: dict[str, list[Version]] = {}
    for pin in pinned(ROOT / "requirements" / f"{name}.txt"):
        versions.setdefault(pin.name, []).append(version_of(pin))
    return versions


@pytest.mark.parametrize(("name", "extras"), LOCKS.items(), ids=LOCKS)
def test_lock_holds_every_dependency_within_its_limits(name: str, extras: list[str]) -> None:
    """Each direct dependency is pinned to a version that pyproject.toml allows; else run make lock."""
    locked = pins(name)
    for requirement in direct(extras):
        versions = locked.get(requirement.name, [])
        assert versions, f"{requirement.name} is not in requirements/{name}.txt"
        assert all(version in requirement.specifier for version in versions), f"{requirement} and {versions}"


def test_lock_of_a_tool_holds_what_its_group_asks_for() -> None:
    """The same of the tools that have an environment of their own."""
    for name, group in PYPROJECT["dependency-groups"].items():
        for requirement in map(Requirement, group):
            assert all(version in requirement.specifier for version in pins(name)[requirement.name]), requirement


def test_no_process_of_prefect_builds_grammars_of_addresses() -> None:
    """Prefect's library for JSON schemas imports this package where it is there, and that takes seconds in each process."""
    assert "rfc3987-syntax" not in pins("dev")


@locks
def test_lock_pins_by_hash_and_names_no_registry(path: Path) -> None:
    """Every package has a hash, and no line holds an address or a path of a machine."""
    text = path.read_text("utf-8")
    blocks = re.split(r"\n(?=[^\s#])", "\n" + text)[1:]
    assert len(blocks) == len(pinned(path)) > 0
    assert all("--hash=sha256:" in block for block in blocks)
    assert not re.search(r"://|--index|--find-links|(?<![\w.])/[a-z]", text)


@locks
def test_a_pin_with_an_extra_stands_without_it_as_well(path: Path) -> None:
    """Pip 23 looks for the newest version, and refuses it, where a package is asked for in the form that is not pinned."""
    pins_of_lock = pinned(path)
    bare = {(pin.name, str(pin.specifier)) for pin in pins_of_lock if not pin.extras}
    assert {(pin.name, str(pin.specifier)) for pin in pins_of_lock} == bare


@locks
def test_no_pin_excludes_a_python_that_is_supported(path: Path) -> None:
    """The bounds that the installed packages declare: pip obeys the upper ones, uv does not."""
    for pin in pinned(path):
        try:
            installed = importlib.metadata.metadata(pin.name)
        except importlib.metadata.PackageNotFoundError:
            continue  # of another platform or of the other runtime; .ci/run has pip try every lock
        if Version(installed["Version"]) == version_of(pin):
            bounds = SpecifierSet(str(installed.json.get("requires_python", "")))
            for python in (version for version in PYTHONS if meant_for(path.stem, version)):
                applies = pin.marker is None or pin.marker.evaluate(
                    {"python_version": python, "python_full_version": f"{python}.9"}
                )
                assert not applies or f"{python}.9" in bounds, f"{pin} wants Python {bounds}"


def test_pythons_are_those_the_project_supports() -> None:
    """The classifiers name what requires-python allows."""
    allowed = SpecifierSet(PROJECT["requires-python"])
    assert [f"3.{minor}" for minor in range(8, 20) if f"3.{minor}.9" in allowed] == PYTHONS


def test_the_device_gets_no_trainer() -> None:
    """No lock of the device holds TensorFlow, Prefect or polars."""
    for name in ("edge", "edge-tflite", "test-edge", "test-edge-tflite"):
        assert not {"tensorflow-cpu", "keras", "prefect", "polars"} & set(pins(name))


@pytest.mark.parametrize(("version", "enough"), [("2.1.0", False), ("2.2.0", True)])
def test_the_device_asks_for_an_http_library_that_reads_an_answer_piece_by_piece(version: str, enough: bool) -> None:
    """The client library would be content with one that cannot: then no answer of the store would be understood."""
    (asked,) = (requirement for requirement in direct([]) if requirement.name == "urllib3")
    assert (Version(version) in asked.specifier) is enough


def test_every_lock_is_checked() -> None:
    """A new file in requirements/ needs a line here."""
    assert {path.stem for path in PATHS} == {*LOCKS, *PYPROJECT["dependency-groups"], "uv"}

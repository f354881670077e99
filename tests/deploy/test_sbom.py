"""The bills of materials of the images: what `make sbom` writes is valid, complete, and the same every time."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TOOL = ROOT / ".make" / "sbom"  # its environment; `make test` and `make sbom` bring it up to date
IMAGES = {"agent": "edge", "trainer": "train"}
PINNED = r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;\\]+)"
# By CycloneDX' own schema, strictly; says what is wrong.
VALIDATE = """
import json
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

for path in sys.argv[1:]:
    text = open(path, encoding="utf-8").read()
    fault = JsonStrictValidator(SchemaVersion.from_version(json.loads(text)["specVersion"])).validate_str(text)
    if fault is not None:
        sys.exit(f"{path}: {fault}")
"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """What the recipe writes, and what it writes of the agent's image a second time; checked below, not by the tool."""
    if not (TOOL / ".ready").exists():
        pytest.skip("the tool that writes the bills is not here: make sbom installs it")
    recipe = re.search(r"^sbom:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert recipe is not None
    first, second = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    lines = recipe[1].replace("\t@", "\t").replace("$(SBOM)", str(TOOL))
    lines = lines.replace("\\\n", " ").replace("cyclonedx-py requirements ", "cyclonedx-py requirements --no-validate ")
    _, agent, _ = lines.splitlines()
    for script, folder in ((lines, first), (agent, second)):
        subprocess.run(["/bin/sh", "-euc", script.replace("dist", str(folder))], cwd=ROOT, check=True, capture_output=True)
    return first, second


def _document(folder: Path, image: str) -> str:
    return (folder / f"gatecast-{image}.cdx.json").read_text("utf-8")


def _fault(path: Path) -> str:
    """What is wrong with a bill; nothing where it is valid."""
    command = [str(TOOL / "bin" / "python"), "-c", VALIDATE, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


@pytest.mark.parametrize("image", IMAGES)
def test_the_bill_is_valid(image: str, folders: tuple[Path, Path], tmp_path: Path) -> None:
    """By CycloneDX' own schema, strictly; one with an address that is none is not."""
    assert _fault(folders[0] / f"gatecast-{image}.cdx.json") == ""
    spoilt = tmp_path / "spoilt.json"
    spoilt.write_text(re.sub(r'"url": *"https://[^"]*"', '"url": "https://no host/"', _document(folders[0], image), count=1))
    assert "iri-reference" in _fault(spoilt)


@pytest.mark.parametrize("image", IMAGES)
def test_every_pinned_package_is_in_it_with_its_hashes(image: str, folders: tuple[Path, Path]) -> None:
    """And nothing else; what it describes is this version of Gatecast."""
    bill: dict[str, Any] = json.loads(_document(folders[0], image))
    lock = (ROOT / "requirements" / f"{IMAGES[image]}.txt").read_text("utf-8")
    pinned = set(re.findall(PINNED, lock, re.MULTILINE))
    assert {(component["name"], component["version"]) for component in bill["components"]} == pinned
    hashes = {digest["content"] for c in bill["components"] for r in c["externalReferences"] for digest in r.get("hashes", [])}
    assert hashes == set(re.findall(r"--hash=sha256:(\w+)", lock))
    assert bill["metadata"]["component"]["name"] == "gatecast"
    assert re.search(
        rf'^version = "{bill["metadata"]["component"]["version"]}"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )


def test_the_bill_is_the_same_every_time(folders: tuple[Path, Path]) -> None:
    """No time and no random number is in it."""
    assert _document(folders[0], "agent") == _document(folders[1], "agent")


@pytest.mark.parametrize("image", IMAGES)
def test_the_bill_says_nothing_of_the_machine(image: str, folders: tuple[Path, Path]) -> None:
    """No path, and no package registry but the public one."""
    first = _document(folders[0], image)
    assert str(ROOT) not in first
    addresses = {r["url"] for c in json.loads(first)["components"] for r in c["externalReferences"]}
    assert all(re.fullmatch(r"https://pypi\.org/simple/[\w.-]+/", address) for address in addresses)

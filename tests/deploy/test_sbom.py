"""The bills of materials of the images: what `make sbom` writes is valid, complete, and the same every time."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).parents[2]
IMAGES = {"agent": "edge", "trainer": "train"}
PINNED = r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;\\]+)"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """What the recipe writes, and what it writes of the agent's image a second time; checked below, not by the tool."""
    recipe = re.search(r"^sbom:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert recipe is not None
    first, second = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    lines = recipe[1].replace("\t@", "\t").replace("$(BIN)", str(Path(sys.executable).parent))
    lines = lines.replace("\\\n", " ").replace("cyclonedx-py requirements ", "cyclonedx-py requirements --no-validate ")
    _, agent, _ = lines.splitlines()
    for script, folder in ((lines, first), (agent, second)):
        subprocess.run(["/bin/sh", "-euc", script.replace("dist", str(folder))], cwd=ROOT, check=True, capture_output=True)
    return first, second


def _document(folder: Path, image: str) -> str:
    return (folder / f"gatecast-{image}.cdx.json").read_text("utf-8")


@pytest.mark.parametrize("image", IMAGES)
def test_the_bill_is_valid(image: str, folders: tuple[Path, Path]) -> None:
    """By CycloneDX' own schema, strictly."""
    text = _document(folders[0], image)
    version = SchemaVersion.from_version(json.loads(text)["specVersion"])
    assert JsonStrictValidator(version).validate_str(text) is None


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

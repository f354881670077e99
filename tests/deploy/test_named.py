"""Every file that a file of deploy/ names is there, or is made by a command of its page."""

import re
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
PAGE = (DEPLOY / "README.md").read_text("utf-8")
TEXTS = [path for path in DEPLOY.rglob("*") if path.is_file() and not {"dashboards", "__pycache__"} & {*path.parts}]
NAME = r"(?<![\w.*{}/$-])/?(?:[\w.-]+/)*[\w-]+(?:\.[\w-]+)*\.(?:toml|conf|yaml|yml|service|example|crt|key)\b(?![\w/.-]*\.)"
# The unit of Debian's package, and the name that compose.tls.yaml gives to a file in its container.
OF_OTHERS = {"mosquitto.service", "tls.conf"}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_every_file_that_is_named_is_there_or_is_made(path: Path) -> None:
    """By its last name: paths inside of containers and on gateways end in the names of what is mounted or installed there."""
    here = {file.name for file in DEPLOY.rglob("*")} | {file.name for file in DEPLOY.parent.glob("*")} | OF_OTHERS
    made = set(re.findall(r"(?:-out|-keyout|>) ([\w.-]+)", PAGE))
    named = {Path(name).name for name in re.findall(NAME, path.read_text("utf-8"))}
    assert named - here - made == set()


def test_a_name_without_a_file_is_noticed() -> None:
    """The pattern sees names in commands, mounts and sentences, and no versions or addresses."""
    text = "- ./gone.conf:/x/other.toml:ro\ninstall deploy/no.service; see compose.yaml, http://h/a 17.6.1"
    assert {Path(name).name for name in re.findall(NAME, text)} == {"gone.conf", "other.toml", "no.service", "compose.yaml"}

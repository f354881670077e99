"""The steps of deploy/Dockerfile, run in plain environments in place of containers.

Each stage is a folder with a virtual environment; a stage that begins with another begins with that one's steps. What only a
container can do is left out by name.
"""

import json
import re
import shlex
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support.documented import ROOT, DocumentationError, environment, fresh_copy, moved, shell
from tests.support.interpreters import interpreter

DOCKERFILE = ROOT / "deploy" / "Dockerfile"
# Steps that need an account of the image, and a variable that would keep pip from using its cache.
LEFT_OUT = ("useradd", "install -d")
NOT_SET = {"PIP_NO_CACHE_DIR"}
OF_CONTAINERS = {"USER", "HEALTHCHECK"}


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the file.

    Args:
        name: name of the stage, as AS gives it.
        python: version of the image it begins with, such as `3.11`.
        steps: instruction and argument, those of the stage it begins with first.
    """

    name: str
    python: str
    steps: tuple[tuple[str, str], ...]


def stages(text: str) -> dict[str, Stage]:
    """Every stage of a Dockerfile, by name.

    Raises:
        DocumentationError: a stage begins with an image that is not Python's.
    """
    by_name: dict[str, Stage] = {}
    lines = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    name, python = "", ""
    steps: tuple[tuple[str, str], ...] = ()
    for instruction, argument in (line.split(maxsplit=1) for line in lines if line.strip()):
        if instruction == "FROM":
            base, _, name = argument.partition(" AS ")
            if base in by_name:
                python, steps = by_name[base].python, by_name[base].steps
            elif version := re.match(r"python:(3\.\d+)\.\d+-", base):
                python, steps = version[1], ()
            else:
                raise DocumentationError(f"FROM {argument}: expected an image of Python, or a stage above")
        else:
            steps = (*steps, (instruction, " ".join(argument.split())))
        by_name[name] = Stage(name, python, steps)
    return by_name


def build(stage: Stage, folders: Path, context: Path, make: Callable[[str, Path], None]) -> list[str]:
    """Run the steps of a stage in `folders/<name>`.

    Args:
        stage: the stage to build.
        folders: parent folder of all stages, also of those that this one copies from.
        context: folder that COPY takes files from.
        make: function that makes the environment of a Python version.

    Returns:
        The command that the image would run.

    Raises:
        DocumentationError: a step fails, or is of a kind not known here.
    """
    root = folders / stage.name
    root.mkdir(parents=True)
    make(stage.python, root / "venv")
    work, variables, command = root, environment(root / "venv" / "bin"), []
    for instruction, argument in stage.steps:
        if instruction == "ENV":
            pairs = (pair.partition("=") for pair in shlex.split(argument))
            variables |= {name: value for name, _, value in pairs if name not in NOT_SET}
        elif instruction == "WORKDIR":
            work = Path(moved(argument, root))
            work.mkdir(parents=True, exist_ok=True)
        elif instruction == "COPY":
            _copy(argument, root, work, folders, context)
        elif instruction == "CMD":
            command = json.loads(argument)
        elif instruction == "RUN":
            parts = [part.strip() for part in argument.split("&&")]
            script = " && ".join(part for part in parts if not part.startswith(LEFT_OUT))
            shell(moved(script, root), work, variables)
        elif instruction not in OF_CONTAINERS:
            raise DocumentationError(f"{instruction} {argument}: expected a step that can be run without a container")
    return command


def _copy(argument: str, root: Path, work: Path, folders: Path, context: Path) -> None:
    words = argument.split()
    source = folders / words.pop(0).removeprefix("--from=") if words[0].startswith("--from=") else context
    *names, target = words
    goal = Path(moved(target, root)) if target.startswith("/") else work / target
    for name in names:
        taken = source / name.lstrip("/")
        if taken.is_dir():
            shutil.copytree(taken, goal, dirs_exist_ok=True)
        else:
            into = goal / taken.name if target.endswith("/") else goal
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(taken, into)


def make_venv(version: str, folder: Path) -> None:
    """An environment in place of the image's Python.

    Raises:
        DocumentationError: that Python is not here.
    """
    python = interpreter(version)
    if python is None:
        raise DocumentationError(f"expected Python {version}, as the images have")
    shell(f"{python} -m venv {folder}", ROOT, environment())


def main() -> None:
    """Build every stage, look at what is installed, and ask the command of each image for its help."""
    made = stages(DOCKERFILE.read_text("utf-8"))
    for version in {stage.python for stage in made.values()}:
        if interpreter(version) is None:
            print(f"SKIPPED images: no Python {version} here")
            return
    with tempfile.TemporaryDirectory(prefix="gatecast-images-") as text:
        folders = Path(text)
        context = fresh_copy(folders / "context")
        for stage in made.values():
            print(f"== image: {stage.name}", flush=True)
            command = build(stage, folders, context, make_venv)
            programs = environment(folders / stage.name / "venv" / "bin")
            shell("pip check", context, programs)
            if command:
                shell(shlex.join([*command[:2], "--help"]), context, programs)


if __name__ == "__main__":
    main()

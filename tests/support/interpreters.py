"""The Python versions that the project supports, and an interpreter of each.

Run by hand or by `.ci/run`: `python -m tests.support.interpreters 3.13` prints the path of an interpreter. Where the machine
has none, uv installs one below `.make/pythons`; where uv cannot, the command ends with 1.
"""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
INSTALLED = ROOT / ".make" / "pythons"
# TensorFlow has no wheels for a newer Python.
NEWEST_OF_THE_TRAINER = "3.13"
PATIENCE = 300  # seconds that uv may take


def pythons() -> dict[str, Path | None]:
    """Every Python version the project supports, and an interpreter of it that can make environments."""
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["classifiers"]
    versions = [text.rpartition(" ")[2] for text in classifiers if re.search(r":: 3\.\d+$", text)]
    return {version: interpreter(version) for version in versions}


def has_trainer(version: str) -> bool:
    """Whether the trainer's packages exist for a Python version such as `3.13`."""
    return _numbers(version) <= _numbers(NEWEST_OF_THE_TRAINER)


def interpreter(version: str, installed: Path = INSTALLED) -> Path | None:
    """An interpreter of a version such as `3.12`.

    Args:
        version: major and minor number of the version.
        installed: folder below which uv installs interpreters.

    Returns:
        This interpreter, or the first of the PATH, of pyenv and of uv that has the version and can make environments; None if
        there is none.
    """
    code = f"import ensurepip, sys, venv; sys.exit('%d.%d' % sys.version_info[:2] != '{version}'); "
    kept = sorted([*Path.home().glob(f".pyenv/versions/{version}.*/bin/python3"), *installed.glob("*/bin/python3")])
    for program in [sys.executable, *filter(None, [shutil.which(f"python{version}")]), *map(str, kept)]:
        answer = subprocess.run([program, "-c", code], capture_output=True, check=False)
        if answer.returncode == 0:
            return Path(program)
    return None


def install(version: str, installed: Path = INSTALLED) -> None:
    """Ask uv for an interpreter; nothing happens where uv is not here or cannot get it."""
    uv = Path(sys.executable).parent / "uv"
    if uv.exists():
        command = [str(uv), "python", "install", "--quiet", "--install-dir", str(installed), "--no-bin", version]
        try:
            subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            return


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def main(version: str) -> int:
    """Print the path of an interpreter; the exit code is 1 if there is none."""
    if interpreter(version) is None:
        install(version)
    path = interpreter(version)
    if path is not None:
        print(path)
    return int(path is None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

"""Every lock file, installed by pip as the documentation says, on every supported Python that is here."""

import tempfile
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

from tests.support.documented import ROOT, environment, shell
from tests.support.interpreters import has_trainer, pythons

NEED_THE_TRAINER = {"dev", "train"}
LOCKS = sorted(path.stem for path in (ROOT / "requirements").glob("*.txt"))


def meant_for(lock: str, python: str) -> bool:
    """Whether every package of a lock file exists for a Python version: tflite-runtime and TensorFlow end before the others."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    markers = [Requirement(text).marker for text in extras.get(lock.removeprefix("test-"), [])]
    if lock in NEED_THE_TRAINER and not has_trainer(python):
        return False
    return all(marker is None or marker.evaluate({"python_version": python}) for marker in markers)


def install(lock: str, python: Path) -> None:
    """Install a lock file into an environment of its own, with the pip that it comes with.

    Raises:
        DocumentationError: pip refuses it, or finds packages that do not fit.
    """
    with tempfile.TemporaryDirectory(prefix="gatecast-lock-") as folder:
        venv = Path(folder) / "venv"
        shell(
            f"{python} -m venv {venv}\n"
            f"{venv}/bin/pip install --require-hashes -r requirements/{lock}.txt\n"
            f"{venv}/bin/pip check",
            ROOT,
            environment(),
        )


def main() -> None:
    """Install all of them; a Python that is not here is named."""
    for version, python in pythons().items():
        for lock in LOCKS:
            if python is None:
                print(f"SKIPPED lock: {lock}: no Python {version} here", flush=True)
            elif meant_for(lock, version):
                print(f"== lock: {lock} on Python {version}", flush=True)
                install(lock, python)


if __name__ == "__main__":
    main()

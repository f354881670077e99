"""Every lock file, taken by pip on every supported Python that is here.

pip downloads every package and compares its hash, finds each dependency pinned and none that does not fit, and needs no
compiler. It installs nothing: that is done by the other steps of `.ci/run`, with one lock file of each kind.
"""

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


def try_out(lock: str, pip: Path) -> None:
    """Have pip find out what it would install.

    Args:
        lock: name of the file, without its end.
        pip: path of the pip of an empty environment.

    Raises:
        DocumentationError: pip refuses it, or finds packages that do not fit.
    """
    shell(f"{pip} install --dry-run --only-binary :all: --require-hashes -r requirements/{lock}.txt", ROOT, environment())


def main() -> None:
    """Try all of them, with the pip that each Python brings; a Python that is not here is named."""
    for version, python in pythons().items():
        if python is None:
            print(f"SKIPPED locks: no Python {version} here", flush=True)
            continue
        with tempfile.TemporaryDirectory(prefix="gatecast-lock-") as folder:
            shell(f"{python} -m venv {folder}/venv", ROOT, environment())
            for lock in LOCKS:
                if meant_for(lock, version):
                    print(f"== lock: {lock} on Python {version}", flush=True)
                    try_out(lock, Path(folder) / "venv" / "bin" / "pip")


if __name__ == "__main__":
    main()

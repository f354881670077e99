"""The house rules that no linter of a single file sees."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("edge", "pipeline", "flows", "tests", "benchmarks")
LONGEST = 400


def test_arrows_run_one_way() -> None:
    """From flows to pipeline to edge; and nothing of the trainer reaches the device, not even inside a function."""
    program = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert program is not None, "import-linter is one of the `dev` packages"
    answer = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout
    assert "0 broken" in answer.stdout


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_file_is_longer_than_400_lines(folder: str) -> None:
    """What is longer holds two ideas."""
    found = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in (ROOT / folder).rglob("*.py")}
    assert {name: count for name, count in found.items() if count > LONGEST} == {}


def test_every_module_says_what_it_is_for() -> None:
    """Each Python file begins with a docstring."""
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    assert [str(path) for path in files if not path.read_text().startswith('"""')] == []

"""The house rules that no linter of a single file sees."""

import ast
import graphlib
import importlib
import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("edge", "pipeline", "flows")
FOLDERS = (*PACKAGES, "tests", "benchmarks", "deploy")
LONGEST = 400
MOST_FILES = 13


def modules() -> list[Path]:
    """Every Python file of the three packages that defines a function or a class, relative to the root."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [
        path.relative_to(ROOT)
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if any(isinstance(node, kinds) for node in ast.parse(path.read_text("utf-8")).body)
    ]


def own_test_file(module: Path) -> str:
    """The test file that belongs to a module: room and module joined by an underscore, in the folder of its package.

    The files of a folder inside a room are members of one table, and share the test file of that folder.
    """
    package, *rooms = module.with_suffix("").parts
    return f"tests/{package}/test_{'_'.join(rooms[:2])}.py"


def first_circle(imports: dict[str, set[str]]) -> list[str]:
    """A circle among imports, each name followed by one that imports it; nothing if there is none."""
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def imports_by_file() -> dict[str, set[str]]:
    """The modules that each module of the three packages imports, those for types only included."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def room(module: str) -> str:
    """The folder of a module, or the module itself where it stands at the top of its package."""
    return ".".join(module.split(".")[:2])


def test_arrows_run_one_way() -> None:
    """From flows to pipeline to edge; and nothing of the trainer reaches the device, not even inside a function."""
    program = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert program is not None, "import-linter is one of the `dev` packages"
    answer = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout
    assert "0 broken" in answer.stdout


def test_no_files_import_each_other_in_a_circle() -> None:
    """Import-linter orders the rooms; within a room any file may import any other, but not in a circle."""
    assert first_circle(imports_by_file()) == []


def test_no_rooms_import_each_other_in_a_circle() -> None:
    """A room can be read after those that it imports."""
    rooms: dict[str, set[str]] = {}
    for module, imported in imports_by_file().items():
        rooms.setdefault(room(module), set()).update({room(name) for name in imported} - {room(module)})
    assert first_circle(rooms) == []


def test_a_circle_is_noticed() -> None:
    """Of two files, and of three."""
    assert first_circle({"a": {"b"}, "b": {"a"}}) != []
    assert first_circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) != []
    assert first_circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize("module", modules(), ids=str)
def test_every_module_has_a_test_file(module: Path) -> None:
    """A module that defines something has `tests/<package>/test_<room>_<module>.py`."""
    test_file = own_test_file(module)
    assert (ROOT / test_file).exists(), f"{module} has no {test_file}"


def test_no_room_has_more_than_13_files() -> None:
    """A room that has more holds two ideas."""
    folders = {path.parent for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    counts = {str(folder.relative_to(ROOT)): len([*folder.glob("*.py")]) for folder in folders}
    assert {name: count for name, count in counts.items() if count > MOST_FILES} == {}


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_file_is_longer_than_400_lines(folder: str) -> None:
    """A file that is longer holds two ideas."""
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in (ROOT / folder).rglob("*.py")}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_every_module_says_what_it_is_for() -> None:
    """Each Python file begins with a docstring."""
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    assert [str(path) for path in files if not path.read_text().startswith('"""')] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_an_import_gives_the_package_and_not_its_tests(package: str) -> None:
    """`tests/edge` is a package too, and must not stand in for `edge`."""
    assert importlib.import_module(package).__file__ == str(ROOT / package / "__init__.py")

"""The pages for a newcomer say what the tree says: the words and their functions, the rooms, the decisions."""

import importlib
import re

import pytest

from pipeline.backtest.figures import COLUMNS
from tests.support.documented import ROOT, section

DOCS = ROOT / "docs"


def rows(page: str) -> list[list[str]]:
    """Cells of every row of every table of a page, without headings."""
    lines = [line for line in page.splitlines() if line.startswith("|")]
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for number, row in enumerate(table) if not set(row[0]) <= set("-: ") and not _is_heading(table, number)]


def _is_heading(table: list[list[str]], number: int) -> bool:
    return number + 1 < len(table) and bool(table[number + 1][0]) and set(table[number + 1][0]) <= set("-: ")


GLOSSARY = rows((DOCS / "glossary.md").read_text("utf-8"))


@pytest.mark.parametrize("row", GLOSSARY, ids=lambda row: row[0])
def test_every_word_of_the_glossary_has_the_code_that_defines_it(row: list[str]) -> None:
    """Five cells, none empty; the last one names a class or a function that can be imported."""
    assert len(row) == 5
    assert all(row)
    module, name = _split(row[4].strip("`"))
    defined = importlib.import_module(module)
    for part in name.split("."):
        defined = getattr(defined, part)
    assert callable(defined)


def _split(path: str) -> tuple[str, str]:
    """Module and name of a dotted path: modules are files."""
    parts = path.split(".")
    for length in range(len(parts) - 1, 0, -1):
        if ROOT.joinpath(*parts[:length]).with_suffix(".py").is_file():
            return ".".join(parts[:length]), ".".join(parts[length:])
    pytest.fail(f"{path} names no file")


def test_every_word_of_the_glossary_is_used() -> None:
    """Another page has it."""
    pages = [page for page in [*ROOT.glob("*.md"), *DOCS.rglob("*.md")] if page.name != "glossary.md"]
    text = "\n".join(page.read_text("utf-8") for page in pages).lower()
    words = {word for row in GLOSSARY for word in re.split(r" \(|\)", row[0].lower()) if word}
    assert [word for word in sorted(words) if not re.search(rf"\b{re.escape(word)}s?\b", text)] == []


def test_every_word_stands_once() -> None:
    """One idea, one line."""
    words = [row[0] for row in GLOSSARY]
    assert len(words) == len(set(words))


def test_the_list_of_rooms_is_that_of_the_tree() -> None:
    """Every folder of code has one line in docs/architecture.md, in the order of the layers."""
    house = section((DOCS / "architecture.md").read_text("utf-8"), "## The house")
    listed = re.findall(r"^\| `((?:edge|pipeline|flows)/[\w/]+)/` \|", house, re.MULTILINE)
    folders = {
        str(path.parent.relative_to(ROOT))
        for package in ("edge", "pipeline", "flows")
        for path in (ROOT / package).glob("*/**/__init__.py")
    }
    assert sorted(listed) == sorted(folders)
    assert len(listed) == len(set(listed))


def test_the_index_of_decisions_is_that_of_the_folder() -> None:
    """Number, title and file of every record, in order."""
    index = (DOCS / "decisions" / "README.md").read_text("utf-8")
    listed = re.findall(r"^(\d+)\. \[(.+)\]\((\S+)\)$", index, re.MULTILINE)
    records = [
        (path.read_text("utf-8").splitlines()[0].removeprefix("# "), path.name)
        for path in sorted((DOCS / "decisions").glob("[0-9]*.md"))
    ]
    assert [(f"{number}. {title}", name) for number, title, name in listed] == records


@pytest.mark.parametrize(
    "heading", ["A payload format", "A store", "A source of history", "A recurrent cell", "A metric", "A command"]
)
def test_the_steps_to_add_something_name_files_that_exist(heading: str) -> None:
    """At most five steps; every file and folder in them is there."""
    steps = re.findall(
        r"^\d\. (.+(?:\n   .+)*)", section((DOCS / "adding.md").read_text("utf-8"), f"## {heading}"), re.MULTILINE
    )
    assert 3 <= len(steps) <= 5
    for step in steps:
        named = re.findall(r"`((?:edge|pipeline|flows|tests|docs)/[\w./-]*)`", step)
        assert named, step
        assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_page_on_backtests_explains_every_column_of_its_tables() -> None:
    """In the order of the columns."""
    page = (DOCS / "backtest.md").read_text("utf-8")
    table = page[page.index("| figure | meaning |") :].split("\n\n")[0]
    assert [row[0] for row in rows(table)] == [column.heading for column in COLUMNS.values()]


def test_a_row_is_told_from_a_heading() -> None:
    """The heading is the row above the rule."""
    assert rows("| a | b |\n|---|---|\n| 1 | 2 |\n\n| c | d |\n|---|---|\n| 3 | 4 |\n") == [["1", "2"], ["3", "4"]]

"""Names and docstrings say what they mean."""

from pathlib import Path

import pytest

from tests.support.language import entries, findings, in_room

ROOT = Path(__file__).parents[2]
ROOMS = sorted(
    str(path.relative_to(ROOT))
    for package in ("edge", "pipeline", "flows")
    for path in (ROOT / package).iterdir()
    if path.suffix == ".py" or (path.is_dir() and (path / "__init__.py").exists())
)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_in_plain_words(room: str) -> None:
    """Arguments are explained by nouns, names say the thing, no line is squeezed."""
    assert in_room(ROOT / room) == []


def test_the_search_finds_what_it_is_for(tmp_path: Path) -> None:
    """Each kind of finding, once; an entry of several lines and a return are left alone."""
    path = tmp_path / "module.py"
    explained = "        epochs: at most.\n        cell: name of the cell, and\n            of its state.\n"
    docstring = f"One.\n\n    Args:\n{explained}\n    Returns:\n        of it.\n"
    path.write_text(f'def f(epochs, cell, found):\n    """{docstring}    """\n    x = [one for one in cell]  # fmt: skip\n')
    assert [line.split(": ", 1)[1] for line in findings(path)] == [
        "fmt: skip",
        "argument epochs is explained by 'at', not by a noun",
        "the name 'found' says nothing",
        "the name 'one' says nothing",
    ]
    assert dict(entries("Do.\n\nArgs:\n    a: of it.\n    *rest: all others.\n")) == {"a": "of", "*rest": "all"}

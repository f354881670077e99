"""What a reader stumbles over in our own code, found in its syntax tree: one finding is one line `file:line: what`.

Run by hand for a file or a room: `python -m tests.support.language edge/messages`.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

# An entry of `Args:` is a phrase with a noun: "epochs: number of passes over the training windows", not "epochs: at most."
NO_NOUNS = frozenset(
    {
        "about",
        "above",
        "after",
        "as",
        "at",
        "before",
        "below",
        "beside",
        "between",
        "by",
        "called",
        "commits",
        "encodes",
        "fills",
        "for",
        "from",
        "gets",
        "gives",
        "how",
        "in",
        "into",
        "lets",
        "like",
        "makes",
        "of",
        "on",
        "opens",
        "over",
        "per",
        "reads",
        "remembers",
        "says",
        "sends",
        "shows",
        "since",
        "takes",
        "than",
        "that",
        "to",
        "under",
        "until",
        "upto",
        "what",
        "when",
        "where",
        "which",
        "whose",
        "why",
        "with",
        "within",
        "without",
        "writes",
        "written",
    }
)
# A name says the thing, not its grammar.
EMPTY_NAMES = frozenset({"one", "found", "place"})


def entries(docstring: str) -> Iterator[tuple[str, str]]:
    """Name and text of each argument that a docstring explains under `Args:`."""
    section = re.search(r"^( *)Args:\n((?:\1 +.*\n|\s*\n)+)", docstring + "\n", re.MULTILINE)
    if section is None:
        return
    indent = len(section[1]) + 4
    for entry in re.finditer(rf"^ {{{indent}}}([\w*`, .]+): +(\S+)", section[2], re.MULTILINE):
        yield entry[1], entry[2]


def findings(path: Path) -> list[str]:
    """What a reader stumbles over in one Python file."""
    text = path.read_text("utf-8")
    lines = [f"{path}:{number}: fmt: skip" for number, line in enumerate(text.splitlines(), 1) if "fmt: skip" in line]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            lines += [
                f"{path}:{getattr(node, 'lineno', 1)}: argument {name} is explained by {word!r}, not by a noun"
                for name, word in entries(ast.get_docstring(node) or "")
                if word.rstrip(",.;:").lower() in NO_NOUNS
            ]
        elif isinstance(node, ast.arg) and node.arg in EMPTY_NAMES:
            lines.append(f"{path}:{node.lineno}: the name {node.arg!r} says nothing")
        elif isinstance(node, ast.Name) and node.id in EMPTY_NAMES and isinstance(node.ctx, ast.Store):
            lines.append(f"{path}:{node.lineno}: the name {node.id!r} says nothing")
    return lines


def in_room(room: Path) -> list[str]:
    """What a reader stumbles over in a file, or in all files of a folder, those below it included."""
    return [line for path in sorted(room.rglob("*.py") if room.is_dir() else [room]) for line in findings(path)]


if __name__ == "__main__":
    print(*[line for argument in sys.argv[1:] for line in in_room(Path(argument))], sep="\n")

"""What is wrong with a text that is no TOML: the line, and what to write there."""

import re
import tomllib

from edge.quoting import quoted, without_account

_POSITION = re.compile(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", re.DOTALL)
_SECRET = re.compile("passw|token|secret", re.IGNORECASE)

# What tomllib says, and what a person should do. The first that the message begins with counts.
ADVICE = (
    ("Invalid value", 'texts stand in quotation marks, such as topic = "a/b"; numbers have a point; truth is true or false'),
    ("Expected '=' after a key", 'a line is key = value, such as format = "plain"'),
    ("Expected newline or end of document", "a line has one key; texts stand in quotation marks, and numbers have a point"),
    ("Expected ']]'", "a section that may come several times begins with [[ and ends with ]], such as [[ingest]]"),
    ("Expected ']' at the end of a table", "the name of a section stands in brackets, such as [mqtt]"),
    ("Unclosed array", "a list above this line has no ] at its end"),
    ("Unescaped '\\'", "a backslash in a text is written twice, or the text stands in single quotation marks: 'C:\\folder'"),
    ("Illegal character", "a text ends on its own line, with the quotation mark that it began with"),
    ('Expected "\'"', "a text has no quotation mark at its end"),
    ("Unterminated string", "a text has no quotation mark at its end"),
    ("Cannot overwrite a value", "a key or a section is there twice; keep one of them"),
    (
        "Invalid initial character for a key part",
        "a name with other signs than letters, digits, _ and - is quoted",
    ),
    ("Invalid statement", "a line is a section such as [mqtt], or key = value; other lines begin with #"),
)
_TWICE = re.compile(r"Cannot (?:declare|mutate).*?\((.*?),?\).*", re.DOTALL)


def explained(text: str, error: tomllib.TOMLDecodeError) -> str:
    """The line that is wrong, and what to write there.

    Args:
        text: text of the file.
        error: error of tomllib.
    """
    position = _POSITION.fullmatch(str(error))
    if position is None:
        return str(error)
    lines = text.splitlines() or [""]
    number = int(position[2]) if position[2] else len(lines)
    return f"line {number}, {_shown(lines[min(number, len(lines)) - 1])}: {_advice(position[1])}"


def _advice(fault: str) -> str:
    twice = _TWICE.fullmatch(fault)
    if twice is not None:
        name = twice[1].replace("'", "").replace(", ", ".")
        return f"the section [{name}] is there twice; keep one of them"
    return next((advice for start, advice in ADVICE if fault.startswith(start)), fault)


def _shown(line: str) -> str:
    """A line as others may read it."""
    key, equals, _ = line.partition("=")
    if equals and _SECRET.search(key):
        return quoted(f"{key.strip()} = ...")
    return quoted(without_account(line.strip()) if "//" in line else line.strip())

"""Rules as TOML: the keys that say something, each in its place."""

import json
import re

import msgspec

from edge.messages.rule import IngestRule, ValueRule
from edge.quoting import one_line

ORDER = ("topic", "preset", "skip", "format", "columns", "each", "value", "values", "series", "tags", "rename", "drop", "time")
WIDTH = 118  # characters of a comment's line
WHOLE = 1e15  # whole numbers below are written without a point
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def section(rule: IngestRule, notes: tuple[str, ...] = ()) -> str:
    """One `[[ingest]]` section.

    Args:
        rule: the rule.
        notes: sentences for the comment above it.
    """
    keys = sorted(IngestRule.__struct_fields__, key=lambda key: ORDER.index(key) if key in ORDER else len(ORDER))
    usual = IngestRule()
    lines = [comment(note) for note in notes]
    lines.append("[[ingest]]")
    lines += [f"{key} = {_value(value)}" for key in keys if (value := getattr(rule, key)) != getattr(usual, key)]
    return "\n".join(lines)


def comment(text: str) -> str:
    """A text as a comment: its lines, each behind a #."""
    lines, line = [], "#"
    for word in one_line(text).split(" "):
        if len(line) + len(word) >= WIDTH and line != "#":
            lines.append(line)
            line = "#"
        line += f" {word}"
    return "\n".join([*lines, line])


def text_of(text: str) -> str:
    """A text in quotation marks."""
    # What TOML forbids in a text beyond JSON: the character 127.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: object) -> str:
    if isinstance(value, ValueRule):
        usual = ValueRule()
        keys = [key for key in ValueRule.__struct_fields__ if getattr(value, key) != getattr(usual, key)]
        return _table({key: getattr(value, key) for key in keys})
    if isinstance(value, dict):
        return _table(value)
    if isinstance(value, tuple):
        return f"[{', '.join(_value(part) for part in value)}]"
    if isinstance(value, str):
        return text_of(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < WHOLE:
        return str(int(value))
    return msgspec.json.encode(value).decode()


def _table(values: dict[str, object]) -> str:
    if not values:
        return "{}"
    pairs = [f"{key if _BARE.fullmatch(key) else text_of(key)} = {_value(value)}" for key, value in values.items()]
    return f"{{{', '.join(pairs)}}}"

"""What is wrong with a configuration that is TOML: the first key that is unknown, missing or of another kind, in one line.

A line names the section and which one of several, the key, what was expected, what is there, and the nearest right word.
"""

from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Literal, TypeAlias, TypeGuard, Union, get_args, get_origin

import msgspec

from edge.messages.rule import which_rule, which_section
from edge.quoting import did_you_mean, quoted, without_account

SURE = 0.75  # likeness to a key of the same section from which that one is meant, and not one of another section
ALIKE = 0.4  # likeness from which a key may be meant
SECRETS = ("password", "token")  # parts of the names of keys where a person may have written the secret itself

WORDS: dict[object, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text in quotation marks",
    tuple: "a list in brackets",
    dict: "a table such as {name = ...}",
}

Table: TypeAlias = type[msgspec.Struct]


def section_of(kind: Any) -> Table:  # noqa: ANN401 - a type as it was written
    """The class of a section: of those that may stand there several times, or not at all, that of one."""
    table: Table = (get_args(kind) or (kind,))[0]
    return table


def mistake(document: Mapping[str, object], kind: Table) -> str | None:
    """The first mistake in a document; None where there is none.

    Args:
        document: content of the file.
        kind: class of the configuration; its fields are the sections.
    """
    sections = {field.name: field.type for field in msgspec.structs.fields(kind)}
    for name, content in document.items():
        if name not in sections:
            return _unknown_section(name, content, sections)
        several = get_origin(sections[name]) is tuple
        if isinstance(content, dict if several else list):
            return f"the section is written {f'[[{name}]], in double' if several else f'[{name}], in single'} brackets"
        inner = section_of(sections[name])
        for label, part in _parts(name, content) if several and isinstance(content, list) else [(f"[{name}]", content)]:
            if not isinstance(part, dict):
                return f"{_written(name, sections)} is a section: write it in a line, and its keys below; got {quoted(part)}"
            fault = _in_table(part, inner, sections)
            if fault is not None:
                return f"{label} {fault}"
    return None


def _parts(name: str, content: list[object]) -> Iterator[tuple[str, object]]:
    """The sections of one name, each with words for which one it is."""
    for number, part in enumerate(content, 1):
        keys = part if isinstance(part, dict) else {}
        if name == "ingest":
            yield which_rule(number, len(content), keys.get("topic"), keys.get("preset")), part
        else:
            url = keys.get("url")
            words = f"url {quoted(without_account(url))}" if isinstance(url, str) else ""
            if name in ("input", "alert") and isinstance(label := keys.get("name"), str):
                words = f"name {quoted(label)}"
            yield which_section(name, number, len(content), words), part


def _written(name: str, sections: Mapping[str, object]) -> str:
    return f"[[{name}]]" if get_origin(sections[name]) is tuple else f"[{name}]"


def _unknown_section(name: str, content: object, sections: Mapping[str, object]) -> str:
    is_section = isinstance(content, dict | list)
    owners = _owners(name, sections)
    if owners and not isinstance(content, dict):
        return f"{name} stands above all sections; it is a key of {owners}: write it below that line"
    return f"{f'[{name}]' if is_section else name} is unknown{did_you_mean(name, sections, ALIKE) or _known(sections)}"


def _known(words: Mapping[str, object]) -> str:
    return f"; known are {', '.join(words)}"


def _owners(key: str, sections: Mapping[str, object]) -> str:
    """The sections that have a key, as they are written; "" where none has it."""
    kinds = {name: section_of(kind) for name, kind in sections.items()}
    return " or ".join(_written(name, sections) for name, kind in kinds.items() if key in kind.__struct_fields__)


def _in_table(table: Mapping[str, object], kind: Table, sections: Mapping[str, object], above: str = "") -> str | None:
    """The first mistake in a table, with its key.

    Args:
        table: the table.
        kind: class of the table.
        sections: kinds of all sections by name, for a key that stands in another one.
        above: keys that lead to the table, each with a dot behind it.
    """
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    for key, value in table.items():
        if key not in fields:
            owners = _owners(key, sections)
            near = did_you_mean(key, fields, SURE if owners else ALIKE)
            elsewhere = f"; it is a key of {owners}: write it below that line" if owners else ""
            return f"{above}{key} is unknown{' here' if owners and not near else ''}{near or elsewhere or _known(fields)}"
        fault = _fault(fields[key].type, value, f"{above}{key}", sections, _example(fields[key].default))
        if fault is not None:
            return fault
    missing = next((name for name, field in fields.items() if field.required and name not in table), None)
    return None if missing is None else f"{above}{missing} is missing; write it as docs/configuration.md says"


def _example(default: object) -> str:
    return f', such as "{default}"' if isinstance(default, str) and default else ""


def _fault(kind: object, value: object, key: str, sections: Mapping[str, object], example: str = "") -> str | None:
    """What is wrong with a value, with its key; None where it is of its kind."""
    kind = _one_kind(kind, value)
    inner = get_args(kind)
    if get_origin(kind) is tuple and isinstance(value, list):
        return _first(_fault(inner[0], part, f"{key}, entry {number}", sections) for number, part in enumerate(value, 1))
    if get_origin(kind) is dict and isinstance(value, dict):
        names = (_fault(inner[0], name, f"{key}, name before =", sections) for name in value)
        return _first(names) or _first(_fault(inner[1], part, f"{key}.{name}", sections) for name, part in value.items())
    if _is_table(kind) and isinstance(value, dict):
        return _in_table(value, kind, sections, f"{key}.")
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        secret = any(part in key for part in SECRETS) and isinstance(value, int | float)
        got = "a number" if secret else "a table" if isinstance(value, dict) else quoted(value)
        return f"{key}: expected {_expected(kind, example)}; got {got}{_advice(kind, value)}"
    return None


def _first(faults: Iterator[str | None]) -> str | None:
    return next((fault for fault in faults if fault is not None), None)


def _is_table(kind: object) -> TypeGuard[Table]:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _one_kind(kind: object, value: object) -> object:
    """The kind that a value should be of, where several can be; a key that is left out is no value."""
    if get_origin(kind) not in (Union, UnionType):
        return kind
    kinds = [part for part in get_args(kind) if part is not type(None)]
    tables = [part for part in kinds if _is_table(part) == isinstance(value, dict)]
    return next((part for part in tables if (get_origin(part) is tuple) == isinstance(value, list)), (tables or kinds)[0])


def _expected(kind: object, example: str) -> str:
    """What a key takes, in words."""
    kind, bounds = get_args(kind) if get_origin(kind) is Annotated else (kind, msgspec.Meta())
    if get_origin(kind) is Literal:
        return f"one of {', '.join(word if word.isalnum() else repr(word) for word in get_args(kind))}"
    words = WORDS[get_origin(kind) or kind]
    if kind is str:
        return f"{words if bounds.min_length is None else 'a text that is not empty'}{example}"
    if bounds.gt is not None:
        return f"{words} above {bounds.gt:g}"
    if bounds.ge is not None:
        return f"{words} from {bounds.ge} {f'to {bounds.le}' if bounds.le is not None else 'on'}"
    return words


def _advice(kind: object, value: object) -> str:
    """What to do where it is sure, and the nearest right word."""
    if get_origin(kind) is Literal:
        if str(value) in get_args(kind):
            return "; write it in quotation marks"
        return did_you_mean(value, get_args(kind)) if isinstance(value, str) else ""
    if get_origin(kind) is tuple:
        return "; write brackets around it" if isinstance(value, str | int | float) else ""
    if isinstance(value, list) and len(value) == 1:
        return "; write it without brackets"
    if isinstance(value, str) and _fits_bare(kind, value):
        return "; write it without quotation marks"
    return ""


def _fits_bare(kind: object, text: str) -> bool:
    """Whether a text without its quotation marks is of a kind."""
    try:
        msgspec.convert(msgspec.json.decode(text), kind)
    except (msgspec.ValidationError, msgspec.DecodeError):
        return False
    return True

"""The tables that follow from the code: every key of the configuration, every number of the agent.

`python docs/site/reference.py` writes them between the marks of their pages; a test compares.
"""

import inspect
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from msgspec import inspect as kinds

from edge.agent.counters import Counter, Gauge
from edge.config.mistakes import section_of
from edge.config.sections import Config
from edge.contract.times import parse_duration
from edge.errors import ConfigurationError

DOCS = Path(__file__).parents[1]
BEGIN = "<!-- {name}: made by docs/site/reference.py -->"
END = "<!-- end of {name} -->"
# Links behind explanations, to pages that say more.
MORE = {
    ("mqtt", "version"): "why](decisions/0040-mqtt-5-is-a-setting.md",
    ("mqtt", "share"): "how](operations.md#more-than-one-agent",
    ("ingest", "series"): "why](decisions/0021-no-two-topics-share-a-name.md",
    ("agent", "max_series"): "how](readings.md#series-without-a-slot",
    ("fleet", "interval"): "below](#interval-horizon-and-window",
}
# Texts without a default that are lengths of time; the others are known by their default.
DURATIONS = {("ingest", "hold"), ("store", "keep"), ("fleet", "interval"), ("schedule", "timeout")}
WORDS: dict[type[kinds.Type], str] = {kinds.BoolType: "true or false", kinds.StrType: "text", kinds.StructType: "table"}
NOTHING = "–"  # noqa: RUF001 - a dash stands for nothing


def main() -> None:
    """Write every table into its page."""
    for path in sorted(DOCS.glob("*.md")):
        text = path.read_text("utf-8")
        if (fresh := refreshed(text)) != text:
            path.write_text(fresh, encoding="utf-8")
            print(f"wrote the tables of {path.relative_to(DOCS.parent)}")


def refreshed(text: str) -> str:
    """A page with the tables that the code gives now.

    Raises:
        ValueError: a mark names no table, or has no end.
    """
    tables = all_tables()

    def replaced(match: re.Match[str]) -> str:
        begin, name, end = match[1], match[2], match[3]
        if name not in tables:
            raise ValueError(f"{name}: expected one of {', '.join(tables)}")
        return f"{begin}\n\n{tables[name]}\n\n{end}"

    marks = re.escape(BEGIN).replace(r"\{name\}", r"([\w ]+)")
    ends = re.escape(END).replace(r"\{name\}", r"\2")
    fresh = re.sub(rf"({marks})\n.*?\n?({ends})", replaced, text, flags=re.DOTALL)
    if text.count("made by docs/site/reference.py") != len(re.findall(rf"{marks}\n.*?\n?<!-- end of", fresh, re.DOTALL)):
        raise ValueError("expected an end behind every mark of a table")
    return fresh


def all_tables() -> dict[str, str]:
    """Every table by the name in its mark."""
    sections = {
        f"section {field.name}": section_table(field.name, section_of(field.type)) for field in msgspec.structs.fields(Config)
    }
    return {**sections, "counters": number_table(Counter), "gauges": number_table(Gauge)}


def section_table(name: str, section: type[msgspec.Struct]) -> str:
    """Every key of a section with its type, its default and its explanation."""
    explained = explanations(section)
    rows = []
    for field in msgspec.structs.fields(section):
        link = MORE.get((name, field.name))
        text = explained[field.name]
        told = text if link is None else f"{text.removesuffix('.')} ([{link}))."
        kind = (
            "duration"
            if (name, field.name) in DURATIONS or _is_duration(field.default)
            else type_of(kinds.type_info(field.type))
        )
        rows.append((f"`{field.name}`", kind, default_of(field), told))
    return table(("key", "type", "default", "meaning"), rows)


def explanations(section: type[msgspec.Struct]) -> dict[str, str]:
    """Every entry under `Args:` of a section, its lines joined; those of keys that it shares with others come last."""
    explained: dict[str, str] = {}
    for base in section.__mro__:
        if issubclass(base, msgspec.Struct) and base is not msgspec.Struct:
            entries = inspect.cleandoc(base.__doc__ or "").partition("Args:\n")[2]
            rows = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", entries, re.MULTILINE)
            explained |= {key: " ".join(text.split()) for key, text in rows}
    return explained


def default_of(field: msgspec.structs.FieldInfo) -> str:
    """The default of a key, as TOML has it."""
    if field.required:
        return "required"
    return NOTHING if field.default is None else f"`{json.dumps(field.default)}`"


def _is_duration(default: object) -> bool:
    try:
        parse_duration(str(default), shortest=0)
    except ConfigurationError:
        return False
    return isinstance(default, str)


def type_of(kind: kinds.Type) -> str:
    """A type in words, with its bounds."""
    match kind:
        case kinds.UnionType(types=types):
            told = " or ".join(dict.fromkeys(type_of(one) for one in types if not isinstance(one, kinds.NoneType)))
        case kinds.LiteralType(values=values):
            told = " or ".join(f"`{json.dumps(value)}`" for value in values)
        case kinds.VarTupleType(item_type=item):
            told = f"list of {_plural(type_of(item))}"
        case kinds.DictType(value_type=value):
            told = f"table of {_plural(type_of(value))}"
        case kinds.IntType() | kinds.FloatType():
            told = _number(kind)
        case kinds.BoolType() | kinds.StrType() | kinds.StructType():
            told = WORDS[type(kind)]
        case _:
            raise TypeError(f"expected a type that WORDS or this function knows; got {kind}")
    return told


def _plural(words: str) -> str:
    nouns = {"text": "texts", "number": "numbers", "whole number": "whole numbers", "table": "tables"}
    return re.sub(
        "|".join(rf"\b{noun}\b" for noun in sorted(nouns, key=len, reverse=True)), lambda found: nouns[found[0]], words
    )


def _number(kind: kinds.IntType | kinds.FloatType) -> str:
    name = "whole number" if isinstance(kind, kinds.IntType) else "number"
    if kind.ge is not None and kind.le is not None:
        return f"{name}, {kind.ge} to {kind.le}"
    if kind.ge is not None:
        return f"{name}, at least {kind.ge}"
    return f"{name} above {kind.gt:g}" if kind.gt is not None else name


def number_table(numbers: Iterable[Counter | Gauge]) -> str:
    """Every number with its name in `/metrics`, its meaning, its unit, and its field in the store."""
    rows = [
        (f"`{number.metric}`", number.text, number.unit, ", ".join(f"`{field}`" for field in _fields(number)) or NOTHING)
        for number in numbers
    ]
    return table(("number in `/metrics`", "meaning", "unit", "field of `agent`"), rows)


def _fields(number: Counter | Gauge) -> tuple[str, ...]:
    return (*number.fields, number.title) if number.has_own else number.fields


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows as Markdown; a bar inside a cell is escaped."""
    lines = [heading, ["---"] * len(heading), *([cell.replace("|", r"\|") for cell in row] for row in rows)]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return text.replace("| --- " * len(heading) + "|", "|---" * len(heading) + "|")


if __name__ == "__main__":
    main()

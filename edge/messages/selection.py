"""Which values of a document a rule takes, and under which key."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from edge.contract.meaning import Meaning
from edge.contract.plausible import Plausible
from edge.errors import Advice, ConfigurationError, PayloadError
from edge.messages.advice import for_document
from edge.messages.formats.payload import Format
from edge.messages.formats.units import suffix_of
from edge.messages.names import star_pattern
from edge.messages.number import Number, meaning_of, merged, number_of, plausible_of
from edge.messages.paths import MISSING, Get, Levels, Walk, elements, getter, parse_path, walker
from edge.messages.rule import IngestRule, ValueRule
from edge.quoting import quoted

MOST_KEYS = 4096  # keys whose names are remembered
WRITTEN = re.compile(r"\s*[+-]?[0-9]{1,12}(?:[.,][0-9]{1,12})?\s*")  # a number as a text
LONGEST_KEY = 1024  # characters; with a longer one no series has a name, and no pattern is tried on it


@dataclass(frozen=True, slots=True)
class Entry:
    """One value that a rule takes, or all that a `*` stands for.

    Args:
        key: name in `values`, or the path; "" where a `*` names them.
        path: the path as it is written.
        get: function that looks one value up; None for a path with `*`.
        walk: function that gives all values of a path with `*`; None for one without.
        number: function that gives the number of a value.
        meaning: kind, hold and unit of the series; None where the rule does not say them.
        plausible: readings that the value can give; None where all can be.
        states: whether words are numbers here, so that `*` takes texts and truth values that are.
    """

    key: str
    path: str
    get: Get | None
    walk: Walk | None
    number: Number
    meaning: Meaning | None
    plausible: Plausible | None
    states: bool

    def refusal(self, value: object, error: PayloadError) -> PayloadError:
        """The error about a value at the path, with the paths below that lead to numbers."""
        if not isinstance(value, dict | list):
            return error
        return PayloadError(error.kind, str(error), for_document(value, self.path))


@dataclass(frozen=True, slots=True)
class Taken:
    """A value that was taken.

    Args:
        key: the key of its name.
        number: the value.
        entry: part of the rule that took it.
        suffix: unit that stands behind it and that no rule names, or "".
    """

    key: str
    number: float
    entry: Entry
    suffix: str = ""


class Selection:
    """The values of a rule.

    Args:
        rule: the rule.
        form: its format, for what the rule leaves out.
        used: paths of the document that say something else than a value: time, names, tags.

    Raises:
        ConfigurationError: a path or a number that cannot be used.
    """

    def __init__(self, rule: IngestRule, form: Format, used: Collection[Levels]) -> None:
        each = rule.each if rule.each is not None else form.each
        self.walked, self._label = each is not None, form.label
        self.numbered = self.walked and not (form.rows and rule.each is None)  # whether the number of an element names it
        self._elements = elements(parse_path(each)) if each is not None else None
        self.entries = tuple(_entries(rule, form))
        self.only = not self.walked and len(self.entries) == 1  # whether there can be one value only
        self.suffixed = bool(rule.suffix)  # whether a unit may stand behind a number
        self._meanings = tuple(_meanings(rule, form))
        if self._meanings and all(entry.walk is None for entry in self.entries):
            raise ConfigurationError(
                f'values: {self._meanings[0][1].key!r} has no path; write one, or value = "*" where it says what '
                "numbers of that name mean"
            )
        self.several = bool(rule.values) or any(entry.walk is not None for entry in self.entries)
        self._rename = rule.rename or {}
        self._drop = re.compile("|".join(map(star_pattern, rule.drop)), re.DOTALL)
        self._drops = bool(rule.drop)
        named = [parse_path(entry.path) for entry in self.entries if entry.get is not None and self.several]
        self._taken = {
            entry: frozenset(_star(levels, parse_path(entry.path)) for levels in (*used, *named)) - {None}
            for entry in self.entries
            if entry.walk is not None
        }
        self._keys: dict[str, str | None] = {}
        self._known: dict[str, Entry | None] = {}

    @property
    def keys(self) -> list[str] | None:
        """The keys there can be; None where the document names them."""
        if (self.numbered and not self.several) or any(entry.walk is not None for entry in self.entries):
            return None
        return [self._rename.get(entry.key, entry.key) for entry in self.entries]

    def shares_a_key(self, other: "Selection") -> bool:
        """Whether a value of both has the same key for sure."""
        mine, others = self.keys, other.keys
        if mine is not None and others is not None:
            return bool(set(mine) & set(others))
        stars = {entry.path for entry in self.entries if entry.walk is not None}
        return bool(stars & {entry.path for entry in other.entries if entry.walk is not None}) or (mine is None and not stars)

    def names(self, key: str) -> bool:
        """Whether an entry is of this very key, and not of whatever a `*` stands for."""
        own = next((name for name, other in self._rename.items() if other == key), key)
        return self.keys is not None or self.entry_of(key).walk is None or self._said_of(own) is not None

    def entry_of(self, key: str) -> Entry:
        """The entry that a key belongs to."""
        for entry in self.entries:
            if entry.key and (
                self._rename.get(entry.key, entry.key) == key or (entry.get is None and key.endswith(f".{entry.key}"))
            ):
                return entry
        own = next((name for name, other in self._rename.items() if other == key), key)
        return self._said_of(own) or self.entries[-1]

    def entry_at(self, field: str, separator: str | None = None) -> tuple[str, Entry] | None:
        """The entry that takes a value which a database keeps under the name of a field, and the value's key.

        Args:
            field: name of the field; `value` where the whole payload is the value.
            separator: text between the levels of a path in such a name; None: a path is known by its levels joined with `_`,
                and what a `*` stands for is taken as it is.

        Returns:
            None where none takes it, or where elements of the document are walked: their place is not in such a name.
        """
        for entry in () if self.walked else self.entries:
            pattern = parse_path(entry.path)
            if entry.get is not None:
                if field in ((separator or "_").join(map(str, pattern)), entry.path) or (not pattern and field == "value"):
                    key = self._named(entry.key)
                    return None if key is None else (key, entry)
            elif (star := _star(tuple(field.split(separator)) if separator else (field,), pattern)) is not None:
                own = f"{star}.{entry.key}" if entry.key and star else star or entry.key
                key = self._named(own)
                return None if key is None else (key, self._said_of(own) or entry)
        return None

    def elements(self, document: object) -> Iterator[tuple[str, object]]:
        """The elements that are walked, with their names or numbers; the document itself where nothing is."""
        if self._elements is None:
            return iter((("", document),))
        label, walked = self._label, self._elements(document)
        return walked if label is None else ((_label(element, label, each), element) for each, element in walked)

    def take(self, element: object, each: str, reasons: list[PayloadError]) -> list[Taken]:
        """The values in an element.

        Args:
            element: part of a document.
            each: its name or number.
            reasons: list that takes the reason for which a value was left out; nothing is said of a value that is not there.
        """
        taken: list[Taken] = []
        for entry in self.entries:
            if entry.get is None:
                self._take_all(entry, element, taken, reasons)
                continue
            value = entry.get(element)
            if value is MISSING:
                continue
            key = self._named(each if self.numbered and not self.several else entry.key)
            if key is not None:
                try:
                    taken.append(Taken(key, entry.number(value), entry, suffix_of(value) if self.suffixed else ""))
                except PayloadError as error:
                    refusal = entry.refusal(value, error)
                    reasons.append(refusal.kept() if self.only else _about(key, refusal))
        return taken

    def _take_all(self, entry: Entry, element: object, taken: list[Taken], reasons: list[PayloadError]) -> None:
        assert entry.walk is not None  # noqa: S101 - one of the two is there
        left = self._taken[entry]
        for star, value in entry.walk(element):
            number = type(value) is int or type(value) is float
            if star in left or (not number and isinstance(value, list | dict)):
                continue
            if not number and isinstance(value, PayloadError):
                reasons.append(value)
                continue
            name = f"{star}.{entry.key}" if entry.key and star else star or entry.key
            said = (self._said_of(name) if self._meanings else None) or entry
            if not (number or (said.states and value is not None)):
                continue
            key = self._named(name)
            if key is None:
                continue
            try:
                taken.append(Taken(key, said.number(value), said, suffix_of(value) if self.suffixed else ""))
            except PayloadError as error:
                if number or error.kind != "bad_value":
                    reasons.append(_about(key, error))

    def _said_of(self, key: str) -> Entry | None:
        """The first entry without a path that is called like a key that a `*` gives; None where there is none."""
        if len(key) > LONGEST_KEY:
            return None
        if key in self._known:
            return self._known[key]
        said = next((entry for pattern, entry in self._meanings if pattern.fullmatch(key)), None)
        if len(self._known) < MOST_KEYS:
            self._known[key] = said
        return said

    def _named(self, key: str) -> str | None:
        """The key under its other name; None where it is dropped."""
        if not self._drops and not self._rename:
            return key
        if len(key) > LONGEST_KEY:
            return self._rename.get(key, key)
        if key in self._keys:
            return self._keys[key]
        name = None if self._drops and self._drop.fullmatch(key) else self._rename.get(key, key)
        if len(self._keys) < MOST_KEYS:
            self._keys[key] = name
        return name

    def _has_values(self, element: object) -> bool:
        """Whether there is a value, be it dropped or not."""
        return any(
            entry.get(element) is not MISSING
            if entry.get is not None
            else any(
                type(value) in (int, float) and star not in self._taken[entry]
                for star, value in (entry.walk(element) if entry.walk is not None else ())
            )
            for entry in self.entries
        )

    def _has_texts(self, element: object) -> bool:
        """Whether there are texts that are numbers, which a `*` does not take."""
        return any(
            isinstance(value, str) and WRITTEN.fullmatch(value) is not None
            for entry in self.entries
            if entry.walk is not None
            for _, value in entry.walk(element)
        )

    def nothing(self, document: object, payload: bytes) -> PayloadError:
        """Why nothing was found: what was expected, and where."""
        if self._drops and any(self._has_values(element) for _, element in self.elements(document)):
            return PayloadError("unwanted", "[[ingest]] drop names all of its values")
        names = [quoted(entry.path) for entry in self.entries[:3]]
        where = names[0] if len(self.entries) == 1 else f"one of {', '.join(names)}"
        if len(self.entries) > 3:
            where += f" and {len(self.entries) - 3} more"
        what = "a number" if len(self.entries) == 1 and self.entries[0].walk is not None else "a value"
        within = " of an element" if self.walked else ""
        if isinstance(document, dict | list) and any(map(self._has_texts, (part for _, part in self.elements(document)))):
            within += " (a * takes no texts: name those that are numbers in [[ingest]] values)"
        return PayloadError("no_value", f"expected {what} at {where}{within} in {quoted(payload)}", self._advice(document))

    def _advice(self, document: object) -> Advice | None:
        if isinstance(document, bool) or document is None or self.walked:
            return None
        if isinstance(document, int | float):
            return Advice("for a number alone", "format", '"plain"')
        if isinstance(document, str):
            return Advice("for a text alone", "value", '""')
        return for_document(document)


def _about(key: str, error: PayloadError) -> PayloadError:
    """The error with the key of the value that it is about."""
    return PayloadError(error.kind, f"{quoted(key)}: {error.plain}", error.advice)


def _label(element: object, label: str, number: str) -> str:
    name = element.get(label) if isinstance(element, dict) else None
    return name if isinstance(name, str) else number


def _entries(rule: IngestRule, form: Format) -> Iterator[Entry]:
    for key, value in (rule.values or {}).items():
        if isinstance(value, str) or value.path is not None:
            yield _entry(rule, form, key, ValueRule(value) if isinstance(value, str) else value)
    if rule.value is not None or not rule.values:
        path = form.value if rule.value is None else rule.value
        levels = parse_path(path)
        yield _entry(rule, form, "" if None in levels else path or "value", ValueRule(path))


def _meanings(rule: IngestRule, form: Format) -> Iterator[tuple[re.Pattern[str], Entry]]:
    for key, value in (rule.values or {}).items():
        if isinstance(value, ValueRule) and value.path is None:
            yield re.compile(star_pattern(key), re.DOTALL), _entry(rule, form, key, value)


def _entry(rule: IngestRule, form: Format, key: str, value: ValueRule) -> Entry:
    path = value.path or ""
    levels = parse_path(path)
    many = None in levels
    value = merged(rule, value)
    states = form.texts or bool(value.map)
    return Entry(
        key,
        path,
        None if many else getter(levels),
        walker(levels) if many else None,
        number_of(rule, value),
        meaning_of(value),
        plausible_of(value),
        states,
    )


def _star(levels: Levels, pattern: Levels) -> str | None:
    """What the stars of a pattern stand for where it meets these levels; None where it does not."""
    fixed = pattern[:-1] if pattern and pattern[-1] is None else pattern
    if None in levels or len(levels) < len(fixed) or (fixed == pattern and len(levels) != len(fixed)):
        return None
    stars: list[str] = []
    for level, expected in zip(levels, fixed, strict=False):
        if expected is None:
            stars.append(level or "")
        elif level != expected:
            return None
    return ".".join([*stars, *(level or "" for level in levels[len(fixed) :])])

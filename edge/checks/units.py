"""The unit of a rule that speaks of series by a pattern of their names, where there is one for all of them. No I/O."""

import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import islice

from edge.contract.meaning import Meaning
from edge.messages.ingest import Ingest
from edge.messages.names import KEY
from edge.messages.reading import meaning_of

ANY = ""  # in place of a character: any number of them
WILD = re.compile(r"\[!?.[^\]]*\]|[*?]")
MOST = 1000  # names that are looked at for a pattern
SOME = "x"  # in place of what a pattern leaves open


def unit_of(patterns: Iterable[str], names: Sequence[str], ingests: Sequence[Ingest]) -> str:
    """The unit of all series that patterns name; empty where none is known, or where there are several.

    Args:
        patterns: patterns of names, as in `[[alert]] series`.
        names: names of the series that are known.
        ingests: rules that say the units.
    """
    units = set[str]()
    for pattern in patterns:
        taken = list(islice((name for name in names if fnmatchcase(name, pattern)), MOST))
        if not taken and not WILD.search(pattern):
            taken = [pattern]
        meanings = (meaning_of(ingests, name) for name in taken) if taken else _said(pattern, ingests)
        units |= {meaning.unit if meaning is not None else "" for meaning in meanings}
    return units.pop() if len(units) == 1 else ""


def _said(pattern: str, ingests: Sequence[Ingest]) -> Iterator[Meaning | None]:
    """What the rules say of all series that a pattern may name, before any of them is known."""
    wanted, sample = _tokens(WILD.split(pattern)), WILD.sub(SOME, pattern)
    for ingest in ingests:
        selection = ingest.selection
        for key in selection.keys or (ingest.rule.values or ()):
            if _may_meet(_template(ingest, key), wanted):
                yield selection.entry_of(key).meaning
        if selection.keys is None and ingest.names_series(sample):
            yield ingest.meaning_of(sample)
        elif selection.keys is None and _may_meet(_template(ingest, None), wanted):
            yield selection.entries[-1].meaning


def _template(ingest: Ingest, key: str | None) -> list[str]:
    """Names that a rule gives its series: their characters, and `ANY` for what a topic or a message says."""
    literals = [""]
    for number, piece in enumerate(ingest.series.template.pieces):
        text = piece if number % 2 == 0 else key if piece == KEY else None
        first, *others = [""] * 2 if text is None else text.split("*")  # a `*` in a key stands for any characters
        literals[-1] += first
        literals += others
    return _tokens(literals)


def _tokens(literals: Sequence[str]) -> list[str]:
    """The characters of some texts, with `ANY` between two of them."""
    return [token for number, text in enumerate(literals) for token in ([ANY, *text] if number else text)]


def _may_meet(form: Sequence[str], other: Sequence[str]) -> bool:
    """Whether there is a text of both forms."""
    last = len(other)
    below = [False] * (last + 1)  # whether what follows in both forms may meet, by the index in the other one
    for index in range(len(form), -1, -1):
        row = [False] * (last + 1)
        for column in range(last, -1, -1):
            mine = form[index] if index < len(form) else None
            others = other[column] if column < last else None
            if mine is None and others is None:
                row[column] = True
            elif mine == ANY:
                row[column] = below[column] or (others is not None and row[column + 1])
            elif others == ANY:
                row[column] = row[column + 1] or (mine is not None and below[column])
            else:
                row[column] = mine == others and below[column + 1]
        below = row
    return below[0]

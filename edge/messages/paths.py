"""Paths into a document: how they are written, and the functions they become.

Levels are separated by dots; a level in double quotes may hold any character, and a quotation mark in it is doubled. A level
that is a whole number is also an index of a list, from the end where it is negative. `*` stands for any level, and at the end
of a path for every leaf below.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from edge.errors import ConfigurationError, PayloadError
from edge.messages.formats.payload import LONGEST_NAME, takes_more
from edge.quoting import quoted

Levels: TypeAlias = tuple[str | None, ...]  # None: `*`
Get: TypeAlias = Callable[[object], object]
Walk: TypeAlias = Callable[[object], Iterator[tuple[str, object]]]


class _Missing:
    """What a path gives where nothing is there; a null in the document is something else."""


MISSING: Final = _Missing()
SHORT = LONGEST_NAME // 4  # characters of a key that cannot be too long, whatever they are
_LEVEL = re.compile(r'"((?:[^"]|"")*)"|([^."]+)')


def parse_path(text: str) -> Levels:
    """Levels of a path; an empty one is the document itself.

    Raises:
        ConfigurationError: an empty level, or a quotation mark that does not stand around a level.
    """
    levels: list[str | None] = []
    position = 0
    while text and position <= len(text):
        match = _LEVEL.match(text, position)
        if match is None or (match.end() < len(text) and text[match.end()] != "."):
            message = f'{quoted(text)}: write levels with dots between, such as a.b, and a level with a dot in it as a."b.c"'
            raise ConfigurationError(message)
        in_quotes, bare = match.groups()
        levels.append(in_quotes.replace('""', '"') if in_quotes is not None else None if bare == "*" else bare)
        position = match.end() + 1
    return tuple(levels)


def getter(levels: Levels) -> Get:
    """The function that looks a path without `*` up in a document; it gives `MISSING` where nothing is there."""
    if not levels:
        return lambda document: document
    if len(levels) == 1:
        (name,) = levels

        def get_one(document: object) -> object:
            return document.get(name, MISSING) if type(document) is dict else step(document, name)

        return get_one

    def get(document: object) -> object:
        for level in levels:
            document = document.get(level, MISSING) if type(document) is dict else step(document, level)
            if document is MISSING:
                break
        return document

    return get


def step(document: object, level: str | None) -> object:
    """What stands under a name in an object, or under an index in a list; else `MISSING`."""
    if isinstance(document, dict):
        return document.get(level, MISSING)
    if isinstance(document, list) and level is not None and len(level) < 10 and level.removeprefix("-").isdecimal():
        index = int(level)
        return document[index] if -len(document) <= index < len(document) else MISSING
    return MISSING


def walker(levels: Levels) -> Walk:
    """The function that gives everything a path with `*` stands for, in the order of the document.

    Returns:
        A function that yields what the stars stand for, joined with dots, and what stands there: a `PayloadError` for all
        that has too long a key to be the name of a series.
    """
    *inner, last = levels
    deep = last is None
    path = tuple(inner) if deep else levels

    def walk(document: object) -> Iterator[tuple[str, object]]:
        for key, branch in _branches(document, path):
            if deep:
                yield from _leaves(key, branch)
            else:
                yield key, branch

    return walk


def elements(levels: Levels) -> Walk:
    """The function that gives the elements of the list, or the values of the object, that a path leads to.

    Returns:
        A function that yields the name or number of each element, and the element: a `PayloadError` where its name is too long.
    """
    path = levels if levels and levels[-1] is None else (*levels, None)
    return lambda document: _branches(document, path)


def _branches(document: object, levels: Levels) -> Iterator[tuple[str, object]]:
    def follow(branch: object, depth: int) -> tuple[object, int]:
        while depth < len(levels) and levels[depth] is not None and branch is not MISSING:
            branch, depth = step(branch, levels[depth]), depth + 1
        return branch, depth

    # A key is joined when its turn comes: those of all branches at once may take thousands of times as much as the payload.
    branch, depth = follow(document, 0)
    if depth == len(levels):
        if branch is not MISSING:
            yield "", branch
        return
    waiting = [("", _inside(branch), depth + 1)]
    while waiting:
        above, inside, depth = waiting[-1]
        for name, inner in inside:
            branch, reached = follow(inner, depth)
            if branch is MISSING:
                continue
            key = _joined(above, name)
            if len(key) > SHORT and takes_more(key, LONGEST_NAME):
                yield _too_long(key)
            elif reached == len(levels):
                yield key, branch
            else:
                waiting.append((key, _inside(branch), reached + 1))
                break
        else:
            waiting.pop()


def _leaves(key: str, document: object) -> Iterator[tuple[str, object]]:
    if not isinstance(document, dict | list):
        yield key, document
        return
    waiting = [(key, _inside(document))]
    while waiting:
        above, inside = waiting[-1]
        for name, inner in inside:
            key = _joined(above, name)
            if len(key) > SHORT and takes_more(key, LONGEST_NAME):
                yield _too_long(key)
            elif isinstance(inner, dict | list):
                waiting.append((key, _inside(inner)))
                break
            else:
                yield key, inner
        else:
            waiting.pop()


def _inside(branch: object) -> Iterator[tuple[str, object]]:
    if isinstance(branch, dict):
        return iter(branch.items())
    return ((str(number), inner) for number, inner in enumerate(branch if isinstance(branch, list) else ()))


def _joined(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _too_long(key: str) -> tuple[str, PayloadError]:
    """What stands for everything under a key of which no series can have the name."""
    return key, PayloadError("no_name", f"expected names of at most {LONGEST_NAME} characters, got {quoted(key)}")

"""What to set so that a payload can be read: the end of a line that says why it cannot. It is short, or not there.

A payload may be huge or hostile, so only its beginning is looked at.
"""

import re
from collections import deque
from collections.abc import Iterable

from edge.contract.times import EARLIEST, LATEST
from edge.errors import Advice
from edge.messages.formats.units import LONGEST_NUMBER, SUFFIX
from edge.quoting import quoted

MOST_LOOKED_AT = 64  # values of a document
MOST_SHOWN = 3  # paths in a line
LONGEST_PATH = 38  # characters
LONGEST = 148  # characters of an advice; the line has others beside it
STATES = frozenset({"on", "off", "open", "closed", "true", "false", "yes", "no", "high", "low"})
_WITH_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
_LEVEL = re.compile(r"[\w /:%°-]+")  # a level of a path that is written without quotation marks
_TIMES = tuple((EARLIEST // unit, LATEST // unit) for unit in (1, 10**3, 10**6, 10**9))


def for_text(text: str, form: str = "") -> Advice | None:
    """What to set for a text that is no number, and that nothing else tells how to read.

    Args:
        text: the text.
        form: value of `format` that takes such texts; "" where the rule has it already.
    """
    if text.lstrip()[:1] in ("{", "["):
        return None if form else Advice("for a JSON document", "format", '"json"')
    word = text.strip() if len(text) <= LONGEST_NUMBER else ""
    more = ""
    if _WITH_COMMA.fullmatch(word):
        purpose, key, value = "for a decimal comma", "decimal", '","'
    elif SUFFIX.fullmatch(word):
        purpose, key, value = "for a unit behind the number", "suffix", "true"
    elif word.lower() in STATES:
        purpose, key, value, more = "for states", "map", f"{{ {word} = 1 }}", ", with a number for each state"
    else:
        return None
    return Advice(purpose, "format", f"{form} and {key} = {value}", more) if form else Advice(purpose, key, value, more)


def for_document(document: object, above: str = "") -> Advice | None:
    """Where in a document numbers are.

    Args:
        document: content of a payload, or the part of it at a path.
        above: path of that part.
    """
    if isinstance(document, list) and document and isinstance(document[0], dict):
        return Advice("for a list of elements", "each", f'"{above or "*"}"')
    paths = list(_numbers(document, above))
    if not paths:
        return None
    first, more = paths[0], ""
    parent = first.rpartition(".")[0]
    if len(paths) > 1:
        more = f', or "{parent}.*" for all of them' if parent else ', or "*" for all of them'
    for count in range(MOST_SHOWN, 0, -1):
        advice = Advice(f"there are numbers at {', '.join(map(quoted, paths[:count]))}:", "value", f'"{first}"', more)
        if len(str(advice)) <= LONGEST:
            return advice
    return Advice("there are numbers:", "value", f'"{first}"', more)


def _numbers(document: object, above: str) -> Iterable[str]:
    """Paths of the first numbers that are no times, the nearest first."""
    waiting = deque([(above, document)])
    looked = numbers = 0
    while waiting and numbers <= MOST_SHOWN:
        path, part = waiting.popleft()
        inner = enumerate(part) if isinstance(part, list) else part.items() if isinstance(part, dict) else ()
        for name, value in inner:
            looked += 1
            if looked > MOST_LOOKED_AT:
                return
            own = f"{path}.{name}" if path else str(name)
            if len(own) > LONGEST_PATH or not _LEVEL.fullmatch(str(name)):
                continue
            if isinstance(value, dict | list):
                waiting.append((own, value))
            elif isinstance(value, int | float) and not isinstance(value, bool) and not _is_time(value):
                numbers += 1
                yield own


def _is_time(value: float) -> bool:
    return any(first <= value < last for first, last in _TIMES)

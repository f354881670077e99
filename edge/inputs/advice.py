"""What to set in `[[input]]` so that a message can be read: the end of a line that says why it cannot. Short, or empty."""

import json
from collections import deque
from collections.abc import Iterator, Sequence

from edge.errors import PayloadError
from edge.inputs.rule import InputRule

MOST_LOOKED_AT = 64  # values of a document
MOST_SHOWN = 3  # lists in a line
LONGEST_PATH = 60  # characters
NUMBERS_ONLY = "; [[input]] reads numbers, such as 21.5: publish the value as one"


def advice_for(error: PayloadError, rule: InputRule, document: object) -> str:
    """What to set, or to publish, for a message that a section does not read.

    Args:
        error: reason for which a rule of `[[ingest]]` with the same paths does not read it.
        rule: the section.
        document: content of the message; None where it is no document.
    """
    if error.kind == "no_value" and isinstance(document, int | float) and not isinstance(document, bool):
        return '; for a number alone set [[input]] value = "" and time = ""'
    if error.kind == "no_value" and (paths := [*_lists(document)]):
        if rule.lists and {*rule.lists} & {*paths}:
            return "; set [[input]] value to the path of the value, from the element of the list"
        return f"; for a list of values set [[input]] each = {_written(paths)}"
    if error.advice is None:
        return ""
    if error.kind == "no_time" and (rule.lists or isinstance(document, list)):
        return "; set [[input]] time to the path of the time that a value is for, from the element of the list"
    return error.advice.of("input") if error.advice.key in InputRule.__struct_fields__ else NUMBERS_ONLY


def _written(paths: Sequence[str]) -> str:
    """Paths as they stand in the file."""
    return json.dumps(paths[0] if len(paths) == 1 else paths, ensure_ascii=False)


def _lists(document: object) -> Iterator[str]:
    """Paths of the first lists of objects, the nearest first."""
    waiting = deque([("", document)])
    looked = shown = 0
    while waiting and shown < MOST_SHOWN:
        path, part = waiting.popleft()
        for name, value in part.items() if isinstance(part, dict) else ():
            looked += 1
            if looked > MOST_LOOKED_AT:
                return
            own = f"{path}.{name}" if path else str(name)
            if len(own) > LONGEST_PATH or not str(name).replace("_", "").isalnum():
                continue
            if isinstance(value, dict):
                waiting.append((own, value))
            elif isinstance(value, list) and value and isinstance(value[0], dict) and shown < MOST_SHOWN:
                shown += 1
                yield own

"""Words that are states, such as `ON` and `open`: the numbers for them, and the leaves of a document that are measured."""

import re
from collections.abc import Iterable, Mapping

from pipeline.samples.leaves import Leaf, Path, words

# The first of two words is 1, the second is 0. Whether a device is online says nothing of what it measures.
PAIRS = (
    ("on", "off"),
    ("open", "closed"),
    ("true", "false"),
    ("yes", "no"),
    ("active", "inactive"),
    ("detected", "clear"),
    ("wet", "dry"),
    ("locked", "unlocked"),
    ("home", "not_home"),
)
_PAIR = {word: pair for pair in PAIRS for word in pair}
# What a topic is called that carries a wish, or says whether the device is there.
NOT_MEASURED = frozenset(
    ["set", "cmd", "command", "commands", "cmnd", "get", "availability", "available", "lwt", "connected", "online", "update"]
)
_MEASURED = re.compile(
    r"(?:^|_)(?:state\d*|contact|occupancy|occupied|motion|presence|door|window|open|opening|leak|smoke|vibration|tamper|"
    r"relay\d*|switch\d*|power\d*|output\d*|input\d*|valve|pump|heater|heating|cooling|light|lamp|fan|alarm|running|charging|"
    r"plugged|rain)(?:$|_)"
)


def is_state(topic: str, text: str) -> bool:
    """Whether a payload is a state that a device measures.

    Args:
        topic: topic of the message.
        text: the payload.
    """
    return text.lower() in _PAIR and not NOT_MEASURED.intersection(topic.lower().split("/"))


def states_in(leaf_values: Mapping[Path, Leaf]) -> dict[Path, str]:
    """The leaves that are measured states, truth values as the words of a rule's `map`."""
    states: dict[Path, str] = {}
    for path, value in leaf_values.items():
        word = str(value).lower() if isinstance(value, bool) else value
        name = next((level for level in reversed(path) if isinstance(level, str)), "")
        if isinstance(word, str) and word.lower() in _PAIR and _MEASURED.search(words(name)):
            states[path] = word
    return states


def numbers_for(states: Iterable[str]) -> dict[str, float]:
    """Numbers for words and their opposites, written as they were seen: `{ON: 1, OFF: 0}`."""
    numbers: dict[str, float] = {}
    for word in dict.fromkeys(states):
        high, low = (_like(word, other) for other in _PAIR[word.lower()])
        numbers |= {high: 1.0, low: 0.0}
    return numbers


def _like(word: str, other: str) -> str:
    """Another word with small and large letters as in this one."""
    if word.isupper():
        return other.upper()
    return other.capitalize() if word[:1].isupper() else other

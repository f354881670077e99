"""What the varying levels of a shape are called, and how topics, paths and filters are written in a rule."""

import re
from collections.abc import Sequence

from edge.contract.schema import RESERVED
from pipeline.discovery.shapes import Levels, Shape
from pipeline.samples.leaves import Path, words

METRICS = re.compile(
    r"temp|humid|press|power|volt|current|energy|co2|voc|pm\d|lux|illum|bright|level|flow|speed|rpm|battery|soc|soil|moist|rain|wind|"
    r"gust|frequency|factor|load|usage|count|total|weight|distance|noise|rssi|signal|uptime|state|status|value|setpoint|torque|"
    r"vibration|pulse|^amp|^wh$|^kwh$|^pilot|^ph$|^ec$|^orp$|^uv|dew|heat|valve|position"
)
MOSTLY = 0.5  # share of the names of a level that speak for a word
BEFORE = ("site", "area", "group", "block")
AFTER = ("part", "channel", "point", "item")
TAKEN = RESERVED | {"each", "key"}
_BARE_LEVEL = re.compile(r'[^."{}]+')


def placeholders(shape: Shape) -> dict[int, str]:
    """Names of the varying levels, by their positions."""
    varying = [position for position, level in enumerate(shape.levels) if level is None or not writable(level)]
    names = {position: shape.values(position) for position in varying}
    called: dict[int, str] = {}
    if varying and varying[-1] == len(shape.levels) - 1 and _speaks_of_metrics(names[varying[-1]]):
        called[varying[-1]] = "metric"
    rest = [position for position in varying if position not in called]
    if rest:
        device = max(rest, key=lambda position: (len(names[position]), position))
        called[device] = "device"
        before, after = [p for p in rest if p < device], [p for p in rest if p > device]
        called |= {position: _word(BEFORE, number) for number, position in enumerate(before)}
        called |= {position: _word(AFTER, number) for number, position in enumerate(after)}
    return {position: called[position] for position in varying}


def _word(choice: Sequence[str], number: int) -> str:
    word = choice[number] if number < len(choice) else f"{choice[-1]}{number}"
    return f"{word}_" if word in TAKEN else word


def _speaks_of_metrics(names: Sequence[str]) -> bool:
    return sum(METRICS.search(words(name)) is not None for name in names) > MOSTLY * len(names)


def writable(level: str) -> bool:
    """Whether a template can hold a level as it stands."""
    return not any(sign in level for sign in "{}+#\0")


def topic_text(levels: Levels, called: dict[int, str]) -> str:
    """The template of a shape."""
    return "/".join(f"{{{called[position]}}}" if position in called else level or "" for position, level in enumerate(levels))


def filter_text(levels: Levels) -> str:
    """The filter of a shape, as `skip` takes it."""
    return "/".join("+" if level is None or not writable(level) else level for level in levels)


def path_text(path: Path) -> str:
    """A path as a rule takes it."""
    return ".".join(_level_text(str(level)) for level in path)


def _level_text(level: str) -> str:
    if level != "*" and _BARE_LEVEL.fullmatch(level):
        return level
    return '"{}"'.format(level.replace('"', '""'))

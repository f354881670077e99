"""How the messages of a topic can be read: format, the list that is walked, the time, the sensor's name in the payload."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.contract.times import DAY, parse_time
from edge.errors import PayloadError
from pipeline.samples.heard import HeardTopic, Sample
from pipeline.samples.leaves import NAMES, TIMES, Leaf, Path, last_name, leaves, may_be_meter, number_at
from pipeline.samples.payloads import PLAIN, Content, content_of, merged
from pipeline.samples.states import states_in

MOST_OFF = 26 * 3600 * 10**9  # ns between the time in a live message and its arrival: zones are up to 14 h off
STILL = 2 * 10**9  # ns after which a time that goes on is another one, also where it is written in seconds
TELLING = 0.6  # share of a document's numbers that a list must hold to be what the message is about
LONGEST_NAME = 64  # characters of a sensor's name in a payload
DATE = re.compile(r"\d{4}-\d\d-\d\d")
BESIDE = frozenset({"model", "type", "channel", "ch", "subtype"})  # tell sensors apart together with a name


@dataclass(frozen=True, slots=True)
class Plan:
    """One way to read a topic; topics with the same plan can share a rule.

    Args:
        format: name of the payload's format.
        preset: name of the preset that reads the topic; "" without one.
        root: root of the preset's topics where it is another one; "" elsewhere.
        each: path to the elements that are walked; None: the message is one element.
        names: paths to what names the sensor, in the payload.
        time: path to the time; None: there is none.
        decimal: decimal sign of numbers that are texts, or "".
        suffix: whether a unit stands behind the numbers.
        columns: number of columns of a table without a header; 0 elsewhere.
        meter: whether the only number may be that of a meter, by its name and as far as it was heard.
    """

    format: str
    preset: str = ""
    root: str = ""
    each: Path | None = None
    names: tuple[Path, ...] = ()
    time: Path | None = None
    decimal: str = ""
    suffix: bool = False
    columns: int = 0
    meter: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """A topic with its documents.

    Args:
        heard: topic with its samples.
        plan: plan by which it can be read; None where there is none.
        contents: samples that could be read, with what they hold.
    """

    heard: HeardTopic
    plan: Plan | None
    contents: tuple[tuple[Sample, Content], ...]


def examine(heard: HeardTopic, most: int) -> Seen:
    """The documents of a topic's samples, and how they can be read.

    Args:
        heard: topic with its samples.
        most: largest number of samples that are read.
    """
    read = [(sample, content_of(heard.name, sample.payload)) for sample in heard.samples[-most:]]
    formats = Counter(content.format for _, content in read if content is not None)
    if not formats:
        return Seen(heard, None, ())
    usual = formats.most_common(1)[0][0]
    contents = tuple((sample, content) for sample, content in read if content is not None and content.format == usual)
    if usual != "json":
        whole = contents[0][1]
        for _, content in contents[1:]:
            whole = merged(whole, content)
        meter = usual == "plain" and may_be_meter(tuple(heard.name.split("/")), live_numbers(contents))
        plan = Plan(usual, decimal=whole.decimal, suffix=whole.suffix, columns=whole.columns, meter=meter)
        return Seen(heard, plan, contents)
    return Seen(heard, _json_plan(heard.name, contents), contents)


def live_numbers(contents: Sequence[tuple[Sample, Content]]) -> list[float]:
    """The values of a topic of plain numbers, of its live messages."""
    texts = [str(content.document) for sample, content in contents if not sample.retained]
    return [float(text) for text in texts if PLAIN.fullmatch(text)]


def _json_plan(topic: str, contents: Sequence[tuple[Sample, Content]]) -> Plan | None:
    documents = [(sample, content.document) for sample, content in contents]
    each = _walked([document for _, document in documents])
    elements = [(sample, list(elements_of(document, each))) for sample, document in documents]
    flat = [(sample, dict(leaves(element))) for sample, parts in elements for element in parts]
    if each is None:
        flat = [(sample, dict(leaves(document))) for sample, document in documents]
    time = _time_path(flat) or (
        _time_path([(sample, dict(leaves(document))) for sample, document in documents]) if each else None
    )
    numbers = [numbers_in(leaf_values, time) for _, leaf_values in flat]
    paths = {path for values in numbers for path in values}
    if not paths and not any(states_in(leaf_values) for _, leaf_values in flat):
        return None
    names = _names_in_elements(elements) if each is not None else _names_in_messages(flat)
    meter = False
    if len(paths) == 1 and each is None and not names:
        (path,) = paths
        live = [
            values[path] for (sample, _), values in zip(flat, numbers, strict=True) if path in values and not sample.retained
        ]
        meter = may_be_meter((*topic.split("/"), str(path[-1])), live) or may_be_meter(tuple(topic.split("/")), live)
    return Plan("json", each=each, names=names, time=time, meter=meter)


def elements_of(document: object, each: Path | None) -> Iterable[object]:
    """The elements that a rule walks; the document itself where it walks none."""
    if each is None:
        return [document]
    document = _get(document, each)
    return document if isinstance(document, list) else []


def numbers_in(leaf_values: dict[Path, Leaf], time: Path | None) -> dict[Path, float]:
    """The numbers among leaves, without the time."""
    numbers = ((path, number_at(path, value)) for path, value in leaf_values.items() if path != time)
    return {path: number for path, number in numbers if number is not None}


def _walked(documents: list[object]) -> Path | None:
    """The path to a list of objects that holds most of the numbers: () at the root."""
    votes: Counter[Path | None] = Counter()
    for document in documents:
        votes[_list_in(document)] += 1
    path, count = votes.most_common(1)[0]
    return path if count > len(documents) / 2 else None


def _list_in(document: object) -> Path | None:
    total = sum(number_at(path, value) is not None for path, value in leaves(document))
    waiting: list[tuple[Path, object]] = [((), document)]
    while waiting and total:
        path, value = waiting.pop()
        if isinstance(value, list):
            if value and all(isinstance(element, dict) for element in value):
                inside = sum(number_at(below, leaf) is not None for below, leaf in leaves(value))
                if inside >= TELLING * total and (len(value) > 1 or _names_of(value[0]) or not path):
                    return path
        elif isinstance(value, dict) and len(path) < 4:
            waiting += [((*path, str(key)), part) for key, part in value.items()]
    return None


def _names_of(element: object) -> list[Path]:
    """Paths to what may name a sensor, at the top of an element."""
    if not isinstance(element, dict):
        return []
    return [(key,) for key, value in element.items() if str(key).lower() in NAMES and _is_name(value)]


def _is_name(value: object) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, str) and 0 < len(value) <= LONGEST_NAME
    )


def _names_in_elements(elements: list[tuple[Sample, list[object]]]) -> tuple[Path, ...]:
    """What names the elements of a list: a leaf that every element has, and no two of a message in common."""
    parts = [element for _, group in elements for element in group]
    candidates = _names_of(parts[0]) if parts else []
    for path in sorted(candidates, key=_rank):
        values = [[_get(element, path) for element in group] for _, group in elements if group]
        if all(_is_name(value) for group in values for value in group) and all(
            len(set(group)) == len(group) for group in values
        ):
            return (path,)
    # The same sensor may stand in a message several times, once for each moment.
    for path in sorted(candidates, key=_rank):
        if all(_is_name(_get(element, path)) and not isinstance(_get(element, path), int) for element in parts):
            return (path,)
    return ()


def _rank(path: Path) -> tuple[bool, int]:
    name = last_name(path)
    return name in ("uid", "uuid", "address", "addr"), {"n": 0, "name": 1, "id": 0}.get(name, 2)


def _get(element: object, path: Path) -> object:
    for level in path:
        if isinstance(element, dict):
            element = element.get(level)
        elif isinstance(element, list) and isinstance(level, int) and level < len(element):
            element = element[level]
        else:
            return None
    return element


def _names_in_messages(flat: list[tuple[Sample, dict[Path, Leaf]]]) -> tuple[Path, ...]:
    """What names the sensor where several speak in one topic: short names that differ between messages and come again."""
    if len(flat) < 2:
        return ()
    shared = [path for path in flat[0][1] if len(path) <= 2 and all(path in inside for _, inside in flat)]
    named = [path for path in shared if last_name(path) in NAMES and _tells_sensors([inside[path] for _, inside in flat])]
    if not named:
        return ()
    beside = [path for path in shared if last_name(path) in BESIDE and all(_is_name(inside[path]) for _, inside in flat)]
    return (*beside, *named)


def _tells_sensors(values: list[Leaf]) -> bool:
    """Whether a leaf names one of several sensors, and not one message of many."""
    if not all(_is_name(value) for value in values):
        return False
    different = len(set(values))
    if different < 2:
        return False
    rising = all(isinstance(value, int) for value in values) and values == sorted(values)  # type: ignore[type-var]
    return different < len(values) or (len(values) <= 8 and not rising)


def _time_path(flat: list[tuple[Sample, dict[Path, Leaf]]]) -> Path | None:
    """The path to the time of the measurement: in every message, named like a time, near its arrival in live ones."""
    if not flat:
        return None
    common = [path for path in flat[0][1] if all(path in inside for _, inside in flat)]
    ranked = []
    for path in common:
        named = last_name(path) in TIMES
        values = [(sample, inside[path]) for sample, inside in flat]
        if (
            (named or isinstance(flat[0][1][path], str))
            and all(is_time(value, sample, named=named) for sample, value in values)
            and not _stands_still(path, flat)
        ):
            ranked.append((not named, len(path), _time_rank(path), path))
    return min(ranked, key=lambda entry: entry[:3])[3] if ranked else None


def _stands_still(path: Path, flat: list[tuple[Sample, dict[Path, Leaf]]]) -> bool:
    """Whether a time is the same in messages that come later with other numbers: a date, or when a device was installed."""
    live = [(sample.arrival, inside) for sample, inside in flat if not sample.retained]
    if len(live) < 2 or live[-1][0] - live[0][0] < STILL or len({inside[path] for _, inside in live}) > 1:
        return False
    numbers = [numbers_in(inside, path) for _, inside in live]
    return any(row != numbers[0] for row in numbers[1:])


def _time_rank(path: Path) -> int:
    name = last_name(path)
    return ("received" in name or "created" in name or "last" in name) + 2 * (name in ("at", "when", "ts"))


def is_time(value: Leaf, sample: Sample, *, named: bool) -> bool:
    """Whether a leaf can be the time of its message.

    Args:
        value: the leaf.
        sample: its message.
        named: whether its name says that it is a time; it may then also be a number.
    """
    if isinstance(value, bool) or value is None or (isinstance(value, int | float) and not named):
        return False
    if isinstance(value, str) and (len(value) < 10 or not value[:4].isdigit() or DATE.fullmatch(value.strip())):
        return False  # a date alone is no moment, and all readings of a day would stand in one
    try:
        moment = parse_time(value)
    except PayloadError:
        return False
    late = sample.arrival - moment
    return late > -MOST_OFF and (sample.retained or late < (30 * DAY if named else MOST_OFF))


def time_of(document: object, element: object, path: Path) -> Leaf:
    """The leaf at the path of the time: of the element, or else of the whole message."""
    value = _get(element, path)
    value = _get(document, path) if value is None else value
    return value if isinstance(value, str | int | float) else None

"""What the numbers of a shape are: measurements, meters, further times, and marks that name or number something."""

import itertools
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.contract.times import DAY, parse_time
from edge.errors import PayloadError
from pipeline.samples.heard import Sample
from pipeline.samples.leaves import TIMES, Leaf, Path, falls, is_meter, last_name, leaves, text_number
from pipeline.samples.payloads import is_number
from pipeline.samples.plans import Plan, Seen, elements_of, live_numbers, numbers_in, time_of
from pipeline.samples.states import states_in

# Numbers that stand for something, or for a place, and measure nothing.
MARKS = frozenset(
    [
        "id",
        "index",
        "idx",
        "port",
        "fport",
        "f_port",
        "addr",
        "address",
        "version",
        "ver",
        "qos",
        "seq",
        "sequence",
        "seqnr",
        "seq_no",
        "sequencenumber",
        "sequence_number",
        "datasetwriterid",
        "msgid",
        "msg_id",
        "mid",
        "rev",
        "revision",
        "model",
        "schema",
        "protocol",
        "proto",
        "lat",
        "latitude",
        "lon",
        "lng",
        "longitude",
    ]
)
CLOCKS = TIMES - {"t", "at", "when", "date"}  # names that no measurement has
NEAR = 400 * DAY  # a number that is a Unix time of this or the last year is a time
CHANGES = 4  # messages of a topic from which its way of reporting can be told
UNEVEN = 0.6  # deviation of the gaps between messages, as a share of their mean, of a device that reports when it likes
MOSTLY = 0.5


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of a shape by what they are.

    Args:
        measured: paths to measurements, in the order in which they were met.
        meters: those of them that are meters.
        times: paths to times other than that of the message.
        marks: paths to numbers that name or number something.
        wrong: those of the times that are of no clock that is right.
        texts: those of the measurements that are texts.
        decimal: decimal sign of most of these texts where it is a comma, or "".
        suffix: whether a unit stands behind the number in one of them.
    """

    measured: tuple[Path, ...]
    meters: tuple[Path, ...]
    times: tuple[Path, ...]
    marks: tuple[Path, ...]
    wrong: tuple[Path, ...] = ()
    texts: tuple[Path, ...] = ()
    decimal: str = ""
    suffix: bool = False

    @property
    def left_out(self) -> tuple[Path, ...]:
        """What is no measurement."""
        return (*self.times, *self.marks)


def numbers_of(plan: Plan, topics: Sequence[Seen]) -> Numbers:
    """What the numbers of JSON messages are.

    Args:
        plan: plan by which the messages are read.
        topics: topics with this plan.
    """
    values: dict[Path, list[list[float]]] = {}
    moments: dict[Path, list[bool]] = {}
    written: dict[Path, list[tuple[str, str]]] = {}
    for seen in topics:
        rows: dict[Path, list[float]] = {}
        for sample, content in seen.contents:
            for element in elements_of(content.document, plan.each):
                inside = dict(leaves(element))
                for path, value in numbers_in(inside, plan.time).items():
                    if (text := text_number(path, inside[path])) is not None:
                        written.setdefault(path, []).append(text)
                    rows.setdefault(path, [])
                    rows[path] += [] if sample.retained else [value]
                    moments.setdefault(path, []).append(_is_moment(path, value, sample))
        for path, row in rows.items():
            values.setdefault(path, []).append(row)
    named = set(plan.names)
    marks = [path for path in values if path not in named and last_name(path) in MARKS and isinstance(path[-1], str)]
    further = [path for path in values if path not in named and _is_clock(path, moments[path], values[path])]
    measured = [path for path in values if path not in named and path not in marks and path not in further]
    meters = [path for path in measured if plan.each is None and not plan.names and _meters(path, values[path])]
    marks = [path for path in marks if path not in further]
    wrong = [path for path in further if not any(moments[path])]
    texts = [path for path in measured if path in written]
    numbers, units = zip(*(text for path in texts for text in written[path]), strict=True) if texts else ((), ())
    return Numbers(
        tuple(measured),
        tuple(meters),
        tuple(further),
        tuple(marks),
        tuple(wrong),
        tuple(texts),
        "," if sum("," in number for number in numbers) > sum("." in number for number in numbers) else "",
        any(units),
    )


def states_of(plan: Plan, topics: Sequence[Seen]) -> dict[Path, list[str]]:
    """Leaves of JSON messages that are states wherever they are, each with its words; arguments as of `numbers_of`."""
    states: dict[Path, list[str]] = {}
    others: set[Path] = {*plan.names, *([plan.time] if plan.time is not None else [])}
    for seen in topics:
        for _, content in seen.contents:
            for element in elements_of(content.document, plan.each):
                leaf_values = dict(leaves(element))
                for path, word in (inside := states_in(leaf_values)).items():
                    states.setdefault(path, []).append(word)
                others.update(path for path, value in leaf_values.items() if path not in inside and value is not None)
    return {path: words for path, words in states.items() if path not in others}


def _meters(path: Path, rows: list[list[float]]) -> bool:
    return is_meter(tuple(level for level in path if isinstance(level, str)), rows)


def _is_clock(path: Path, moments: list[bool], rows: list[list[float]]) -> bool:
    """Whether a number is a time: it always is one, or it is called so, and does what a clock does that is wrong.

    Args:
        path: path to the number.
        moments: whether each of its values is a time of today.
        rows: values of each topic in order of arrival.
    """
    if all(moments):
        return True
    return last_name(path) in CLOCKS and (2 * sum(moments) >= len(moments) or not any(map(falls, rows)))


def _is_moment(path: Path, value: float, sample: Sample) -> bool:
    name = last_name(path)
    if value < 1e9 or not (name in TIMES or name.endswith(("ts", "time", "timestamp", "seen")) or value.is_integer()):
        return False
    try:
        return abs(parse_time(value) - sample.arrival) < NEAR
    except PayloadError:
        return False


def counts(plan: Plan, topics: Sequence[Seen]) -> bool:
    """Whether topics of one number each, whose names speak of a meter, are those of meters."""
    rows = []
    for seen in topics:
        if plan.format == "plain":
            rows.append(live_numbers(seen.contents))
        else:
            live = [content.document for sample, content in seen.contents if not sample.retained]
            rows.append([value for document in live for value in numbers_in(dict(leaves(document)), plan.time).values()])
    names = {tuple(seen.heard.name.split("/")[-2:]) for seen in topics}
    lasts = _last_names(topics[0], plan)
    every = {(*name, last)[-2:] for name in names for last in lasts} | names
    rising = any(len(row) > 1 and row[0] < row[-1] for row in rows)
    return all(not falls(row) for row in rows) and any(is_meter(name, [[0.0, 1.0]] if rising else []) for name in every)


def _last_names(seen: Seen, plan: Plan) -> set[str]:
    """The last name of each number in a topic's documents."""
    if plan.format == "plain":
        return set()
    documents = (content.document for _, content in seen.contents)
    return {last_name(path) for document in documents for path in numbers_in(dict(leaves(document)), plan.time)}


def count_numbers(seen: Seen, plan: Plan, left_out: Iterable[Path]) -> int:
    """How many numbers and states that measure something stand in the samples of a topic.

    Args:
        seen: the topic.
        plan: plan by which it is read.
        left_out: paths of an element that are no measurements.
    """
    without = {*left_out, *plan.names}
    return sum(_count(plan, content.document, without) for _, content in seen.contents)


def _count(plan: Plan, document: object, without: set[Path]) -> int:
    if plan.format == "json":
        flat = [dict(leaves(element)) for element in elements_of(document, plan.each)]
        return sum(path not in without for inside in flat for path in (*numbers_in(inside, plan.time), *states_in(inside)))
    if plan.format == "line_protocol" and isinstance(document, list):
        fields = (line.get("fields", {}) for line in document if isinstance(line, dict))
        return sum(isinstance(value, int | float) and not isinstance(value, bool) for line in fields for value in line.values())
    if plan.format == "csv" and isinstance(document, list):
        cells = (cell for row in document for cell in (row.values() if isinstance(row, dict) else row))
        return sum(isinstance(cell, str) and is_number(cell) for cell in cells)
    if plan.format == "senml" and isinstance(document, list):
        return sum("v" in record for record in document if isinstance(record, dict))
    return 1


def live_times(seen: Seen, plan: Plan) -> list[tuple[Leaf, int]]:
    """Time and arrival of the live messages of a topic: of a message with several times the last one."""
    if plan.time is None:
        return []
    told: list[tuple[Leaf, int]] = []
    for sample, content in seen.contents:
        if not sample.retained:
            moments = [time_of(content.document, element, plan.time) for element in elements_of(content.document, plan.each)]
            told += [(moments[-1], sample.arrival)] if moments and moments[-1] is not None else []
    return told


def reports_on_change(topics: Sequence[Seen]) -> bool:
    """Whether most topics of which it can be told speak only when their value is another one."""
    told = [verdict for seen in topics if (verdict := _on_change(seen)) is not None]
    return bool(told) and sum(told) > MOSTLY * len(told)


def _on_change(seen: Seen) -> bool | None:
    live = seen.heard.live_samples
    if len(live) < CHANGES or seen.heard.live > len(live):
        return None
    if any(left.payload == right.payload for left, right in itertools.pairwise(live)):
        return False
    gaps = [right.arrival - left.arrival for left, right in itertools.pairwise(live)]
    mean = statistics.fmean(gaps)
    return mean > 0 and statistics.pstdev(gaps) > UNEVEN * mean

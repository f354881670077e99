"""Topics grouped by shape: which levels are fixed, and which vary from device to device or from value to value.

Topics stand in a tree. Two names of a level are instances of the same kind of thing if what lies below them is alike; a level
of such names becomes a placeholder. A name that nothing else is like stays as it is.
"""

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

ALIKE = 0.5  # share of what lies below a name that others of its kind have, too
FEW_LITERALS = 4  # names of a level that are rather written out than left out by a filter
MOST_LITERALS = 16  # names of a level that are written out where no filter keeps two shapes apart
MOST_KINDS = 64  # kinds of names with which a name of one level is compared

Levels = tuple[str | None, ...]  # None stands for a level that varies
_Below = tuple[int, Hashable]  # how many levels further down a topic ends, and how it is read


@dataclass(frozen=True, slots=True)
class Shape:
    """Topics that one rule can serve.

    Args:
        levels: fixed levels, and None for each that varies.
        plan: plan by which their payloads are read; None: they cannot be read.
        topics: the topics that were heard.
    """

    levels: Levels
    plan: Hashable
    topics: tuple[str, ...]

    def matches(self, levels: Sequence[str]) -> bool:
        """Whether the levels of a topic have this shape."""
        return len(levels) == len(self.levels) and all(
            bool(level) if own is None else own == level for own, level in zip(self.levels, levels, strict=True)
        )

    def values(self, position: int) -> list[str]:
        """The names at a level, each once, in the order of the topics."""
        return list(dict.fromkeys(topic.split("/")[position] for topic in self.topics))


class _Standing(Enum):
    """Where a level stands.

    Args:
        TOP: first level.
        BELOW_A_PREFIX: level before which all topics have the same names.
        INSIDE: level below one that has several names.
    """

    TOP = "top"
    BELOW_A_PREFIX = "below a prefix"
    INSIDE = "inside"


@dataclass(slots=True)
class _Node:
    """A name in the tree of topics.

    Args:
        topic: topic that ends here, or None.
        children: the names below it.
        below: depths and plans of the topics below it.
    """

    topic: str | None = None
    children: dict[str, "_Node"] = field(default_factory=dict)
    below: set[_Below] = field(default_factory=set)


@dataclass(slots=True)
class _Kind:
    """Names of one level that are alike.

    Args:
        names: the names, each with its nodes.
        below: depths and plans of the topics below any of them.
        children: the next names below any of them.
    """

    names: dict[str, list[_Node]]
    below: set[_Below]
    children: set[str]


def shapes_of(plans: Mapping[str, Hashable]) -> list[Shape]:
    """The shapes of topics; every topic is in exactly one, those of most topics first.

    Args:
        plans: plan by which the payloads of each topic are read, by its name; None where they cannot be read.
    """
    root = _Node()
    for topic, plan in plans.items():
        levels, node = topic.split("/"), root
        for position, level in enumerate(levels):
            node.below.add((len(levels) - position, plan))
            node = node.children.setdefault(level, _Node())
        node.topic = topic
        node.below.add((0, plan))
    shapes = []
    for levels_, topics in _split([root], ()):
        by_plan: dict[Hashable, list[str]] = {}
        for topic in topics:
            by_plan.setdefault(plans[topic], []).append(topic)
        shapes += [_tight(Shape(levels_, plan, tuple(group))) for plan, group in by_plan.items()]
    apart = _together(_apart(shapes))
    return sorted(apart, key=lambda shape: (-len(shape.topics), shape.topics[0]))


def _together(shapes: list[Shape]) -> list[Shape]:
    """The shapes, without those whose topics another shape of the same plan matches as well: they join it."""
    wide = sorted((shape for shape in shapes if None in shape.levels), key=lambda shape: -shape.levels.count(None))
    joined: dict[int, list[str]] = {}
    left: list[Shape] = []
    for shape in sorted(shapes, key=lambda shape: -shape.levels.count(None)):
        levels = [topic.split("/") for topic in shape.topics]
        home = next(
            (
                other
                for other in wide
                if other is not shape
                and id(other) in joined
                and other.plan == shape.plan
                and len(other.levels) == len(shape.levels)
                and all(map(other.matches, levels))
            ),
            None,
        )
        if home is None:
            joined[id(shape)] = []
            left.append(shape)
        else:
            joined[id(home)] += shape.topics
    return [replace(shape, topics=(*shape.topics, *joined[id(shape)])) for shape in left]


def _split(nodes: list[_Node], above: Levels) -> Iterator[tuple[Levels, list[str]]]:
    """Levels and topics of everything below nodes that are instances of the same kind."""
    stack = [(nodes, above, _Standing.TOP)]
    while stack:
        nodes, above, standing = stack.pop()
        topics = [node.topic for node in nodes if node.topic is not None]
        if topics:
            yield above, topics
        names: dict[str, list[_Node]] = {}
        for node in nodes:
            for name, child in node.children.items():
                names.setdefault(name, []).append(child)
        inner = _Standing.BELOW_A_PREFIX if standing is not _Standing.INSIDE and len(names) == 1 else _Standing.INSIDE
        for kind in _kinds(names, standing):
            level = next(iter(kind.names)) if len(kind.names) == 1 else None
            below = [node for group in kind.names.values() for node in group]
            stack.append((below, (*above, level), inner))


def _kinds(names: dict[str, list[_Node]], standing: _Standing) -> list[_Kind]:
    """Names of one level, those that are alike together; names with much below them come first and gather the others."""
    kinds: list[_Kind] = []
    described = []
    for name, nodes in names.items():
        below = set().union(*(node.below for node in nodes))
        children = {child for node in nodes for child in node.children}
        described.append((name, nodes, below, children))
    described.sort(key=lambda entry: -len(entry[2]))
    for name, nodes, below, children in described:
        kind = next((kind for kind in kinds[:MOST_KINDS] if name and _alike(kind, name, below, children, standing)), None)
        if kind is None:
            kinds.append(_Kind({name: nodes}, set(below), set(children)))
        else:
            kind.names[name] = nodes
            kind.below |= below
            kind.children |= children
    return kinds


def _alike(kind: _Kind, name: str, below: set[_Below], children: set[str], standing: _Standing) -> bool:
    if "" in kind.names:
        return False
    telling = _telling(below)
    if len(telling & kind.below) < ALIKE * len(telling):
        return False
    if standing is _Standing.INSIDE:
        return True
    # At the top stand whole applications, which are alike only if they or what lies below them have the same names.
    same_below = bool(children) and len(children & kind.children) >= ALIKE * len(children)
    same_form = standing is _Standing.BELOW_A_PREFIX and telling == _telling(kind.below)
    return same_below or same_form or _stem(name) == _stem(next(iter(kind.names)))


def _telling(below: set[_Below]) -> set[_Below]:
    """What can be read of it, if anything can."""
    return {part for part in below if part[1] is not None} or below


def _stem(name: str) -> str:
    """A name without its numbers, also hexadecimal ones."""
    return re.sub(r"[0-9a-fA-F]*\d[0-9a-fA-F]*", "", name)


def _tight(shape: Shape) -> Shape:
    """The shape with every level fixed that does not vary among its topics."""
    return Shape(_common([topic.split("/") for topic in shape.topics], shape.levels), shape.plan, shape.topics)


def _common(topics: Sequence[Sequence[str]], levels: Levels) -> Levels:
    return tuple(
        topics[0][position] if level is None and len({topic[position] for topic in topics}) == 1 else level
        for position, level in enumerate(levels)
    )


def _apart(shapes: list[Shape]) -> list[Shape]:
    """The shapes, with names written out where a shape would match topics of another plan as well.

    Many names are written out only where no filter leaves those topics out.
    """
    waiting, done = list(shapes), []
    while waiting:
        shape = waiting.pop()
        strangers = _strangers(shape, shapes) if shape.plan is not None else []
        others = {id(other): other for other, _ in strangers}.values()
        mixed = any(other.matches(topic.split("/")) for other in others for topic in shape.topics)
        readable = any(other.plan is not None for other in others)
        most = FEW_LITERALS if not mixed or not readable else MOST_LITERALS
        position = _telling_level(shape, [levels for _, levels in strangers], most)
        if position is None:
            done.append(shape)
            continue
        groups: dict[str, list[str]] = {}
        for topic in shape.topics:
            groups.setdefault(topic.split("/")[position], []).append(topic)
        for name, topics in groups.items():
            fixed = (*shape.levels[:position], name, *shape.levels[position + 1 :])
            waiting.append(_tight(Shape(fixed, shape.plan, tuple(topics))))
    return done


def _strangers(shape: Shape, shapes: Iterable[Shape]) -> list[tuple[Shape, list[str]]]:
    """Shapes of other plans and the levels of those of their topics that the shape matches."""
    if None not in shape.levels:
        return []
    return [
        (other, levels)
        for other in shapes
        if other.plan != shape.plan and len(other.levels) == len(shape.levels) and _overlap(shape.levels, other.levels)
        for levels in (topic.split("/") for topic in other.topics)
        if shape.matches(levels)
    ]


def _overlap(left: Levels, right: Levels) -> bool:
    return all(own is None or other is None or own == other for own, other in zip(left, right, strict=True))


def _telling_level(shape: Shape, strangers: list[list[str]], most: int) -> int | None:
    """The varying level whose names tell most strangers from the shape's own topics, of those the one with the fewest names."""
    best: tuple[int, int, int] | None = None
    for position, level in enumerate(shape.levels):
        if level is None and strangers:
            names = set(shape.values(position))
            told = sum(stranger[position] not in names for stranger in strangers)
            if told and len(names) <= most:
                best = max(best, (told, -len(names), position)) if best else (told, -len(names), position)
    return best[2] if best else None

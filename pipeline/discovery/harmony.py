"""Plans of one shape that differ in a detail become one plan, where they would need too many rules otherwise."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from pipeline.discovery.shapes import Shape, shapes_of
from pipeline.samples.plans import Plan

FEW_RULES = 3  # rules for each plan that is different
FEW_TOPICS = 4  # topics that can be left out of a rule one by one
MOST = 0.8  # share of the topics of a shape that must agree where the others are left out


def _without_time(plan: Plan) -> Plan:
    return replace(plan, time=None)


def _without_meter(plan: Plan) -> Plan:
    return replace(plan, meter=False)


DETAILS: tuple[Callable[[Plan], Plan], ...] = (_without_time, _without_meter)


def harmonise(plans: Mapping[str, Plan | None]) -> dict[str, Plan | None]:
    """The plans, without the detail in which those of a shape differ, where names do not keep them apart.

    Args:
        plans: plan by which the payloads of each topic are read, by its name; None where they cannot be read.
    """
    harmonised = dict(plans)
    for without in DETAILS:
        plain = {topic: plan and without(plan) for topic, plan in harmonised.items()}
        if plain == harmonised:
            continue
        for shape in shapes_of(plain):
            own = {topic: harmonised[topic] for topic in shape.topics}
            if len(set(own.values())) == 1 or (without is _without_time and _few_differ(own.values())):
                continue
            if not _apart(shapes_of(own), len(set(own.values()))):
                harmonised.update((topic, plain[topic]) for topic in shape.topics)
    return harmonised


def _few_differ(plans: Collection[Plan | None]) -> bool:
    """Whether nearly all topics have one plan: a device with a wrong clock takes the time from no other device."""
    usual = Counter(plans).most_common(1)[0][1]
    return usual >= MOST * len(plans) and len(plans) - usual <= FEW_TOPICS


def _apart(shapes: Sequence[Shape], kinds: int) -> bool:
    """Whether shapes are few, and none matches a topic of another plan."""
    return len(shapes) <= FEW_RULES * kinds and not any(
        shape.matches(topic.split("/"))
        for shape in shapes
        for other in shapes
        if other.plan != shape.plan
        for topic in other.topics
    )

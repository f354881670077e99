"""The table of presets: what a kind of device publishes, as rules. A preset is nothing but values for keys of `[[ingest]]`."""

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from edge.errors import ConfigurationError
from edge.messages.presets.house import (
    ESPHOME,
    HOME_ASSISTANT,
    SHELLY,
    SHELLY_EVENTS,
    SHELLY_GEN1,
    TASMOTA,
    ZIGBEE2MQTT,
)
from edge.messages.presets.networks import (
    CHIRPSTACK,
    CHIRPSTACK_V3,
    KEPSERVER,
    RTL_433,
    TELEGRAF,
    TELEGRAF_JSON,
    THE_THINGS_STACK,
)
from edge.messages.presets.vehicles import (
    EVCC,
    OPENEVSE,
)
from edge.messages.rule import IngestRule
from edge.quoting import did_you_mean, quoted

PresetRule: TypeAlias = IngestRule  # its keys are those that `[[ingest]]` leaves out

ROOT = "/#"  # at the end of an own topic: it is the root of the preset's

PRESETS: dict[str, tuple[PresetRule, ...]] = {
    "tasmota": TASMOTA,
    "zigbee2mqtt": ZIGBEE2MQTT,
    "shelly": SHELLY,
    "shelly_events": SHELLY_EVENTS,
    "shelly_gen1": SHELLY_GEN1,
    "esphome": ESPHOME,
    "home_assistant": HOME_ASSISTANT,
    "the_things_stack": THE_THINGS_STACK,
    "chirpstack": CHIRPSTACK,
    "chirpstack_v3": CHIRPSTACK_V3,
    "rtl_433": RTL_433,
    "evcc": EVCC,
    "openevse": OPENEVSE,
    "kepserver": KEPSERVER,
    "telegraf": TELEGRAF,
    "telegraf_json": TELEGRAF_JSON,
}


def expand(rule: IngestRule, presets: Mapping[str, tuple[PresetRule, ...]]) -> tuple[IngestRule, ...]:
    """The rules that a rule with a preset stands for; a rule without one stands for itself.

    Own keys win; `tags`, `rename`, and entries of `values` without a path, are added to those of the preset. With an own
    `value`, or another entry of `values`, the preset's are left out. An own topic that ends with `/#` is another root for the
    topics of all rules. With another own topic those rules count whose topic is most like it.

    Args:
        rule: rule of the configuration.
        presets: table of presets by name.

    Raises:
        ConfigurationError: there is no such preset.
    """
    if rule.preset is None:
        return (rule,)
    if rule.preset not in presets:
        near = did_you_mean(rule.preset, presets)
        raise ConfigurationError(f"preset: expected one of {', '.join(presets)}; got {quoted(rule.preset)}{near}")
    bases = presets[rule.preset]
    if rule.topic is not None and rule.topic.endswith(ROOT):
        bases = tuple(_moved(base, rule.topic.removesuffix(ROOT)) for base in bases)
        rule = msgspec.structs.replace(rule, topic=None)
    elif rule.topic is not None:
        bases = _nearest(bases, rule.topic)
    rules: list[IngestRule] = []
    for base in bases:
        merged = _merged(rule, base)
        if merged not in rules:  # an own topic makes equal what differs by its topic only
            rules.append(merged)
    return tuple(rules)


def _moved(base: PresetRule, root: str) -> PresetRule:
    """A rule with another first level in its topics; where that is a placeholder, with the root before it."""
    first = (base.topic or "").split("/")[0]

    def moved(topic: str) -> str:
        level, _, rest = topic.partition("/")
        if first.startswith("{") or level != first:
            return f"{root}/{topic}"
        return f"{root}/{rest}" if rest else root

    return msgspec.structs.replace(base, topic=moved(base.topic or ""), skip=tuple(map(moved, base.skip)))


def _nearest(bases: tuple[PresetRule, ...], topic: str) -> tuple[PresetRule, ...]:
    """Rules of the topic that has most levels of another one, placeholders apart."""
    levels = set(topic.split("/"))

    def alike(base: PresetRule) -> int:
        return sum(level in levels for level in (base.topic or "").split("/") if not level.startswith("{"))

    nearest = max(bases, key=alike)
    return tuple(base for base in bases if base.topic == nearest.topic)


def _merged(rule: IngestRule, base: PresetRule) -> IngestRule:
    nothing = IngestRule()
    own = {key: getattr(rule, key) for key in rule.__struct_fields__ if getattr(rule, key) != getattr(nothing, key)}
    if rule.value is None and rule.values and not any(isinstance(value, str) or value.path for value in rule.values.values()):
        own["values"] = {
            **rule.values,
            **{name: value for name, value in (base.values or {}).items() if name not in rule.values},
        }
    elif "value" in own or "values" in own:
        base = msgspec.structs.replace(base, value=None, values=None)
    own |= {key: {**(getattr(base, key) or {}), **(getattr(rule, key) or {})} or None for key in ("tags", "rename")}
    return msgspec.structs.replace(base, **{**own, "preset": None})

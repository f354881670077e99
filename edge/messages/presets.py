"""The table of presets: what a kind of device publishes, as rules. A preset is nothing but values for keys of `[[ingest]]`."""

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from edge.errors import ConfigurationError
from edge.messages.rule import IngestRule

PresetRule: TypeAlias = IngestRule  # its keys are those that `[[ingest]]` leaves out

PRESETS: dict[str, tuple[PresetRule, ...]] = {}


def expand(rule: IngestRule, presets: Mapping[str, tuple[PresetRule, ...]]) -> tuple[IngestRule, ...]:
    """The rules that a rule with a preset stands for; a rule without one stands for itself.

    Own keys win; `tags` and `rename` are added to those of the preset. With an own `value` or `values`
    the preset's are left out.

    Args:
        rule: rule of the configuration.
        presets: table of presets by name.

    Raises:
        ConfigurationError: there is no such preset.
    """
    if rule.preset is None:
        return (rule,)
    if rule.preset not in presets:
        raise ConfigurationError(f"[[ingest]] preset: expected one of {', '.join(presets)}; got {rule.preset!r}")
    rules: list[IngestRule] = []
    for base in presets[rule.preset]:
        merged = _merged(rule, base)
        if merged not in rules:  # an own topic makes equal what differs by its topic only
            rules.append(merged)
    return tuple(rules)


def _merged(rule: IngestRule, base: PresetRule) -> IngestRule:
    nothing = IngestRule()
    own = {key: getattr(rule, key) for key in rule.__struct_fields__ if getattr(rule, key) != getattr(nothing, key)}
    if "value" in own or "values" in own:
        base = msgspec.structs.replace(base, value=None, values=None)
    own |= {key: {**(getattr(base, key) or {}), **(getattr(rule, key) or {})} or None for key in ("tags", "rename")}
    return msgspec.structs.replace(base, **{**own, "preset": None})

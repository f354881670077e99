"""One payload of a device, and the readings that are in it."""

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Sample:
    """One message, and what a preset is to make of it.

    Args:
        preset: name of the preset.
        device: publisher of the message, in words.
        topic: topic of the message.
        payload: text of the payload, or the document that it is the JSON of.
        readings: names and values of the series; none where the message holds nothing to forecast.
        time: time of the readings in ns UTC; None: that of arrival.
        counters: names of the series that only grow.
        units: units of some of the series.
        held: whether the last value counts until the next one.
    """

    preset: str
    device: str
    topic: str
    payload: Any
    readings: Mapping[str, float]
    time: int | None = None
    counters: AbstractSet[str] = frozenset()
    units: Mapping[str, str] = field(default_factory=dict)
    held: bool | None = None

    @property
    def bytes(self) -> bytes:
        """The payload as it is published."""
        return (self.payload if isinstance(self.payload, str) else json.dumps(self.payload)).encode()

"""How `[publish]` is written in the configuration."""

from fnmatch import fnmatchcase
from typing import Annotated

import msgspec

from edge.errors import ConfigurationError

CLIENT = "{client_id}"


class Publish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Forecasts back to the broker: JSON for each series, the agent's status, and entities of Home Assistant.

    Nothing is published where the section is left out; what the broker kept of an earlier one is removed then.

    Args:
        topic: beginning of all topics; `{client_id}` stands for the name in `[mqtt] client_id`.
        series: names of the series whose forecasts are published; `*` stands for any characters.
        quantiles: number of quantiles: 1 is the median alone, 3 the lowest and the highest beside it, and so on inwards; left
            out: all that the forecaster gives.
        retain: true: the broker keeps the newest forecast of each series for those who subscribe later.
        qos: quality of service of forecasts: 0, or 1, with which the broker keeps them for subscribers that are away.
        home_assistant: true: Home Assistant (2024.12 or later) shows a device for each series.
        discovery: beginning of the topics on which Home Assistant looks for devices.
    """

    topic: str = f"gatecast/{CLIENT}"
    series: tuple[str, ...] = ("*",)
    quantiles: Annotated[int, msgspec.Meta(ge=1)] | None = None
    retain: bool = True
    qos: Annotated[int, msgspec.Meta(ge=0, le=1)] = 0
    home_assistant: bool = False
    discovery: str = "homeassistant"

    def check(self) -> None:
        """Refuse what only fails when it is used.

        Raises:
            ConfigurationError: no broker takes the topics, no series is named, or the number of quantiles is even.
        """
        for key, text in (("topic", self.topic), ("discovery", self.discovery)):
            levels = text.split("/")
            if not all(levels) or not text.isprintable() or text[0] == "$" or any(sign in text for sign in "+#"):
                usual = getattr(Publish(), key)
                raise ConfigurationError(f"[publish] {key}: expected levels without + and #, such as {usual}; got {text!r}")
        if not self.series:
            raise ConfigurationError('[publish] series: expected at least one name, such as ["*"] for all')
        if self.quantiles is not None and self.quantiles % 2 == 0:
            raise ConfigurationError(
                f"[publish] quantiles: expected an odd number, as the median is one of them; got {self.quantiles}"
            )

    def wants(self, series: str) -> bool:
        """Whether forecasts of a series are published."""
        return any(fnmatchcase(series, pattern) for pattern in self.series)

    def levels(self, quantiles: int) -> list[int]:
        """Positions of the quantiles that are published, of so many, in order."""
        middle, most = quantiles // 2, self.quantiles or quantiles
        beside = min(most // 2, middle)
        return [*range(beside), middle, *range(quantiles - beside, quantiles)]

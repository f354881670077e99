"""How `[[input]]` is written in the configuration."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from edge.contract.contract import MOST_KNOWN
from edge.contract.times import TimeUnit
from edge.errors import ConfigurationError
from edge.messages.number import meaning_of
from edge.messages.rule import Fill, ValueRule, which_section

LONGEST = 120  # characters of a name
FIRST_SIGN, DELETE = 32, 127  # numbers of the signs around those that can be printed


class InputRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A quantity of which values of coming intervals are known.

    Args:
        name: name of the input, such as `outdoor_temperature`.
        unit: unit of its values, for people; left out: none is named.
        topic: topic of the messages with coming values, `+` and `#` as in MQTT; left out: no message brings any.
        each: path to a list of values in the JSON document, such as `forecast`, or several paths, such as
            `["today", "tomorrow"]`, of which a message may lack some; left out: the document is such a list, or one value, or
            `time` and `value` lead to two lists of the same length.
        value: path to a value, from an element of the list.
        time: path to the time that a value is for, likewise.
        time_unit: unit of a numeric time: `auto`, `iso`, `s`, `ms`, `us` or `ns`.
        timezone: zone of times without one, such as `Europe/Berlin`; left out: UTC.
        fill: `none`, or `hold` where values are measured, or count until they are changed: then the newest value that is known
            counts for coming intervals as well, until a later one is known.
        hold: longest time for which a value counts with `fill = "hold"`; left out: a day.
        issued: path to the moment at which the values were told, from the document; left out: the time of arrival.
        file: CSV or Parquet file with its history for training, with the columns `time` and `value`, and if there are any
            `issued`, the moment at which a value was known, and `input`, the name of the input.
    """

    name: Annotated[str, msgspec.Meta(min_length=1)]
    unit: str | None = None
    topic: str | None = None
    each: str | tuple[str, ...] | None = None
    value: str = "value"
    time: str = "time"
    time_unit: TimeUnit = "auto"
    timezone: str | None = None
    fill: Fill | None = None
    hold: str | None = None
    issued: str | None = None
    file: str | None = None

    @property
    def held(self) -> int:
        """Longest time for which a value counts where no later one is known, ns; 0 where none does.

        Raises:
            ConfigurationError: it is no duration, or is given without `fill = "hold"`.
        """
        meaning = meaning_of(ValueRule(fill=self.fill, hold=self.hold))
        return 0 if meaning is None else meaning.hold

    @property
    def lists(self) -> tuple[str, ...]:
        """Paths to the lists of a message; empty where `each` is left out.

        Raises:
            ConfigurationError: there is a list of paths without one.
        """
        if self.each == ():
            raise ConfigurationError('each names no list; write a path, such as "forecast", or leave the line out')
        if isinstance(self.each, str):
            return (self.each,)
        return self.each or ()


def which_input(rules: Sequence[InputRule], number: int) -> str:
    """The beginning of a line about one section, by its number from 1."""
    return which_section("input", number, len(rules), f"name {rules[number - 1].name!r}")


def check_inputs(rules: Sequence[InputRule]) -> None:
    """Refuse inputs that cannot be told apart, and names that no store takes.

    Raises:
        ConfigurationError: the section, and what to write.
    """
    names = [rule.name for rule in rules]
    for number, name in enumerate(names, 1):
        where = which_input(rules, number)
        if names.index(name) < number - 1:
            raise ConfigurationError(f"{where} there is one of this name before; give each input a name of its own")
        if len(name) > LONGEST or name != name.strip() or any(ord(sign) < FIRST_SIGN or ord(sign) == DELETE for sign in name):
            raise ConfigurationError(
                f"{where} expected at most {LONGEST} characters that can be printed, without blanks around them"
            )
        try:
            _ = rules[number - 1].held
        except ConfigurationError as error:
            raise ConfigurationError(f"{where} {error}") from error
    if len(names) > MOST_KNOWN:
        raise ConfigurationError(f"expected at most {MOST_KNOWN} sections [[input]]; got {len(names)}")

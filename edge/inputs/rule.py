"""How `[[input]]` is written in the configuration."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from edge.contract.contract import MOST_KNOWN
from edge.errors import ConfigurationError
from edge.messages.rule import which_section

LONGEST = 120  # characters of a name
FIRST_SIGN, DELETE = 32, 127  # numbers of the signs around those that can be printed


class InputRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A quantity of which values of coming intervals are known.

    Args:
        name: name of the input, such as `outdoor_temperature`.
        unit: unit of its values, for people.
        file: CSV or Parquet file with its history for training, with the columns `time` and `value`, and if there are any
            `issued`, the moment at which a value was known, and `input`, the name of the input.
    """

    name: Annotated[str, msgspec.Meta(min_length=1)]
    unit: str = ""
    file: str | None = None


def check_inputs(rules: Sequence[InputRule]) -> None:
    """Refuse inputs that cannot be told apart, and names that no store takes.

    Raises:
        ConfigurationError: the section, and what to write.
    """
    names = [rule.name for rule in rules]
    for number, name in enumerate(names, 1):
        where = which_section("input", number, len(names), f"name {name!r}")
        if names.index(name) < number - 1:
            raise ConfigurationError(f"{where} there is one of this name before; give each input a name of its own")
        if len(name) > LONGEST or name != name.strip() or any(ord(sign) < FIRST_SIGN or ord(sign) == DELETE for sign in name):
            raise ConfigurationError(
                f"{where} expected at most {LONGEST} characters that can be printed, without blanks around them"
            )
    if len(names) > MOST_KNOWN:
        raise ConfigurationError(f"expected at most {MOST_KNOWN} sections [[input]]; got {len(names)}")

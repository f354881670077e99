"""The unit that stands behind the numbers of a series: the first one counts, also after a restart."""

import re
from collections.abc import Mapping

from edge.errors import PayloadError
from edge.quoting import quoted

MOST_UNITS = 20_000  # series whose unit is remembered
LONGEST_NUMBER = 64  # characters of a number with something behind it
# A unit holds no digit but an exponent, or 12:30 and 2026-01-15 would be numbers with a unit. ² and ³ are letters here: a sign
# that two branches take would double the time with each one more.
SUFFIX = re.compile(
    r"""([+-]?[0-9.,]+(?:[eE][+-]?[0-9]+)?)\s*  # the number
    ((?:[^\W\d_]|[%°‰€$£'"])  # a letter, or a sign that a unit may begin with
    (?:[^\W\d_]|[%°/·*^ -]|(?<=[^\W\d])[1-4](?![0-9])|(?<=[\^-])[0-9])*)""",
    re.VERBOSE,
)


class Units:
    """Units as devices write them, by the names of series. One of them serves all rules.

    Args:
        most: largest number of series whose unit is remembered.
    """

    def __init__(self, most: int = MOST_UNITS) -> None:
        self._most = most
        self._units: dict[str, str] = {}
        self._new: dict[str, bytes] = {}

    def refusal(self, series: str, unit: str) -> PayloadError | None:
        """What is wrong with a unit behind a number: it is another one than before. None where it is the same, or the first.

        Args:
            series: name of the series.
            unit: unit behind the number.
        """
        before = self._units.get(series)
        if before is None:
            if len(self._units) < self._most:
                self._units[series], self._new[series] = unit, unit.encode()
            return None
        if before == unit:
            return None
        text = f"expected {before!r} behind the number as before, got {quoted(unit)}; set [[ingest]] unit to the right one"
        return PayloadError("bad_value", text)

    def dump(self, *, whole: bool = False) -> Mapping[str, bytes]:
        """As `Stateful.dump`: a unit for each series."""
        new, self._new = self._new, {}
        return {series: unit.encode() for series, unit in self._units.items()} if whole else new

    def load(self, entries: Mapping[str, bytes]) -> None:
        """As `Stateful.load`."""
        self._units = {series: unit.decode() for series, unit in entries.items()}


def suffix_of(value: object) -> str:
    """The unit that stands behind a number in a text, or ""."""
    match = SUFFIX.fullmatch(value.strip()) if isinstance(value, str) and len(value) <= LONGEST_NUMBER else None
    return "" if match is None else match[2].strip()

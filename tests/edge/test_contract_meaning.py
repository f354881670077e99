"""What a series means, in words and in comparison."""

import pytest

from edge.contract.meaning import GAUGE, Meaning
from edge.contract.times import SECOND
from edge.errors import ConfigurationError

HOUR = 3600 * SECOND


def test_another_unit_is_no_other_meaning() -> None:
    """Kind and hold decide which values the readings have."""
    assert Meaning(unit="kWh").agrees(GAUGE)
    assert not Meaning("counter").agrees(GAUGE)
    assert not Meaning(hold=HOUR).agrees(GAUGE)


def test_only_a_gauge_without_hold_is_plain() -> None:
    """Its values are what its readings say."""
    assert [each.is_plain for each in (GAUGE, Meaning(unit="W"), Meaning("counter"), Meaning(hold=1))] == [
        True,
        True,
        False,
        False,
    ]


def test_the_words_name_kind_and_hold() -> None:
    """They stand in messages."""
    assert (GAUGE.words, Meaning("counter").words, Meaning("counter", 6 * HOUR).words) == (
        "gauge",
        "counter",
        "counter, held for 6h",
    )


def test_a_negative_time_is_refused() -> None:
    """A manifest may hold anything."""
    with pytest.raises(ConfigurationError, match="at least 0; got -1"):
        Meaning(hold=-1)


def test_an_axis_is_named_by_unit_and_interval() -> None:
    """The values of a counter are what it added in an interval."""
    assert [
        each.label(HOUR // 4) for each in (GAUGE, Meaning(unit="°C"), Meaning("counter", unit="kWh"), Meaning("counter"))
    ] == [
        "value",
        "°C",
        "kWh per 15min",
        "added per 15min",
    ]

"""The first unit behind the numbers of a series counts, also after a restart (kind K9: what is misread in silence)."""

import pytest

from edge.messages.formats.units import Units, suffix_of


def test_another_unit_is_refused() -> None:
    """Of the same series only."""
    units = Units()
    assert units.refusal("a", "W") is None
    assert units.refusal("a", "W") is None
    assert "expected 'W' behind the number as before, got 'kW'" in str(units.refusal("a", "kW"))
    assert units.refusal("b", "kW") is None


def test_what_was_heard_is_known_again() -> None:
    """By what was written down of it, bit by bit or as a whole; nothing is written twice."""
    units, heir = Units(), Units()
    units.refusal("a", "°C")
    first = dict(units.dump())
    units.refusal("b:c", "W")
    heir.load({**first, **units.dump()})
    assert dict(units.dump()) == {}
    assert heir.refusal("a", "°F") is not None
    assert heir.refusal("b:c", "kW") is not None
    assert dict(heir.dump(whole=True)) == {"a": "°C".encode(), "b:c": b"W"} == dict(units.dump(whole=True))


def test_the_memory_has_an_end() -> None:
    """A series beyond it is read, and its unit is not compared."""
    units = Units(most=1)
    assert units.refusal("a", "W") is None
    assert units.refusal("b", "W") is None
    assert units.refusal("b", "kW") is None
    assert units.refusal("a", "kW") is not None


@pytest.mark.parametrize(
    ("value", "unit"), [("21.5 °C", "°C"), (" 3 m3/h ", "m3/h"), ("on", ""), ("21.5", ""), (21.5, ""), (None, "")]
)
def test_the_unit_behind_a_number(value: object, unit: str) -> None:
    """Nothing where there is none, or where the value is no text."""
    assert suffix_of(value) == unit

"""Units and device classes of Home Assistant."""

import pytest

from edge.publish.units import CLASSES, class_of, unit_there


@pytest.mark.parametrize(
    ("unit", "there", "kind"),
    [
        ("°C", "°C", "temperature"),
        ("Cel", "°C", "temperature"),
        ("degF", "°F", "temperature"),
        ("kWh", "kWh", "energy"),
        ("W", "W", "power"),
        ("hPa", "hPa", "pressure"),
        ("%", "%", None),
        ("ppm", "ppm", None),
        ("mm", "mm", None),
        ("apples", "apples", None),
    ],
)
def test_a_class_is_told_where_it_is_sure(unit: str, there: str, kind: str | None) -> None:
    """A unit of several classes has none, and one that nobody knows stays."""
    assert (unit_there(unit), class_of(unit_there(unit))) == (there, kind)


def test_no_unit_has_two_classes() -> None:
    """Else one of them would win by chance."""
    units = [unit for units in CLASSES.values() for unit in units]
    assert len(set(units)) == len(units)

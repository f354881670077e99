"""The leaves of a document, and names that speak of meters."""

import pytest

from pipeline.samples.leaves import LONGEST_LIST, MOST_LEAVES, is_meter, key_of, leaves, number_at, words


def test_every_leaf_has_its_path() -> None:
    """Names of objects and numbers of list elements, in the order of the document."""
    document = {"a": {"b": 1, "c": [2, {"d": None}]}, "e": "x"}
    assert list(leaves(document)) == [(("a", "b"), 1), (("a", "c", 0), 2), (("a", "c", 1, "d"), None), (("e",), "x")]


def test_a_key_is_a_path_with_dots() -> None:
    """As a rule names what `*` stands for."""
    assert key_of(("a", 0, "b.c")) == "a.0.b.c"


def test_a_recording_has_no_leaves() -> None:
    """A long row of numbers is the wave of a microphone, not so many sensors."""
    assert list(leaves({"wave": [0.5] * (LONGEST_LIST + 1), "level": 3})) == [(("level",), 3)]


def test_only_a_part_of_a_very_large_document_is_looked_at() -> None:
    """In width and in depth."""
    assert len(list(leaves({str(number): number for number in range(10 * MOST_LEAVES)}))) == MOST_LEAVES
    deep: object = 1
    for _ in range(5000):
        deep = {"a": deep}
    assert list(leaves(deep)) == []


@pytest.mark.parametrize(
    ("names", "rows", "meter"),
    [
        (("ENERGY", "Total"), [[1.0, 1.0, 1.1]], True),
        (("energy",), [[1.0, 1.1]], True),
        (("energy",), [[1.0, 1.0]], False),  # nothing was seen to rise, and an energy may be that of an hour
        (("energy",), [[1.0, 1.1], [5.0, 4.0]], False),
        (("total_kWh",), [[7.0]], True),
        (("pvenergytotal",), [[7.0]], True),
        (("ram_total",), [[50_000.0]], False),  # what a device has of it, and nothing that it counts
        (("chargeTotalImport",), [[]], True),
        (("total", "power"), [[1.0, 2.0]], False),
        (("ENERGY", "Today"), [[1.0, 2.0]], False),
        (("total_import",), [[-5.0, -4.0]], False),
        (("temperature",), [[1.0, 2.0]], False),
        ((), [[1.0, 2.0]], False),
    ],
)
def test_a_meter_is_told_by_name_and_by_what_it_does(names: tuple[str, ...], rows: list[list[float]], *, meter: bool) -> None:
    """It rises or has a name that leaves no doubt, and nothing fell."""
    assert is_meter(names, rows) is meter


@pytest.mark.parametrize(
    ("name", "apart"), [("totalEnergy", "total_energy"), ("total-Energy", "total_energy"), ("kWh", "k_wh")]
)
def test_words_of_a_name_are_told_apart(name: str, apart: str) -> None:
    """Whatever separates them."""
    assert words(name) == apart


@pytest.mark.parametrize(
    ("name", "value", "number"),
    [
        ("temperature", "21.5", 21.5),
        ("t", "21,5", 21.5),
        ("hum", "55 %", 55.0),
        ("power", "-1.2kW", -1.2),
        ("power", 5, 5.0),
        ("power", True, None),
        ("power", 1e301, None),
        ("mode", "11n", None),
        ("uptime", "1T02:03:04", None),
        ("dns", "1.1.1.1", None),
        ("address", "17", None),
        ("sw_version", "1.40", None),
        ("model", "5", None),
        ("zone", "007", None),
        ("ts", "1790000000", None),
        ("", "5", None),
        ("level", "1" * 40, None),
    ],
)
def test_a_text_is_a_number_where_it_measures_something(name: str, value: float | str, number: float | None) -> None:
    """Versions, addresses and models are written with digits as well."""
    assert number_at((name,), value) == number

"""Paths reach every value of a document, whatever its keys are.

The kind of fault: more than one value in a payload, or a key with a dot in it, cannot be reached.
"""

import pytest

from edge.errors import ConfigurationError
from edge.messages.paths import MISSING, elements, getter, parse_path, walker

DOCUMENT = {
    "a": {"b": 1, "c.d": {"e": 2}, "x": None},
    "list": [10, {"v": 11}, [12]],
    "*": 3,
    'quo"te': 4,
    "0": 5,
    "": 6,
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("", DOCUMENT),
        ("a.b", 1),
        ('a."c.d".e', 2),
        ("a.x", None),
        ("list.0", 10),
        ("list.1.v", 11),
        ("list.-1.0", 12),
        ('"*"', 3),
        ('"quo""te"', 4),
        ("0", 5),
        ('""', 6),
        ("a", DOCUMENT["a"]),
    ],
)
def test_a_path_leads_to_its_value(path: str, value: object) -> None:
    """Levels with dots between; names, numbers of list elements, and any name in quotes."""
    assert getter(parse_path(path))(DOCUMENT) == value


@pytest.mark.parametrize(
    "path", ["b", "a.b.c", "list.3", "list.-4", "list.v", "a.c.d", "list.9999999999999", "list.1.v.0", "٣"]
)
def test_a_path_that_leads_nowhere_gives_nothing(path: str) -> None:
    """That is another thing than a null."""
    assert getter(parse_path(path))(DOCUMENT) is MISSING


@pytest.mark.parametrize("path", [".", "a.", ".a", "a..b", 'a"b', '"a', '"a"b', "a.*."])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    """The message shows how levels are written."""
    with pytest.raises(ConfigurationError, match="write levels with dots between"):
        parse_path(path)


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("*", {"p": 1, "q.r": 2, "q.s.0": 3, "q.s.1": 4}),
        ("q.*", {"r": 2, "s.0": 3, "s.1": 4}),
        ("q.s.*", {"0": 3, "1": 4}),
        ("*.r", {"q": 2}),
        ("*.*.1", {"q.s": 4}),
        ("none.*", {}),
        ("p.*", {"": 1}),
    ],
)
def test_a_star_stands_for_any_level_and_at_the_end_for_every_leaf(path: str, values: dict[str, object]) -> None:
    """What it stands for is the key of the value."""
    assert dict(walker(parse_path(path))({"p": 1, "q": {"r": 2, "s": [3, 4]}})) == values


@pytest.mark.parametrize(
    ("path", "names"),
    [("*", ["x", "y"]), ("y", ["0", "1"]), ("y.*", ["0", "1"]), ("y.*.z", ["0.0", "0.1"]), ("x", []), ("n", [])],
)
def test_elements_of_lists_and_objects_are_walked_in_their_order(path: str, names: list[str]) -> None:
    """Each comes with its name or number; what is neither list nor object has none."""
    document = {"x": 1, "y": [{"z": [1, 2]}, 5]}
    assert [name for name, _ in elements(parse_path(path))(document)] == names


def test_no_depth_of_nesting_ends_a_walk() -> None:
    """A thousand levels of lists are one leaf."""
    document: object = 7
    for _ in range(10_000):
        document = [document]
    ((key, value),) = walker(parse_path("*"))(document)
    assert (len(key), value) == (19_999, 7)

"""Paths reach every value of a document, whatever its keys are.

The kind of fault: more than one value in a payload, or a key with a dot in it, cannot be reached.
"""

import tracemalloc

import pytest

from edge.errors import ConfigurationError, PayloadError
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
    """Five hundred levels of lists are one leaf, and ten thousand have too long a key."""
    ((key, value),) = walker(parse_path("*"))(nested(500))
    assert (len(key), value) == (999, 7)
    ((key, value),) = walker(parse_path("*"))(nested(10_000))
    assert isinstance(value, PayloadError)


def nested(depth: int) -> object:
    """A number in so many lists."""
    document: object = 7
    for _ in range(depth):
        document = [document]
    return document


@pytest.mark.parametrize("inner", [1, [1] * 10, {"x": {"y": 2}}, "text"])
@pytest.mark.parametrize("key", ["k" * 1025, "k" * 256 + "\N{THERMOMETER}"])
def test_what_has_too_long_a_key_is_one_error_and_its_neighbours_are_walked(key: str, inner: object) -> None:
    """An emoji takes the room of four letters, and makes that of all others in its key four times as large."""
    document = {"a": {"b": 1, key: inner, "c": 2}, key: inner, "d": {"b": 3}}
    assert [type(value) for _, value in walker(parse_path("*"))(document)] == [int, PayloadError, int, PayloadError, int]
    assert [type(value) for _, value in walker(parse_path("*.b"))(document)] == [int, int]
    assert [type(value) for _, value in elements(parse_path("*"))(document)] == [dict, PayloadError, dict]
    assert [value for key, value in walker(parse_path("*"))({"k" * 1024: 1})] == [1]


def test_a_long_key_over_a_long_list_takes_the_memory_of_one() -> None:
    """Keys are joined one by one: those of all elements took 4 GB for a payload of 64 kB."""
    document = {"k" * 120 + "\N{THERMOMETER}": {"l" * 120: [1] * 20_000}}
    for walk in (walker(parse_path("*")), elements(parse_path("*.*.*"))):
        tracemalloc.start()
        assert sum(1 for _ in walk(document)) == 20_000
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 100_000

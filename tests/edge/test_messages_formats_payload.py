"""What a text takes in memory (kind: a limit in characters lets an emoji make four times as much of them)."""

import sys

import pytest

from edge.messages.formats.payload import memory_of, takes_more


@pytest.mark.parametrize(
    ("sign", "width"), [("a", 1), ("ü", 1), ("€", 2), ("\N{CJK UNIFIED IDEOGRAPH-6E29}", 2), ("\N{THERMOMETER}", 4)]
)
def test_a_text_takes_what_its_widest_character_needs(sign: str, width: int) -> None:
    """For each of its characters; Python keeps it so for good."""
    assert memory_of(sign + "a" * 99) == 100 * width
    assert not takes_more(sign + "a" * (64 // width - 1), 64)
    assert takes_more(sign + "a" * (64 // width), 64)
    assert sys.getsizeof(sign + "a" * 999) - sys.getsizeof(sign + "a" * 899) == 100 * width

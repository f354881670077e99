"""Two-state words become numbers (kind: states as numbers), and words of availability and wishes do not."""

from typing import TYPE_CHECKING

import pytest

from pipeline.samples.states import is_state, numbers_for, states_in

if TYPE_CHECKING:
    from pipeline.samples.leaves import Leaf, Path


@pytest.mark.parametrize(
    ("topic", "text", "state"),
    [
        ("a/door", "open", True),
        ("a/relay", "OFF", True),
        ("a/leak", "Wet", True),
        ("a/mode", "eco", False),
        ("a/relay/set", "ON", False),
        ("cmnd/a/POWER", "ON", False),
        ("a/availability", "online", False),
        ("a/LWT", "true", False),
        ("a/door", "", False),
    ],
)
def test_a_state_is_one_of_two_words_on_a_topic_that_measures(topic: str, text: str, *, state: bool) -> None:
    """In any case; whether a device is there measures nothing."""
    assert is_state(topic, text) == state


def test_leaves_are_states_by_their_word_and_their_name() -> None:
    """A setting that is on or off measures nothing."""
    measured: dict[Path, Leaf] = {("contact",): True, ("POWER1",): "ON", ("a", "waterLeak"): False}
    others: dict[Path, Leaf] = {("led_enabled",): True, ("state",): "auto", ("door",): 1}
    assert states_in({**measured, **others}) == {("contact",): "true", ("POWER1",): "ON", ("a", "waterLeak"): "false"}


def test_words_get_numbers_with_their_opposites_as_they_are_written() -> None:
    """So that a word counts that was not heard yet."""
    assert numbers_for(["ON", "ON", "open", "Closed"]) == {"ON": 1, "OFF": 0, "open": 1, "closed": 0, "Open": 1, "Closed": 0}
    assert numbers_for([]) == {}

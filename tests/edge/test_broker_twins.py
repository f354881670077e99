"""The copy of a message that comes first counts, and its twins are left out."""

from collections import Counter

import numpy as np
import pytest

from edge.broker.twins import FRESH, MOST, Twins
from edge.messages.message import Message


def copy(payload: bytes, *numbers: int, topic: str = "a/b", qos: int = 1, retained: bool = False) -> Message:
    """A message that was sent for these subscriptions."""
    return Message(topic, payload, 5, retained, 1, qos, 1, False, numbers)


def counting(copies: list[Message], subscriptions: int = 2) -> list[bytes]:
    """The payloads that count of copies that come at once, for so many subscriptions."""
    twins = Twins()
    return [message.payload for message in copies if not twins.leaves_out(message, subscriptions, 0.0)]


@pytest.mark.parametrize("numbers", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
def test_the_first_copy_counts_whichever_it_is(numbers: tuple[int, ...]) -> None:
    """A broker sends the copies in an order of its own."""
    assert counting([copy(payload, number) for payload in (b"1", b"2") for number in numbers], 3) == [b"1", b"2"]


def test_equal_messages_in_a_row_all_count() -> None:
    """A sensor may say the same again: the copies of the message before are complete, or for the same subscription."""
    assert counting([copy(b"1", number) for number in (1, 2, 1, 2, 2, 1)]) == [b"1", b"1", b"1"]
    assert counting([copy(b"1", 1), copy(b"1", 1), copy(b"1", 2)]) == [b"1", b"1"]


def test_a_copy_without_a_twin_counts() -> None:
    """The broker dropped the other one, or has no subscription for it any more, or kept it for nobody."""
    assert counting([copy(b"%d" % value, 2) for value in range(5)]) == [b"0", b"1", b"2", b"3", b"4"]
    assert counting([copy(b"1", 1, qos=0), copy(b"1", 2, qos=1)]) == [b"1", b"1"]


def test_one_copy_for_several_subscriptions_is_awaited_by_none() -> None:
    """A broker may send one with the identifiers of all; one that names only some of them loses nothing either."""
    assert counting([copy(b"1", 1, 2), copy(b"1", 1, 2), copy(b"1", 2)]) == [b"1", b"1", b"1"]
    assert counting([copy(b"1", 1), copy(b"1", 1)]) == [b"1", b"1"]
    assert counting([copy(b"1", 1, 2), copy(b"1", 3), copy(b"1", 3)], 3) == [b"1", b"1"]


def test_twins_have_topic_and_payload_in_common() -> None:
    """And both are retained, or neither is; what one has at its end the other may not have at its beginning."""
    assert len(counting([copy(b"1", 1), copy(b"2", 2)])) == 2
    assert len(counting([copy(b"1", 1), copy(b"1", 2, topic="a/c")])) == 2
    assert len(counting([copy(b"1a", 1, topic="b"), copy(b"1", 2, topic="ab")])) == 2
    assert len(counting([copy(b"1", 1, retained=True), copy(b"1", 2)])) == 2
    assert len(counting([copy(b"1", 1, qos=2), copy(b"1", 2, qos=1)])) == 1


def test_a_twin_is_awaited_for_a_minute() -> None:
    """An equal message of later is another one."""
    for after, left_out in ((FRESH - 1, True), (FRESH, False)):
        twins = Twins()
        assert not twins.leaves_out(copy(b"1", 1), 2, 0.0)
        assert twins.leaves_out(copy(b"1", 2), 2, after) is left_out


@pytest.mark.parametrize("others", [MOST - 1, MOST])
def test_what_is_awaited_has_a_limit(others: int) -> None:
    """Beyond it the oldest is forgotten, and its twin counts."""
    twins = Twins()
    for value in range(others + 1):
        assert not twins.leaves_out(copy(b"%d" % value, 1), 2, 0.0)
    assert twins.leaves_out(copy(b"0", 2), 2, 0.0) is (others < MOST)
    assert twins.leaves_out(copy(b"%d" % others, 2), 2, 0.0)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("equal", [True, False])
def test_no_message_is_lost_whichever_copies_are_missing(equal: bool, seed: int) -> None:
    """Of equal messages as many count as copies came for any one subscription, in whatever order all of them come.

    Where none is missing and no message is equal to another one, each counts once.
    """
    random = np.random.default_rng(seed)
    drops = bool(seed % 2)
    sure = int(random.integers(3))
    sent, came = Counter[bytes](), list[tuple[float, Message]]()
    for at in range(500):
        payload = b"%d" % (random.integers(3) if equal else at)
        sent[payload] += 1
        came += [
            (at + random.uniform(0.0, 5.0), copy(payload, number))
            for number in range(3)
            if number == sure or not drops or random.random() < 0.5
        ]
    came.sort(key=lambda pair: pair[0])
    found = Counter(counting([message for _, message in came], 3))
    assert all(found[payload] >= number for payload, number in sent.items())
    if not drops and not equal:
        assert found == sent

"""A message as an object."""

import gc

from edge.messages.message import Message


def test_messages_are_no_work_for_the_garbage_collector() -> None:
    """Thousands wait here, and it would look at each of them again and again."""
    message = Message("t/a", b"1", 5, retained=False, mid=1, qos=1, session=7)
    assert not gc.is_tracked(message)
    assert message == Message("t/a", b"1", 5, False, 1, 1, 7, dup=False)

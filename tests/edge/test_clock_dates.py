"""The clock of a server, from its answers."""

import pytest

from edge.clock.dates import seconds_ahead


def test_a_date_stands_for_the_middle_of_its_second() -> None:
    """The server said 12:00:10, we had 12:00:00: it is ahead by ten and a half, give or take half a second."""
    assert seconds_ahead("Thu, 15 Jan 2026 12:00:10 GMT", 1_768_478_400.0) == 10.5


@pytest.mark.parametrize("date", ["", "yesterday", "Thu, 99 Jan 2026 12:00:10 GMT", "Thu, 15 Jan 99999999 12:00:10 GMT"])
def test_what_is_no_date_tells_nothing(date: str) -> None:
    """Whatever a server sends."""
    assert seconds_ahead(date, 0.0) is None

"""What the measurement of discovery counts as found."""

from discovery import Heard, series_of, share
from simulated_messages import Published


def message(values: dict[str, float]) -> Published:
    """A message with these numbers."""
    return Published("t", repr(values).encode(), values)


def test_a_number_has_the_series_whose_readings_had_its_value_every_time() -> None:
    """Two numbers that were equal once are told apart by the next message; a rule may scale to a tenth."""
    messages = [message({"a": 1.0, "b": 1.0, "c": 210.0}), message({"a": 2.0, "b": 3.0, "c": 215.0})]
    readings = iter(([("s.a", 1.0), ("s.b", 1.0), ("s.c", 21.0)], [("s.a", 2.0), ("s.b", 3.0), ("s.c", 21.5)]))
    assert series_of(messages, lambda _: next(readings)) == {"a": "s.a", "b": "s.b", "c": "s.c"}


def test_numbers_that_share_a_series_do_not_count() -> None:
    """Nor does one whose readings have another value."""
    messages = [message({"a": 1.0, "b": 2.0, "c": 3.0})]
    assert series_of(messages, lambda _: [("s", 1.0), ("s", 2.0), ("t", 4.0)]) == {}


def test_the_share_is_that_of_the_numbers_with_a_forecast() -> None:
    """A number without a series, and one whose series is not forecast, are missing."""
    assert share(["a", "b", "c", "d"], {"a": "s", "b": "t", "c": "u"}, {"s", "t"}) == 0.5
    assert share([], {}, set()) == 0.0


def test_only_numbers_are_kept() -> None:
    """A message without any is not looked at again."""
    heard = Heard()
    heard.add(Published("t", b"Online"))
    heard.add(Published("u", b"1", {"u": 1.0}, {"v": 2.0}))
    assert (list(heard.messages), heard.measured, heard.housekeeping) == (["u"], {"u"}, {"v"})

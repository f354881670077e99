"""Error values of sensors are told from the other values of the same name (kind: what the number means)."""

import pytest

from pipeline.samples.sentinels import sentinels


@pytest.mark.parametrize(
    ("name", "rows", "found"),
    [
        ("temp", [[20.5, 21, -127, 21.5]], {-127.0: True}),
        ("temp", [[20.5, 21, 85, 85, 21.5]], {85.0: False}),
        ("temp", [[20.5, 21], [-127, -127], [22]], {-127.0: True}),
        ("co2", [[420, 430, 65535, 500]], {65535.0: True}),
        ("level", [[1, 2, 3, -999, -9999, 32767, -32768]], {-999.0: True, -9999.0: True, 32767.0: True, -32768.0: True}),
        ("boiler", [[45, 60, 85, 70]], {}),
        ("pressure", [[1000, 1001, 1002, 85]], {85.0: False}),
        ("level", [[160, 161, 162, 85]], {}),
        ("level", [[1, 1, 85, 1]], {85.0: False}),
        ("level", [[66, 66, 85, 66]], {}),
        ("rssi", [[-60, -60, -127, -60]], {}),
        ("pulses", [[65533, 65534, 65535, 65536]], {}),
        ("temp", [[-127, -127, 85]], {}),
        ("temp", [[20.5, 21, -127]], {}),
        ("temp", [], {}),
    ],
)
def test_a_value_far_from_all_others_that_devices_send_for_none(
    name: str, rows: list[list[float]], found: dict[float, bool]
) -> None:
    """One that can be measured as well is not certain, and nothing is told from few values."""
    assert {error.value: error.certain for error in sentinels(name, rows)} == found


def test_the_words_say_what_was_seen() -> None:
    """With the range of the others, and why."""
    (error,) = sentinels("t", [[20.5, 21, -127, 21.5]])
    assert error.words == "-127 came once, the others lie between 20.5 and 21.5; a DS18B20 that does not answer sends it"

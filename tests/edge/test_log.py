"""Lines about trouble that repeats."""

from edge.log import SILENCE, Grumbler


def test_the_same_kind_is_said_once_a_minute() -> None:
    """With the number of lines that were swallowed; another kind is said at once."""
    lines, now = list[str](), [0.0]
    grumbler = Grumbler(lines.append, lambda: now[0])
    for _ in range(4):
        grumbler.say("disk", "full")
    grumbler.say("store", "away")
    now[0] = SILENCE - 0.1
    grumbler.say("disk", "full")
    now[0] = SILENCE
    grumbler.say("disk", "still full")
    now[0] = 2 * SILENCE
    grumbler.say("disk", "full")
    assert lines == ["disk: full", "store: away", "disk: still full (and 4 more like it)", "disk: full"]


def test_a_line_holds_no_secret_of_a_message() -> None:
    """A log is pasted into forums."""
    lines = list[str]()
    Grumbler(lines.append).say("no_value", """expected a number in '{"ssid": "Home", "v": "x"}'""")
    assert lines == ["""no_value: expected a number in '{"ssid": ***, "v": "x"}'"""]

"""What was decided about a file is said once, and what was left out with its number."""

from edge.tables.notes import Notes


def test_sentences_come_once_and_counts_add_up() -> None:
    """In the order in which they came up; nothing is said of nothing."""
    notes = Notes()
    notes.decide(["numbers have a decimal comma", "x"])
    notes.decide(["x"])
    notes.leave_out("states", 2, "line 3")
    notes.leave_out("states", 1, "line 9")
    notes.leave_out("texts", 0, "line 1")
    assert notes.sentences == ["numbers have a decimal comma", "x", "states, left out: 3, first line 3"]

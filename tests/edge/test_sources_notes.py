"""What is left out is counted by reason."""

from edge.sources.notes import Notes


def test_a_reason_has_one_line_with_its_first_example() -> None:
    """And the number of times; nothing is said of what did not happen."""
    notes = Notes()
    notes.add("texts", "'a'", 2)
    notes.add("texts", "'b'", 1_000)
    notes.add("gaps", "c", 0)
    assert notes.lines() == ["texts: 1,002, such as 'a'"]

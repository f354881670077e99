"""What is said about the cells of a table is one short line."""

from edge.tables.words import empty_file, refused, shown


def test_a_refusal_names_the_place_in_one_short_line() -> None:
    """Line breaks and long cells are cut; a cell of blanks holds nothing."""
    assert str(refused("f.csv", "line 7", "a", "a number", "on")) == "f.csv, line 7, column 'a': expected a number; got 'on'"
    assert str(refused("f", "row 1", "a", "x", " \t")).endswith("got nothing")
    assert str(refused("f", "row 1", "a", "x", None)).endswith("got nothing")
    assert len(str(refused("f", "row 1", "a", "x", "y\n" * 9999))) < 150


def test_a_text_of_a_file_is_shown_short_and_in_quotes() -> None:
    """However long it is."""
    assert shown("a\n") == "'a\\n'"
    assert len(shown("x" * 9999)) < 100
    assert empty_file("f.csv").startswith("f.csv is empty; expected columns series,time,value")

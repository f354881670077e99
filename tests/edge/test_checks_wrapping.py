"""Long lines of a list, as a terminal shows them."""

import io
import string

from hypothesis import given
from hypothesis import strategies as st

from edge.checks.wrapping import width_of, wrapped

TEXT = "sensors/+/+ -> {device}.{metric}; topics that differ only in {site} give one series"
URL = "http://a-server-with-a-long-name.example.org:8086/a-database-with-a-long-name"


def test_the_rest_of_a_line_stands_below_its_text() -> None:
    """Of a terminal with 60 columns."""
    assert wrapped("ok    ingest: ", TEXT, 60).split("\n") == [
        "ok    ingest: sensors/+/+ -> {device}.{metric}; topics that",
        "              differ only in {site} give one series",
    ]


def test_where_there_is_no_terminal_the_line_stays_whole() -> None:
    """So that grep gives all of it."""
    assert width_of(io.StringIO()) is None
    assert wrapped("ok    ingest: ", TEXT, None) == f"ok    ingest: {TEXT}"


def test_below_a_long_beginning_the_rest_begins_left() -> None:
    """Else little would fit into a line."""
    assert wrapped("ok    a subject of thirty letters: ", "b" * 20 + " " + "c" * 20, 60).split("\n") == [
        "ok    a subject of thirty letters: bbbbbbbbbbbbbbbbbbbb",
        "      cccccccccccccccccccc",
    ]


def test_a_url_stays_whole() -> None:
    """It is copied from there."""
    assert URL in wrapped("ok    store: ", f"influxdb {URL} (not contacted)", 60).split()


@given(st.lists(st.text(string.ascii_letters + "-/.", min_size=1, max_size=40), max_size=20), st.integers(60, 200))
def test_no_word_is_lost_and_no_line_too_long(words: list[str], width: int) -> None:
    """Whatever the text and the width."""
    lines = wrapped("WRONG clock: ", " ".join(words), width).split("\n")
    assert " ".join(lines).split() == ["WRONG", "clock:", *words]
    assert max(map(len, lines)) <= width

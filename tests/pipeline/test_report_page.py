"""Tables and pages are readable, escaped, and complete without a network."""

import re

from pipeline.report.page import Grid, Picture, Section, html_report, markdown, number, percent

PNG = b"\x89PNG\r\n\x1a\n"


def test_numbers_have_three_significant_digits_and_absence_is_a_dash() -> None:
    """Small and large numbers are readable alike."""
    texts = [number(value) for value in (0.012345, 1.2345, 12.345, 1234.5, -0.5, 0.0, float("nan"), None)]
    assert texts == ["0.0123", "1.23", "12.3", "1,234", "-0.500", "0", "–", "–"]  # noqa: RUF001
    assert [percent(0.1482), percent(-0.05, sign=True), percent(None)] == ["14.8 %", "-5.0 %", "–"]  # noqa: RUF001


def test_markdown_cells_cannot_break_the_table() -> None:
    """Bars and line ends in names stay in their cell."""
    text = markdown(Grid(("a", "b"), (("x|y", "1\n2"),)))
    assert text == "| a | b |\n|---|---:|\n| x\\|y | 1 2 |\n"


def test_page_escapes_all_text_and_needs_nothing_else() -> None:
    """No script and no address get in, whatever a series is called."""
    evil = '<script src="http://evil">'
    page = html_report(evil, [Section(evil, (evil,), Grid((evil,), ((evil,),)), (Picture(PNG, evil),))])
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert page.count("&lt;script") == 8
    assert "prefers-color-scheme: dark" in page


def test_empty_parts_of_a_page_are_left_out() -> None:
    """A section without table and pictures is a heading with its paragraphs."""
    page = html_report("title", [Section("only words", ("one", "two"))])
    assert "<h2>only words</h2>\n<p>one</p>\n<p>two</p>\n</body>" in page
    assert "<table" not in page
    assert "<figure" not in page


def test_numbers_stand_on_the_right_and_text_on_the_left() -> None:
    """A sign, a digit or the dash of absence makes a number."""
    page = html_report("title", [Section("table", grid=Grid(("a", "b"), (("-0.5", "roof"), ("–", "+1 %"))))])  # noqa: RUF001
    assert page.count('<td class="text">') == 1
    assert '<td class="text">roof</td>' in page

"""Tables and numbers are readable."""

from pipeline.report.page import Grid, markdown, number, percent


def test_numbers_have_three_significant_digits_and_absence_is_a_dash() -> None:
    """Small and large numbers are readable alike."""
    texts = [number(value) for value in (0.012345, 1.2345, 12.345, 1234.5, -0.5, 0.0, float("nan"), None)]
    assert texts == ["0.0123", "1.23", "12.3", "1,234", "-0.500", "0", "–", "–"]  # noqa: RUF001
    assert [percent(0.1482), percent(-0.05, sign=True), percent(None)] == ["14.8 %", "-5.0 %", "–"]  # noqa: RUF001


def test_markdown_cells_cannot_break_the_table() -> None:
    """Bars and line ends in names stay in their cell."""
    text = markdown(Grid(("a", "b"), (("x|y", "1\n2"),)))
    assert text == "| a | b |\n|---|---:|\n| x\\|y | 1 2 |\n"

"""Tables and numbers are readable."""

from pipeline.report.page import Grid, beside_yesterday, gain, markdown, number, percent


def test_numbers_have_three_significant_digits_and_absence_is_a_dash() -> None:
    """Small and large numbers are readable alike."""
    texts = [number(value) for value in (0.012345, 1.2345, 12.345, 1234.5, -0.5, 0.0, float("nan"), None)]
    assert texts == ["0.0123", "1.23", "12.3", "1,234", "-0.500", "0", "–", "–"]  # noqa: RUF001
    assert [percent(0.1482), percent(-0.05, sign=True), percent(None)] == ["14.8 %", "-5.0 %", "–"]  # noqa: RUF001


def test_a_gain_below_minus_a_hundred_percent_is_told_in_words() -> None:
    """An error of more than twice; the sentence has both errors, and is there where the words are."""
    assert [gain(value) for value in (0.5, -1.0, -1.001, -722.35, float("-inf"))] == ["+50.0 %", "-100.0 %", *["far worse"] * 3]
    assert [gain(value) for value in (None, float("nan"))] == ["–"] * 2  # noqa: RUF001
    assert beside_yesterday(0.01, 0.00001) == "yesterday repeated is far better here: error 0.0100 beside 0.0000100"
    assert beside_yesterday(0.01, 0.0, "°C") == "yesterday repeated is exact here: error 0.0100 °C beside 0 °C"
    assert [beside_yesterday(*errors) for errors in ((2.0, 1.0), (0.0, 0.0), (float("nan"), 0.0))] == [""] * 3


def test_markdown_cells_cannot_break_the_table() -> None:
    """Bars and line ends in names stay in their cell."""
    text = markdown(Grid(("a", "b"), (("x|y", "1\n2"),)))
    assert text == "| a | b |\n|---|---:|\n| x\\|y | 1 2 |\n"

"""Tables and numbers of the terminal."""

import math

from rich.console import Console

from flows.output.tables import finite, known, rich_table
from pipeline.report.page import Grid

GRID = Grid(("name", "error", "use"), (("a", "1.5", "short"), ("longer", "10.25", "for long words")))


def lines(width: int = 80, **options: object) -> list[str]:
    """The table on a terminal of that width, without spaces at the end of lines."""
    console = Console(width=width)
    with console.capture() as captured:
        console.print(rich_table(GRID, **options))  # type: ignore[arg-type]
    return [line.rstrip() for line in captured.get().splitlines()]


def test_numbers_stand_to_the_right_and_names_to_the_left() -> None:
    """Two spaces between columns, no lines."""
    assert lines() == ["name    error             use", "a         1.5           short", "longer  10.25  for long words"]


def test_a_column_of_words_stands_to_the_left() -> None:
    """With a title above and one space between columns."""
    assert lines(title="Uses", gap=1, words=("use",)) == [
        "Uses",
        "name   error use",
        "a        1.5 short",
        "longer 10.25 for long words",
    ]


def test_words_that_do_not_fit_go_on_in_the_next_line() -> None:
    """Nothing is cut off."""
    assert "".join(line.split()[-1] for line in lines(24, words=("use",))[2:]).endswith("words")


def test_json_has_no_word_for_a_number_that_is_not_finite() -> None:
    """None stands for it; `known` rounds to six decimals, `finite` keeps the smallest gradient."""
    assert [finite(value) for value in (1e-9, math.nan, math.inf, None)] == [1e-9, None, None, None]
    assert [known(value) for value in (1 / 3, math.nan, -math.inf, None)] == [0.333333, None, None, None]


def test_names_stand_as_they_are() -> None:
    """One in brackets was left out, one like an end of markup ended the command, and one with a line break made two lines."""
    names = ("tank[level]", "a[/x]b", "[bold]", "two\nlines")
    console = Console(width=80)
    with console.capture() as captured:
        console.print(rich_table(Grid(("name", "error"), tuple((name, "1") for name in names))))
    assert [line.split()[0] for line in captured.get().splitlines()[1:]] == [*names[:3], "two\\nlines"]

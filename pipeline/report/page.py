"""Tables and numbers as text, for a terminal, for Markdown and for a browser."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edge.quoting import FAR, gained

DASH = "\N{EN DASH}"  # stands where there is no number


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of text.

    Args:
        headers: titles of the columns.
        rows: cells, as many in each row as there are headers.
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def number(value: float | None, digits: int = 3) -> str:
    """A number with that many significant digits; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return DASH
    if value == 0:
        return "0"
    return f"{value:,.{max(0, digits - 1 - math.floor(math.log10(abs(value))))}f}"


def percent(value: float | None, *, sign: bool = False) -> str:
    """A share in percent with one digit, 0.148 is 14.8 %; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return DASH
    return f"{100 * value:+.1f} %" if sign else f"{100 * value:.1f} %"


def gain(value: float | None) -> str:
    """A gain or a skill in percent with its sign; `far worse` below -100 %, a dash where there is none."""
    return gained(value, percent(value, sign=True))


def beside_yesterday(error: float, naive: float, unit: str = "") -> str:
    """What a gain below -100 % means; empty where the gain is not as low.

    Args:
        error: mean absolute error of the forecasts.
        naive: the same of the value one day before.
        unit: unit of both; empty where nobody has named it.
    """
    if not (math.isfinite(error) and math.isfinite(naive)) or error <= (1 - FAR) * naive:
        return ""
    better = "exact" if naive == 0 else "far better"
    texts = (f"{number(each)} {unit}".rstrip() for each in (error, naive))
    return f"yesterday repeated is {better} here: error {' beside '.join(texts)}"


def markdown(grid: Grid) -> str:
    """The table in Markdown, as GitHub and Prefect read it; first column left, the others right."""

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(" ".join(cell.replace("\\", "\\\\").replace("|", "\\|").split()) for cell in cells) + " |"

    rule = "|---|" + "---:|" * (len(grid.headers) - 1)
    return "\n".join([line(grid.headers), rule, *(line(row) for row in grid.rows)]) + "\n"

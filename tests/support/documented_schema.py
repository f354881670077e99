"""The tables of the stored rows, as docs/store.md has them: `python -m tests.support.documented_schema` writes them anew."""

import re
from pathlib import Path

from edge.contract.schema import MEASUREMENTS, SERIES, Kind, Measurement
from tests.support.documented import ROOT

PAGE = ROOT / "docs" / "store.md"
BEGIN, END = "<!-- schema -->\n", "<!-- end of schema -->"
TYPES = {Kind.FLOAT: "float", Kind.WHOLE: "integer", Kind.TEXT: "string"}


def schema() -> str:
    """A section for each measurement: its tags, and a table of its fields."""
    return "\n".join(map(_section, MEASUREMENTS))


def _section(measurement: Measurement) -> str:
    tags = ", ".join(f"`{tag}`" for tag in measurement.tags) + (", and those of the series" if measurement.described else "")
    rows = [f"| `{field.name}` | {TYPES[field.kind]} | {field.text} |" for field in measurement.fields]
    if measurement.quantiles:
        rows.insert(
            0, "| `q10`, `q50`, `q90` … | float | a quantile each, as `[fleet] quantiles` names them; 2.5 % is `q2_5` |"
        )
    table = f", in an SQLite file table `{SERIES}_meaning`" if measurement.name == SERIES else ""
    text = f"{measurement.text[0].upper()}{measurement.text[1:]}. Tags: {tags}{table}."
    return "\n".join([f"### `{measurement.name}`\n", f"{text}\n", "| field | type | |", "|---|---|---|", *rows, ""])


def rewrite(page: str) -> str:
    """A page with the tables that hold now."""
    head, _, rest = page.partition(BEGIN)
    return f"{head}{BEGIN}\n{schema()}\n{END}{rest.partition(END)[2]}"


def main(page: Path = PAGE) -> None:
    """Write the page anew."""
    page.write_text(re.sub(r"\n{3,}", "\n\n", rewrite(page.read_text("utf-8"))), "utf-8")


if __name__ == "__main__":
    main()

"""Tables and pages of text, for a terminal, for Markdown and for a browser."""

import math
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

DASH = "\N{EN DASH}"  # stands where there is no number

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --line: #d5d9de; --head: #f2f4f6; --quiet: #5a6470; }}
@media (prefers-color-scheme: dark) {{ :root {{ --line: #3c434b; --head: #23282e; --quiet: #a4afba; }} }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ line-height: 1.2; }}
h2 {{ margin-top: 2.5rem; }}
figure {{ margin: 1rem 0; }}
img {{ max-width: 100%; height: auto; background: #fff; border-radius: 6px; }}
figcaption, .quiet {{ color: var(--quiet); font-size: .9rem; }}
.table {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }}
th, td {{ border: 1px solid var(--line); padding: .3rem .6rem; text-align: right; vertical-align: top; }}
th {{ background: var(--head); }}
th:first-child, td:first-child, td.text {{ text-align: left; }}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of text.

    Args:
        headers: titles of the columns.
        rows: cells, as many in each row as there are headers.
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with the words that stand for it.

    Args:
        png: the file.
        caption: text that says the same as the picture.
    """

    png: bytes
    caption: str


@dataclass(frozen=True, slots=True)
class Section:
    """Part of a page; empty parts are left out.

    Args:
        title: heading.
        lines: paragraphs.
        grid: table; None for no table.
        pictures: pictures below the table.
    """

    title: str
    lines: tuple[str, ...] = ()
    grid: Grid | None = None
    pictures: tuple[Picture, ...] = ()


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


def markdown(grid: Grid) -> str:
    """The table in Markdown, as GitHub and Prefect read it; first column left, the others right."""

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(" ".join(cell.replace("\\", "\\\\").replace("|", "\\|").split()) for cell in cells) + " |"

    rule = "|---|" + "---:|" * (len(grid.headers) - 1)
    return "\n".join([line(grid.headers), rule, *(line(row) for row in grid.rows)]) + "\n"


def html_report(title: str, sections: Sequence[Section]) -> str:
    """A page that is complete in itself, without script or address, readable in light and dark; all text is escaped."""
    return PAGE.format(title=escape(title), body="\n".join(map(_section, sections)))


def _section(section: Section) -> str:
    parts = [f"<h2>{escape(section.title)}</h2>", *(f"<p>{escape(line)}</p>" for line in section.lines)]
    if section.grid is not None:
        head = "".join(f"<th>{escape(cell)}</th>" for cell in section.grid.headers)
        body = "\n".join("<tr>" + "".join(_cell(cell) for cell in row) + "</tr>" for row in section.grid.rows)
        parts.append(f'<div class="table"><table>\n<tr>{head}</tr>\n{body}\n</table></div>')
    for picture in section.pictures:
        data, caption = b64encode(picture.png).decode("ascii"), escape(picture.caption)
        parts.append(
            f'<figure><img alt="{caption}" src="data:image/png;base64,{data}"><figcaption>{caption}</figcaption></figure>'
        )
    return "\n".join(parts)


def _cell(text: str) -> str:
    """Numbers to the right, text to the left."""
    return f"<td>{escape(text)}</td>" if text[:1] in f"+-{DASH}0123456789" else f'<td class="text">{escape(text)}</td>'

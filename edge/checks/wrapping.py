"""Lines of a list as a terminal shows them: the rest of a long one stands below its text. Elsewhere lines stay whole."""

import shutil
import textwrap
from typing import TextIO

NARROWEST = 60  # columns: a narrower terminal breaks the lines itself
WIDEST_INDENT = 25  # columns in front of a text; below a wider beginning the rest is indented by the least
LEAST_INDENT = 6


def width_of(stream: TextIO) -> int | None:
    """Columns of the terminal that a stream writes to; None where it writes to a file or another program."""
    return max(shutil.get_terminal_size().columns, NARROWEST) if stream.isatty() else None


def wrapped(beginning: str, text: str, width: int | None) -> str:
    """A beginning and a text in lines of so many columns.

    Words stay whole, so one that is longer than a line, such as a URL, can still be copied.

    Args:
        beginning: beginning of the first line, such as a grade and a subject.
        text: text behind it.
        width: columns of a line; None: all in one line.
    """
    if width is None:
        return beginning + text
    indent = " " * (len(beginning) if len(beginning) <= WIDEST_INDENT else LEAST_INDENT)
    return textwrap.fill(
        beginning + text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, expand_tabs=False
    )

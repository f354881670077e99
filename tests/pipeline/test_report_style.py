"""The looks of a report, in both schemes of colours."""

import re

from pipeline.report.style import DAY_COLOURS, NIGHT_COLOURS, STYLE

NAME = r"--(\w+)"


def test_every_colour_is_there_by_day_and_by_night() -> None:
    """And none that is used is missing."""
    day, night = (set(re.findall(NAME + ":", colours)) for colours in (DAY_COLOURS, NIGHT_COLOURS))
    assert day == night
    assert set(re.findall(rf"var\({NAME}\)", STYLE)) <= day


def test_words_can_be_read_on_their_ground() -> None:
    """Text and its ground differ by at least 4.5 to 1, as WCAG 2.2 asks for."""
    for colours in (DAY_COLOURS, NIGHT_COLOURS):
        known = dict(re.findall(NAME + r": #(\w+);", colours))
        for ground in ("paper", "raised"):
            for words in ("ink", "quiet", "good", "bad"):
                light, dark = sorted((_luminance(known[words]), _luminance(known[ground])), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (words, ground)


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG defines it."""
    full = colour if len(colour) == 6 else "".join(2 * digit for digit in colour)
    shares = [int(full[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

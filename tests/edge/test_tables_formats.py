"""Formats of times that the user names, and those that a line of advice names.

Kind of fault: `31.01.2026` refused without a way to say what it means.
"""

import re
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import ConfigurationError
from edge.tables.formats import formats_of, pattern_of

FORMATS = ["%d.%m.%Y %H:%M:%S", "%m/%d/%y %H:%M", "%Y%m%d%H", "%Y-%m-%dT%H:%M:%S.%f", "%d-%m-%Y %I:%M %p"]


@given(st.sampled_from(FORMATS), st.datetimes(datetime(2000, 1, 1), datetime(2068, 1, 1)))  # noqa: DTZ001
def test_a_pattern_takes_what_its_format_writes(time_format: str, moment: datetime) -> None:
    """With the digits in the groups of their names."""
    match = re.fullmatch(pattern_of(time_format), moment.strftime(time_format))
    assert match is not None
    assert int(match["day"]) == moment.day
    assert int(match["month"]) == moment.month


@pytest.mark.parametrize("time_format", ["", "%H:%M", "%d.%m.", "%d.%m.%Y %d", "%j %Y", "%d.%m.%Y %q", "%Q"])
def test_a_format_without_a_date_is_refused(time_format: str) -> None:
    """And one with a letter that is not known, or twice."""
    with pytest.raises(ConfigurationError, match="--time-format"):
        pattern_of(time_format)


@pytest.mark.parametrize(
    ("time_format", "advice"),
    [
        ("DD.MM.YYYY HH:mm", "did you mean '%d.%m.%Y %H:%M'?"),
        ("yyyy-MM-dd HH:mm:ss", "did you mean '%Y-%m-%d %H:%M:%S'?"),
        ("TT.MM.JJJJ", "did you mean '%d.%m.%Y'?"),
        ("%F %T", "did you mean '%Y-%m-%d %H:%M:%S'?"),
        ("%d.%m.%Y %h:%M", "did you mean '%d.%m.%Y %H:%M'?"),
        ("Exel", "did you mean 'excel'?"),
        ("%d.%m.%Y %q", "or excel"),
        ("iso", "such as '%d.%m.%Y %H:%M'"),
    ],
)
def test_a_refusal_names_the_format_that_was_meant(time_format: str, advice: str) -> None:
    """As other programs write it; where nothing can be told an example stands at the end."""
    with pytest.raises(ConfigurationError) as caught:
        pattern_of(time_format)
    assert str(caught.value).endswith(advice)


@pytest.mark.parametrize(
    ("text", "formats"),
    [
        ("31.01.2026", ["%d.%m.%Y"]),
        ("31.01.26 12:00", ["%d.%m.%y %H:%M"]),
        ("1.2.2026 9:05:01", ["%d.%m.%Y %H:%M:%S"]),
        ("01/31/2026 07:00 PM", ["%m/%d/%Y %I:%M %p"]),
        ("31/01/2026 07:00:00.5", ["%d/%m/%Y %H:%M:%S.%f"]),
        ("31/01/2026 07h05", ["%d/%m/%Y %Hh%M"]),
        ("2026/01/31 12:00", ["%Y/%m/%d %H:%M"]),
        ("03/04/2026", ["%d/%m/%Y", "%m/%d/%Y"]),
        ("03/04/2026 07:00 PM", ["%m/%d/%Y %I:%M %p", "%d/%m/%Y %I:%M %p"]),
        ("26-10-15 00:00", ["%d-%m-%y %H:%M", "%y-%m-%d %H:%M"]),
        ("32-10-15", ["%y-%m-%d"]),
        ("31.01.2026 12:00 CEST", []),
        ("21.5", []),
        ("yesterday", []),
    ],
)
def test_every_format_that_reads_a_text_is_named(text: str, formats: list[str]) -> None:
    """The likeliest first: one of them alone would be taken for the right one."""
    assert formats_of(text) == formats
    assert all(re.fullmatch(pattern_of(known), text) for known in formats)

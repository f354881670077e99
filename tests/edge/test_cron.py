"""A cron line that cannot be one is noticed on the device, long before a trainer reads it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge.cron import check_cron
from edge.errors import ConfigurationError

WORDS = (
    "*",
    "?",
    "-",
    ",",
    "/",
    "#",
    "l",
    "L",
    "0",
    "1",
    "2",
    "5",
    "7",
    "9",
    "12",
    "24",
    "31",
    "60",
    "mon",
    "Fri",
    "jan",
    "DEC",
    "x",
)
FIELDS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map("".join)


@pytest.mark.parametrize(
    "text",
    [
        "0 3 * * *",
        "*/5 0-6 * * mon-fri",
        "0 22-2 * JAN,dec *",
        "0 0 L * *",
        "0 0 ? * sat#2",
        "0 0 * * l5",
        "5/10 * 1-31/2 * 7",
        "  00  03 * * 0 ",
    ],
)
def test_a_cron_line_is_taken(text: str) -> None:
    """Ranges, steps, lists, words, and the last day of a month."""
    check_cron(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "every day",
        "@daily",
        "* * * * * *",
        "* * * *",
        "60 * * * *",
        "0 24 * * *",
        "0 0 0 * *",
        "0 0 32 * *",
        "0 0 * 13 *",
        "0 0 * * 8",
        "0 0 * * monday",
        "0 0 mon * *",
        "*/0 * * * *",
        "1,2, * * * *",
        "1--2 * * * *",
        "0 0 * * 1#6",
        "٣ * * * *",
        "9" * 5000 + " * * * *",
        ",".join(["1"] * 1000) + " * * * *",
    ],
    ids=lambda text: text[:20],
)
def test_what_is_no_cron_line_is_refused(text: str) -> None:
    """Numbers have to fit their field, and the message shows a line that does."""
    with pytest.raises(ConfigurationError, match=r"is no cron line; write five fields in UTC, such as '0 3 \* \* \*'$"):
        check_cron(text)


@pytest.mark.training
@example("* * 9-L jan-0 l05")
@given(st.tuples(st.sampled_from(["0", "*"]) | FIELDS, *[st.just("*") | FIELDS] * 4).map(" ".join))
def test_what_prefect_takes_is_taken(text: str) -> None:
    """A fleet that is served today does not stop its devices tomorrow."""
    schedules = pytest.importorskip("prefect.schedules")
    try:
        schedules.Cron(text)
    except ValueError:
        return
    check_cron(text)

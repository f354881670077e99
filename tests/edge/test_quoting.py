"""Foreign text in lines of ours: short, printable, and nothing in it can make the line fail."""

import sys
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.quoting import (
    SHOWN,
    counted,
    did_you_mean,
    first_line,
    holds_secret,
    one_line,
    quoted,
    without_account,
    without_accounts,
    without_secrets,
)

ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.complex_numbers()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
)


@given(ANYTHING)
def test_anything_is_quoted_in_one_short_printable_line(value: object) -> None:
    """Of whatever type, with whatever characters."""
    assert quoted(value).isprintable()
    assert len(quoted(value)) <= SHOWN


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("on", "'on'"),
        (b"21.5C", "'21.5C'"),
        (b"\xff", "'\N{REPLACEMENT CHARACTER}'"),
        ("dach süd", "'dach süd'"),
        ("x\n2026-11-26 bundle is live", r"'x\n2026-11-26 bundle is live'"),
        ("\x1b[2J", r"'\x1b[2J'"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}", r"'\u202e'"),
        ("x" * 100, "'" + "x" * 56 + "..."),
        ([[1], 2], "a list of 2"),
        ({"a": 1}, "an object of 1"),
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        (-7, "-7"),
        (10**400, "a number of 1329 bits"),
        (1j, "a complex"),
    ],
)
def test_each_type_is_quoted_in_its_own_way(value: object, text: str) -> None:
    """Text as it is written in a program, numbers as they are, nestings by their size."""
    assert quoted(value) == text


def test_a_nesting_that_cannot_be_printed_is_quoted() -> None:
    """Its own text would raise RecursionError."""
    deep: list[object] = []
    for _ in range(sys.getrecursionlimit() * 20):
        deep = [deep]
    assert quoted(deep) == "a list of 1"


def test_quoting_costs_no_more_than_what_is_shown() -> None:
    """Of ten megabytes nothing but the beginning is decoded and escaped."""
    values = (b"\xff" * 10_000_000, "\0" * 10_000_000, 10**20_000)
    tracemalloc.start()
    for value in values:
        quoted(value)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 100_000


@given(st.text())
def test_a_line_is_one_line_and_says_the_same(text: str) -> None:
    """Printable text is left alone, whatever alphabet it is in."""
    assert one_line(text).isprintable()
    assert (one_line(text) == text) == text.isprintable()


def test_line_breaks_and_terminal_commands_are_escaped() -> None:
    """Nobody writes lines of ours."""
    assert one_line("bad\r\n2026-11-26 12:00 \x1b[31mlive\u2028süd") == r"bad\r\n2026-11-26 12:00 \x1b[31mlive\u2028süd"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("a://host/b", "a://host/b"),
        ("a://me:secret@host/b", "a://*@host/b"),
        ("a://me:sec/ret@1@host", "a://*@host"),
        ("me:secret@host", "*@host"),
    ],
)
def test_account_of_a_url_is_not_shown(url: str, shown: str) -> None:
    """Also where the URL is none, or the password holds a slash or an @."""
    assert without_account(url) == shown


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("tasmotta", "; did you mean 'tasmota'?"),
        ("SHELLY", "; did you mean 'Shelly'?"),
        ("evcc", ""),
        ("", ""),
        ("tasmota" * 10_000, ""),
    ],
)
def test_the_nearest_known_word_is_named_where_there_is_one(word: str, advice: str) -> None:
    """Small and large letters are the same; a word like none of them gets no advice."""
    assert did_you_mean(word, ["tasmota", "Shelly", "zigbee2mqtt"]) == advice


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"wifi_password": "a \\" b","ssid":"My Home","temp":5}', '{"wifi_password": ***,"ssid":***,"temp":5}'),
        ('{"Wifi":{"SSId":"Home","RSSI":78}}', '{"Wifi":{"SSId":***,"RSSI":78}}'),
        ('{"lat":52.5,"longitude": -13.4,"location":[1.5,2.5]}', '{"lat":***,"longitude": ***,"location":***}'),
        ('expected JSON, got {"token":"eyJhb...', 'expected JSON, got {"token":***'),
        ("user=me&password=x&y=1", "user=me&password=***&y=1"),
        ('{"flat":1,"location":"Kitchen","passed":3,"auth":null}', '{"flat":1,"location":"Kitchen","passed":3,"auth":null}'),
        ("set [agent] lateness = 5s; the key is missing", "set [agent] lateness = 5s; the key is missing"),
    ],
)
def test_a_line_shows_no_secret_of_a_message(text: str, shown: str) -> None:
    """Passwords, names of networks and places; what is cut off in the middle as well."""
    assert without_secrets(text) == shown


@given(st.text("passwdlatin\"':=[]{}\\ ", max_size=200))
def test_any_line_is_searched_for_secrets(text: str) -> None:
    """Whatever it holds, the answer is a line."""
    assert "***" in without_secrets(text) or without_secrets(text) == text


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("https://me:pw@host/a", True),
        ("postgresql+psycopg://me:pw@host/a", True),
        ("https://host/a?X-Amz-Signature=abc", True),
        ("https://host/a?ref=main&private_token=abc", True),
        ("postgresql://me@host/a?password=abc", True),
        ("https://me@host:8080/a:b@c?ref=main", False),
        ("influxdb://host:8086/a?org=my-org", False),
        ("sqlite:////a:b@c/d.db", False),
    ],
)
def test_a_url_with_a_secret_is_found(url: str, *, secret: bool) -> None:
    """Before the host, or as an option with such a name."""
    assert holds_secret(url) is secret


def test_no_line_shows_the_account_of_a_url() -> None:
    """As the error of a library quotes it, whatever signs a password has."""
    line = "error 401 for 'https://me:p@ss:w@host:1/api' and http://other/a@b, tcp://x@y"
    assert without_accounts(line) == "error 401 for 'https://*@host:1/api' and http://other/a@b, tcp://*@y"
    assert without_accounts("://" * 100_000) == "://" * 100_000


def test_of_an_error_the_first_line_is_said() -> None:
    """One that says nothing has the name of its class."""
    assert [first_line(error) for error in (ValueError("one\ntwo"), ValueError())] == ["one", "ValueError"]


def test_one_of_a_thing_is_not_called_several() -> None:
    """Words whose plural has no s are given with it."""
    told = [counted(number, "reading") for number in (0, 1, 2, 2000)]
    assert told == ["0 readings", "1 reading", "2 readings", "2,000 readings"]
    assert [counted(number, "child", "children") for number in (1, 2)] == ["1 child", "2 children"]

"""What is no TOML is named by its line, and by what to write there."""

import tomllib

import pytest

from edge.config.syntax import explained


def said_of(text: str) -> str:
    """What is said of a text that is no TOML."""
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(text)
    return explained(text, caught.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[mqtt]\ntopic = sensors/{a}\n", "line 2, 'topic = sensors/{a}': texts stand in quotation marks, such as"),
        (
            "a = True",
            "line 1, 'a = True': texts stand in quotation marks, such as topic = \"a/b\"; numbers have a point",
        ),
        ("\na : 1", "line 2, 'a : 1': a line is key = value"),
        ("min = 1,5", "line 1, 'min = 1,5': a line has one key; texts stand in quotation marks, and numbers have a point"),
        ("a = 'x", 'line 1, "a = \'x": a text has no quotation mark at its end'),
        ('a = "x', "line 1, 'a = \"x': a text has no quotation mark at its end"),
        ('a = "x\nb = 1', "line 1, 'a = \"x': a text ends on its own line"),
        ('a = "C:\\x"', "line 1, 'a = \"C:\\\\x\"': a backslash in a text is written twice, or"),
        ("a = [1\nb = 2", "line 2, 'b = 2': a list above this line has no ] at its end"),
        ("[mqtt\nurl = 1", "line 1, '[mqtt': the name of a section stands in brackets, such as [mqtt]"),
        ("[[ingest]\n", "line 1, '[[ingest]': a section that may come several times begins with [["),
        ("[mqtt]\n[mqtt]\n", "line 2, '[mqtt]': the section [mqtt] is there twice; keep one of them"),
        ("[a.b]\n[a.b]\n", "line 2, '[a.b]': the section [a.b] is there twice; keep one of them"),
        ("a = 1\na = 2\n", "line 2, 'a = 2': a key or a section is there twice; keep one of them"),
        ("map = {ON = 1,}", "line 1, 'map = {ON = 1,}': a name with other signs than letters"),
        ("ü = 1", "line 1, 'ü = 1': a line is a section such as [mqtt], or key = value; other lines begin with #"),
    ],
)
def test_a_line_is_shown_with_what_to_write_there(text: str, line: str) -> None:
    """For the mistakes that people make; others keep the words of the parser."""
    assert said_of(text).startswith(line)


def test_no_line_shows_a_password() -> None:
    """Neither of a key that is called so, nor of a URL."""
    assert said_of("password = hunter2").startswith("line 1, 'password = ...': texts stand in quotation marks")
    assert said_of("url = mqtt://me:hunter2@host").startswith("line 1, 'url = mqtt://*@host': ")

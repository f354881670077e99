"""Numbers and foreign text in our own lines: short, printable, on one line.

Quoting never fails; its time grows with the length only.
"""

import difflib
import re
from collections.abc import Iterable

SHOWN = 60  # characters of a foreign value that a line shows
FAR = -1.0  # a gain below this is told in words: beside an error of nearly 0 its percentage says nothing
_SIGNS = (
    "pass",
    "pwd",
    "secret",
    "token",
    "key",
    "psk",
    "ssid",
    "cred",
    "auth",
    "lat",
    "lon",
    "lng",
    "coord",
    "gps",
    "pos",
    "loca",
)
_SECRET = re.compile(
    r"""((?:pass(?:w\w*|phrase|code|key)?|pwd|secret|token|api_?key|psk|ssid|credentials?|auth(?:orization)?|
    \blat(?:itude)?|\blon(?:gitude)?|\blng)"?\s*[:=]\s*)(?!\s|[{\[]|null\b)("(?:[^"\\]|\\.)*"?|[^\s,;&}\]]+)
    |((?:coordinates|location|position|gps)"?\s*[:=]\s*)\[[^\]]*\]?""",
    re.IGNORECASE | re.VERBOSE,
)
_ACCOUNT = re.compile(r"(://)[^/\s]*@")
_SECRET_OPTION = re.compile(r"(?:^|[&;_.-])(?:pass\w*|pwd|secret|\w*token|\w*key|sig\w*|auth\w*|credential\w*)=", re.IGNORECASE)


def counted(number: int, word: str, plural: str = "") -> str:
    """A number with what it counts: `1 reading`, `2,000 readings`.

    Args:
        number: number of things.
        word: word for one of them.
        plural: word for several, where it is not the other one with an s.
    """
    return f"{number:,} {word if number == 1 else plural or f'{word}s'}"


def gained(gain: float | None, percent: str) -> str:
    """A gain or a skill in words: its percentage, or `far worse` where the error is more than twice the other one.

    Args:
        gain: share by which an error is below another one; None where it is not known.
        percent: the same as text.
    """
    return "far worse" if gain is not None and gain < FAR else percent


def quoted(value: object, most: int = SHOWN) -> str:
    """A foreign value as an error text shows it.

    Lists and objects are named by their size: a nesting that could be read may be too deep to be printed.

    Args:
        value: bytes, text, or what a JSON document holds.
        most: characters.
    """
    if isinstance(value, bytes):
        text = repr(value[:most].decode("utf-8", "replace"))
    elif isinstance(value, str):
        text = repr(value[:most])
    elif isinstance(value, list):
        return f"a list of {len(value)}"
    elif isinstance(value, dict):
        return f"an object of {len(value)}"
    elif value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    elif isinstance(value, int):
        text = repr(value) if value.bit_length() <= 3 * most else f"a number of {value.bit_length()} bits"
    elif isinstance(value, float):
        text = repr(float(value))
    else:
        return f"a {type(value).__name__}"
    cut = isinstance(value, bytes | str) and len(value) > most
    return f"{text[: most - 3]}..." if cut or len(text) > most else text


def shortened(payload: bytes, most: int) -> str:
    """The beginning of a payload as text, of so many characters at most; it ends with `...` where it was cut."""
    text = payload[: 4 * most].decode("utf-8", "replace")
    return text if len(text) <= most and len(payload) <= 4 * most else f"{text[: most - 3]}..."


def without_secrets(text: str) -> str:
    """A line that quotes a message, with *** for passwords, names of networks and places: logs are pasted into forums."""
    small = text.lower()
    if not any(sign in small for sign in _SIGNS):
        return text
    return _SECRET.sub(lambda match: f"{match[1] or match[3]}***", text)


def one_line(text: str) -> str:
    """The text with what is not printable escaped: line breaks and a terminal's commands would pass for lines of ours."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


def first_line(error: BaseException) -> str:
    """The first line of what an error says; the name of its class where it says nothing."""
    return str(error).partition("\n")[0] or type(error).__name__


def without_account(url: str) -> str:
    """The URL with a * for what stands before the last @: there may be a password, and a line of a log is read by many."""
    account, at, rest = url.rpartition("@")
    scheme, slashes, _ = account.partition("//")
    return f"{scheme + slashes if slashes else ''}*@{rest}" if at else url


def without_accounts(text: str) -> str:
    """A line with a * for the account in each URL of it, as in the error of a library."""
    return _ACCOUNT.sub(r"\1*@", text)


def holds_secret(url: str) -> bool:
    """Whether a URL has a password before the @ of its host, or an option behind the ? whose name is that of a secret."""
    host, _, options = url.partition("?")
    account, at, _ = host.partition("://")[2].partition("/")[0].rpartition("@")
    return bool(at and ":" in account) or _SECRET_OPTION.search(options) is not None


def did_you_mean(word: str, words: Iterable[str], alike: float = 0.6) -> str:
    """The known word that is most like another one, as the end of a line: "; did you mean 'x'?"; "" where none is.

    Args:
        word: the word that is not known.
        words: known words.
        alike: least likeness, 0 to 1; small and large letters are the same.
    """
    known = {name.lower(): name for name in words}
    near = difflib.get_close_matches(word[:SHOWN].lower(), known, n=1, cutoff=alike)
    return f"; did you mean {known[near[0]]!r}?" if near else ""

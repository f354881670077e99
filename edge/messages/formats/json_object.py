"""`json`: a JSON document, also as devices write it: with bare `nan`, in other encodings, with bytes behind its end."""

import json
import math
import re
from contextlib import suppress

import msgspec

from edge.errors import PayloadError
from edge.messages.advice import for_text
from edge.messages.formats.payload import text_of
from edge.quoting import quoted

# A text, closed or not, or a number that is none; a text is matched so that nothing inside of it is. A quotation mark begins
# a match, also where a backslash ends the payload: else each of them would be looked at to the end of it.
_WORDS = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|(?<![\w.])([+-]?)(nan|inf(?:inity)?)\b', re.IGNORECASE | re.DOTALL)
_NULL = re.compile(rb'("[^"\\]*")\s*:\s*null\b')
_decode = msgspec.json.Decoder().decode


def read_json(payload: bytes) -> object:
    """The document.

    Raises:
        PayloadError: no JSON (`bad_json`).
    """
    try:
        document = _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _read_anyhow(payload)
    except RecursionError as error:
        raise _too_deep(payload) from error
    if b"null" in payload and _may_hide_a_value(payload):
        with suppress(PayloadError):  # a nesting that only the other decoder can read
            return _read_anyhow(payload)
    return document


def _read_anyhow(payload: bytes) -> object:
    try:
        return _read_loosely(text_of(payload))
    except ValueError as error:
        advice = for_text(text_of(payload), '"plain"')
        raise PayloadError("bad_json", f"expected JSON, got {quoted(payload)}", advice) from error
    except RecursionError as error:
        raise _too_deep(payload) from error


def _may_hide_a_value(payload: bytes) -> bool:
    """Whether a key that stands twice has a null: of two values of a key the last one would count."""
    return any(payload.count(key) > 1 for key in set(_NULL.findall(payload)))


def _too_deep(payload: bytes) -> PayloadError:
    return PayloadError("bad_json", f"expected JSON of at most some hundred levels, got {quoted(payload)}")


def _read_loosely(text: str) -> object:
    text = _WORDS.sub(_word, text)
    document, end = _DECODER.raw_decode(text)
    rest = text[end:].strip("\0 \t\r\n")
    # What is left of an earlier, longer payload is no part of this one; a second document would be lost in silence.
    if rest and (not isinstance(document, dict | list) or rest.lstrip(",; \t\r\n\0\x1e")[:1] in ("{", "[")):
        raise ValueError(rest)
    return document


def _last_values(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """The object of these pairs; of a key that stands twice the last value that is one counts."""
    values: dict[str, object] = {}
    for key, value in pairs:
        nothing = value is None or (isinstance(value, float) and not math.isfinite(value))
        if not nothing or values.get(key) is None:
            values[key] = value
    return values


_DECODER = json.JSONDecoder(strict=False, object_pairs_hook=_last_values)


def _word(match: re.Match[str]) -> str:
    if match[2] is None:
        return match[0]
    if match[2].lower() == "nan":
        return "NaN"
    return "-Infinity" if match[1] == "-" else "Infinity"

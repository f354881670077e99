"""`json`: a JSON document, also as devices write it: with bare `nan`, in other encodings, with bytes behind its end."""

import json
import re

import msgspec

from edge.errors import PayloadError
from edge.messages.formats.payload import text_of
from edge.quoting import quoted

# A text, closed or not, or a number that is none; a text is matched so that nothing inside of it is.
_WORDS = re.compile(r'"(?:[^"\\]|\\.)*(?:"|$)|(?<![\w.])([+-]?)(nan|inf(?:inity)?)\b', re.IGNORECASE | re.DOTALL)
_DECODER = json.JSONDecoder(strict=False)
_decode = msgspec.json.Decoder().decode


def read_json(payload: bytes) -> object:
    """The document.

    Raises:
        PayloadError: no JSON (`bad_json`).
    """
    try:
        return _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    except RecursionError as error:
        raise _refusal(payload) from error
    try:
        return _read_loosely(text_of(payload))
    except (ValueError, RecursionError) as error:
        raise _refusal(payload) from error


def _refusal(payload: bytes) -> PayloadError:
    return PayloadError("bad_json", f"expected JSON, got {quoted(payload)}")


def _read_loosely(text: str) -> object:
    text = _WORDS.sub(_word, text)
    document, end = _DECODER.raw_decode(text)
    rest = text[end:].strip("\0 \t\r\n")
    # What is left of an earlier, longer payload is no part of this one; a second document would be lost in silence.
    if rest and (not isinstance(document, dict | list) or "{" in rest or "[" in rest):
        raise ValueError(rest)
    return document


def _word(match: re.Match[str]) -> str:
    if match[2] is None:
        return match[0]
    if match[2].lower() == "nan":
        return "NaN"
    return "-Infinity" if match[1] == "-" else "Infinity"

"""Which format a payload has, and the document in it."""

import re
from dataclasses import dataclass, replace
from functools import cache

from edge.errors import ConfigurationError, PayloadError
from edge.messages.formats.payload import Options, Stateful, text_of
from edge.messages.formats.table import FORMATS
from pipeline.samples.states import is_state

SPARKPLUG = "spBv1.0/"
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
PLAIN = re.compile(_NUMBER)
_WITH_COMMA = r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+),\d+"
_COMMA = re.compile(_WITH_COMMA)
# 1 234,5 is a number that no rule reads, and no table.
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:[ '\u2019\u00a0\u202f]\d{3})+(?:[.,]\d+)?")
_SUFFIXED = re.compile(rf"({_WITH_COMMA}|{_NUMBER})\s*([^\d\s.,;:=/+-][^\d\s,;:=]{{0,9}})")
_LINE = re.compile(r"[^\s,=]+(?:,[^\s,=]+=[^\s,]+)* +[^\s,=]+=[^\s,]+")
LONGEST_WORD = 40  # characters of a state


@dataclass(frozen=True, slots=True)
class Content:
    """What a payload holds.

    Args:
        format: name of its format.
        document: content as its format gives it.
        decimal: decimal sign of a number that is a text, or "" where it says nothing.
        suffix: whether a unit stands behind the number.
        columns: number of columns of a table without a header; 0 elsewhere.
    """

    format: str
    document: object
    decimal: str = ""
    suffix: bool = False
    columns: int = 0


def content_of(topic: str, payload: bytes) -> Content | None:
    """Format and document of a payload; None where it holds no numbers and no states in a format that is known.

    Args:
        topic: topic of the message.
        payload: its bytes.
    """
    if topic.startswith(SPARKPLUG):
        return Content("sparkplug", None) if can_read_sparkplug() else None
    beginning = payload[:256].lstrip(b"\xef\xbb\xbf \t\r\n\0")
    if beginning[:1] in (b"{", b"["):
        return _json(payload)
    if b"\0" in payload[:256] and not payload.startswith((b"\xff\xfe", b"\xfe\xff")) and any(payload[1:256:2]):
        return None
    text = text_of(payload)
    return Content("plain", text) if is_state(topic, text) else _text(text)


@cache
def can_read_sparkplug() -> bool:
    """Whether the package that Sparkplug needs is installed."""
    try:
        FORMATS["sparkplug"].make(Options())
    except ConfigurationError:
        return False
    return True


def word_of(payload: bytes) -> str | None:
    """The payload where it is one short word such as `ON`; else None."""
    text = text_of(payload[: 4 * LONGEST_WORD])
    odd = any(sign.isdigit() or sign in "{}[]" for sign in text)
    return text if 0 < len(text) <= LONGEST_WORD and text.isprintable() and not odd else None


def _json(payload: bytes) -> Content | None:
    document = _document("json", payload)
    if not isinstance(document, dict | list):
        return None
    if _is_senml(document) and _document("senml", payload) is not None:
        return Content("senml", document)
    return Content("json", document)


def _is_senml(document: object) -> bool:
    """Whether every element of a list has the short names of SenML and no others."""
    if not isinstance(document, list) or not document or not all(isinstance(record, dict) for record in document):
        return False
    keys = {key for record in document for key in record}
    named = any("n" in record or "bn" in record for record in document)
    valued = any("v" in record or "vs" in record or "vb" in record for record in document)
    return named and valued and all(len(str(key)) <= 4 for key in keys)


def _text(text: str) -> Content | None:
    if PLAIN.fullmatch(text):
        return Content("plain", text)
    if _COMMA.fullmatch(text):
        return Content("plain", text, decimal=",")
    match = _SUFFIXED.fullmatch(text)
    if match is not None:
        return Content("plain", text, decimal="," if "," in match[1] else "", suffix=True)
    if _LINE.match(text):
        document = _document("line_protocol", text.encode())
        return Content("line_protocol", document) if document else None
    if _GROUPED.fullmatch(text):
        return None
    return _table(text) if any(sign in text for sign in ",;\t") else None


def _table(text: str) -> Content | None:
    """A table: rows with numbers, with a header or without one."""
    document = _document("csv", text.encode())
    rows = document if isinstance(document, list) else []
    cells = [cell for row in rows for cell in (row.values() if isinstance(row, dict) else row if isinstance(row, list) else ())]
    comma = any(isinstance(cell, str) and _COMMA.fullmatch(cell) for cell in cells)
    if not any(isinstance(cell, str) and is_number(cell) for cell in cells) or len(cells) < 2 * len(rows):
        return None
    columns = 0 if isinstance(rows[0], dict) else max(len(row) for row in rows if isinstance(row, list))
    return Content("csv", rows, decimal="," if comma else "", columns=columns)


def is_number(text: str) -> bool:
    """Whether a text is a number, with a decimal point or a decimal comma."""
    return PLAIN.fullmatch(text) is not None or _COMMA.fullmatch(text) is not None


def _document(name: str, payload: bytes) -> object:
    """The document as the format reads it; None where it does not."""
    read = FORMATS[name].make(Options())
    if isinstance(read, Stateful):
        return None
    try:
        return read(payload)
    except PayloadError:
        return None


def merged(left: Content, right: Content) -> Content:
    """What holds for two payloads of one topic: a decimal comma or a unit in one of them counts for both."""
    return replace(left, decimal=left.decimal or right.decimal, suffix=left.suffix or right.suffix)

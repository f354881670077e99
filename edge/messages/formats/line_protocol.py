"""`line_protocol`: lines as InfluxDB takes them and Telegraf publishes them.

The grammar is that of https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
"""

import re

from edge.contract.times import FRACTIONAL
from edge.errors import PayloadError
from edge.messages.formats.payload import decoded
from edge.quoting import quoted

# A backslash is a character like others where it stands before no sign that it can escape. No text is matched in two ways.
_KEY = r"(?:[^,= \n\\]|\\[,= ]|\\(?![,= ]))+"
_MEASUREMENT = r"(?:[^, \n\\]|\\[, ]|\\(?![, ]))+"
_HEAD = re.compile(rf"({_MEASUREMENT})((?:,{_KEY}={_KEY})*) +")
_TAG = re.compile(rf",({_KEY})=({_KEY})")
_FIELD = re.compile(rf'({_KEY})=("(?:[^"\\]|\\.)*"|[^, \r\n"]+)(,?)', re.DOTALL)
_END = re.compile(r"(?: +([+-]?[0-9]{1,19}))?[ \r]*(?:\n|\Z)")
_ESCAPED, _ESCAPED_TEXT = re.compile(r"\\([,= ])"), re.compile(r'\\(["\\])')
_FLOAT, _INTEGER = re.compile(FRACTIONAL), re.compile(r"[+-]?[0-9]{1,20}[iu]")
_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*(?:\n|\Z))*")
_NO_NUMBER = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_STATES = {
    **dict.fromkeys(("t", "T", "true", "True", "TRUE"), True),
    **dict.fromkeys(("f", "F", "false", "False", "FALSE"), False),
}
_RANGES = {"i": (-(1 << 63), 1 << 63), "u": (0, 1 << 64)}


def read_lines(payload: bytes) -> list[object]:
    """The lines, an object each: `measurement`, `tags`, `fields`, `time` where it stands there, and `source`, a name of it.

    A line that is broken, or a field without a value, is an error in the place of the line, after what is good of it. A number
    that is not finite is null.

    Raises:
        PayloadError: not one line (`bad_payload`).
    """
    text, position = decoded(payload).strip("\0"), 0
    lines: list[object] = []
    while (position := _end_of(_BLANK.match(text, position), position)) < len(text):
        position = _read_line(text, position, lines)
    if not lines:
        raise PayloadError("bad_payload", f"expected lines of measurement, tags, fields and time, got {quoted(payload)}")
    return lines


def _end_of(match: re.Match[str] | None, position: int) -> int:
    return match.end() if match is not None else position


def _read_line(text: str, start: int, lines: list[object]) -> int:
    """Add what a line gives; returns where the next one begins."""
    head = _HEAD.match(text, start)
    position, fields, faults = _end_of(head, start), {}, []
    more = head is not None
    while more and (field := _FIELD.match(text, position)) is not None:
        key, value, comma = field.groups()
        position, more = field.end(), bool(comma)
        try:
            fields[_plain(key)] = _value_of(value)
        except ValueError:
            faults.append(PayloadError("bad_value", f"expected a value of field {quoted(key)}, got {quoted(value)}"))
    pairs = sorted((_plain(tag), _plain(value)) for tag, value in _TAG.findall(head[2])) if head is not None else []
    tags = dict(pairs)
    end = None if more or len(tags) < len(pairs) else _END.match(text, position)  # which of two tags of a name counts?
    if head is None or end is None:
        after = text.find("\n", start)
        line = text[start:] if after < 0 else text[start:after]
        lines.append(PayloadError("bad_payload", f"expected measurement, tags, fields and time, got {quoted(line)}"))
        return len(text) if after < 0 else after + 1
    measurement = _plain(head[1])
    line_of = {"source": _source(measurement, tags, head), "measurement": measurement, "tags": tags, "fields": fields}
    lines += [line_of if end[1] is None else {**line_of, "time": int(end[1])}] if fields else []
    lines += faults
    return end.end()


def _source(measurement: str, tags: dict[str, str], head: re.Match[str]) -> str:
    """A name for measurement and tags: their texts joined with dots, or where one holds a dot, as line protocol writes them."""
    texts = (measurement, *tags.values())
    if len(texts) == 1 or not any("." in text or "," in text for text in texts):
        return ".".join(texts)
    return f"{head[1]}{''.join(sorted(f',{key}={value}' for key, value in _TAG.findall(head[2])))}"


def _plain(text: str) -> str:
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


def _value_of(text: str) -> object:
    """A number, a truth value, a text, or None for a number that is not finite.

    Raises:
        ValueError: none of them.
    """
    if text[0] == '"':
        return _ESCAPED_TEXT.sub(r"\1", text[1:-1])
    if _FLOAT.fullmatch(text):
        return float(text)
    if text in _STATES:
        return _STATES[text]
    if _INTEGER.fullmatch(text):
        number, (least, beyond) = int(text[:-1]), _RANGES[text[-1]]
        if least <= number < beyond:
            return number
    if _NO_NUMBER.fullmatch(text):
        return None
    raise ValueError

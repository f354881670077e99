"""`json`: a JSON object with a path to the value and one to the time."""

import msgspec

from edge.contract.times import parse_time
from edge.errors import PayloadError
from edge.messages.formats.payload import Fields, parse_value
from edge.quoting import quoted


class JsonObject:
    """Reads `{"value": 21.5, "time": "2026-01-31T12:00:00Z"}`, at whatever depth the two stand.

    Args:
        fields: paths to value and time, and the unit of a numeric time.
    """

    def __init__(self, fields: Fields) -> None:
        self.timed = fields.time is not None
        self._value = fields.value.split(".")
        self._time = fields.time.split(".") if fields.time is not None else None
        self._unit = fields.time_unit

    def decode(self, payload: bytes, arrival: int) -> tuple[int, float]:
        """As `Format.decode`."""
        try:
            document = msgspec.json.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise PayloadError("bad_json", f"expected JSON, got {quoted(payload)}") from error
        value = document
        for level in self._value:
            if not isinstance(value, dict) or level not in value:
                plain = '; for a number alone set [[ingest]] format = "plain"' if isinstance(document, int | float) else ""
                raise PayloadError("no_value", f"expected a value at {'.'.join(self._value)!r} in {quoted(payload)}{plain}")
            value = value[level]
        number = parse_value(value)
        if self._time is None:
            return arrival, number
        moment = document
        for level in self._time:
            if not isinstance(moment, dict) or level not in moment:
                missing = f"expected a time at {'.'.join(self._time)!r} in {quoted(payload)}"
                raise PayloadError("no_time", f'{missing}; for payloads without a time set [[ingest]] time = ""')
            moment = moment[level]
        return parse_time(moment, self._unit), number

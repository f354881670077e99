"""`plain`: a payload that is just the number; its time is that of its arrival."""

from edge.messages.formats.payload import Fields, parse_value


class Plain:
    """Reads `21.5`.

    Args:
        fields: not used; a number alone has no paths.
    """

    timed = False

    def __init__(self, fields: Fields) -> None:
        del fields

    def decode(self, payload: bytes, arrival: int) -> tuple[int, float]:
        """As `Format.decode`."""
        return arrival, parse_value(payload.strip().decode("ascii", "replace"))

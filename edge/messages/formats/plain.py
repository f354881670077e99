"""`plain`: a payload that is just the number, or a word that the rule maps to one."""

from edge.messages.formats.payload import text_of


def read_plain(payload: bytes) -> object:
    """The text of `21.5`."""
    return text_of(payload)

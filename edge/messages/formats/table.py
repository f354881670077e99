"""The table of payload formats: the name in `[[ingest]] format`, and what reads it."""

from collections.abc import Callable

from edge.errors import ConfigurationError
from edge.messages.formats.json_object import JsonObject
from edge.messages.formats.payload import Fields, Format
from edge.messages.formats.plain import Plain

FORMATS: dict[str, Callable[[Fields], Format]] = {
    "json": JsonObject,
    "plain": Plain,
}


def open_format(name: str, fields: Fields) -> Format:
    """The format of that name, ready to read.

    Raises:
        ConfigurationError: there is no such format.
    """
    if name not in FORMATS:
        raise ConfigurationError(f"[[ingest]] format: expected one of {', '.join(FORMATS)}; got {name!r}")
    return FORMATS[name](fields)

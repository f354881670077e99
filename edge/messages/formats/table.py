"""The table of payload formats: the name in `[[ingest]] format`, what reads it, and where its documents hold what."""

from collections.abc import Callable

from edge.errors import ConfigurationError
from edge.messages.formats.json_object import read_json
from edge.messages.formats.payload import Format, Options, Read, Stateful
from edge.messages.formats.plain import read_plain


def _always(read: Read) -> Callable[[Options], Read | Stateful]:
    """For a format without options."""
    return lambda _: read


FORMATS: dict[str, Format] = {
    "json": Format(_always(read_json)),
    "plain": Format(_always(read_plain), value="", time=None, texts=True),
}


def format_of(name: str) -> Format:
    """The format of that name.

    Raises:
        ConfigurationError: there is no such format.
    """
    if name not in FORMATS:
        raise ConfigurationError(f"[[ingest]] format: expected one of {', '.join(FORMATS)}; got {name!r}")
    return FORMATS[name]

"""The table of payload formats: the name in `[[ingest]] format`, what reads it, and where its documents hold what."""

from collections.abc import Callable
from functools import partial

from edge.errors import ConfigurationError
from edge.messages.formats.csv_rows import SEPARATORS, read_rows
from edge.messages.formats.json_object import read_json
from edge.messages.formats.line_protocol import read_lines
from edge.messages.formats.payload import Format, Options, Read, Stateful
from edge.messages.formats.plain import read_plain
from edge.messages.formats.senml import RELATIVE_BELOW, read_senml
from edge.messages.formats.sparkplug.reader import Sparkplug
from edge.quoting import did_you_mean, quoted


def _always(read: Read) -> Callable[[Options], Read | Stateful]:
    """For a format without options."""
    return lambda _: read


def _csv(options: Options) -> Read:
    """Where the comma is a decimal sign it separates no cells."""
    return partial(read_rows, columns=options.columns, separators=";\t" if options.decimal == "," else SEPARATORS)


FORMATS: dict[str, Format] = {
    "json": Format(_always(read_json)),
    "plain": Format(_always(read_plain), value="", time=None, texts=True),
    "csv": Format(_csv, "*", value="*", texts=True, rows=True),
    "line_protocol": Format(
        _always(read_lines),
        "*",
        "{$.source}.{key}",
        "fields.*",
        time_unit="ns",
        tags=(("*", "{$.tags}"),),
        dotted=("$.source",),
        rows=True,
        dated=False,
    ),
    "senml": Format(_always(read_senml), "*", "{key}", time_unit="ns", label="name", dated=False, relative=RELATIVE_BELOW),
    "sparkplug": Format(
        Sparkplug,
        "*",
        "{key}",
        time_unit="ms",
        tags=(("group", "{$.group}"), ("node", "{$.node}"), ("device", "{$.device}")),
        label="series",
        largest=1 << 20,  # a birth describes all metrics of a node
        dated=False,
    ),
}


def format_of(name: str) -> Format:
    """The format of that name.

    Raises:
        ConfigurationError: there is no such format.
    """
    if name not in FORMATS:
        near = did_you_mean(name, FORMATS)
        raise ConfigurationError(f"format: expected one of {', '.join(FORMATS)}; got {quoted(name)}{near}")
    return FORMATS[name]

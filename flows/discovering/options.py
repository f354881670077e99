"""Which broker to listen to, and for how long: the options that `discover` and `init --discover` share."""

import argparse
import sys
from typing import TYPE_CHECKING

from edge.errors import ConfigurationError

if TYPE_CHECKING:
    from edge.config.sections import Mqtt

LONGEST = 86_400.0  # seconds


def add_listening(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where and how long to listen."""
    parser.add_argument(
        "--broker", metavar="URL", help="mqtt://[user@]host or mqtts://[user@]host; default: mqtt://127.0.0.1:1883"
    )
    parser.add_argument("--seconds", type=_seconds, default=30.0, metavar="N", help="how long to listen; default: 30")
    parser.add_argument(
        "--topic", action="append", metavar="FILTER", help="a part of the topics, such as plant/#; default: # (all of them)"
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= LONGEST:
        raise argparse.ArgumentTypeError(f"expected a number of seconds, at most 86400; got {text!r}")
    return seconds


def told(text: str) -> None:
    """Say on standard error what a person should know while we listen."""
    print(text, file=sys.stderr, flush=True)


def broker(options: argparse.Namespace) -> "Mqtt":
    """The broker that the options name, with the account of the configuration; a password that goes unencrypted is told of.

    Raises:
        ConfigurationError: its URL or the configuration cannot be used, or the password must not go there unencrypted.
    """
    import msgspec

    from edge.broker.address import Address
    from edge.config.reading import read_config
    from edge.config.sections import Mqtt

    mqtt = read_config(options.config).mqtt if options.config.exists() else Mqtt()
    if options.broker is not None:
        try:
            Address.parse(options.broker)
        except ConfigurationError as error:
            raise ConfigurationError(f"--broker: {error}") from error
        mqtt = msgspec.structs.replace(mqtt, url=options.broker)
    if (warning := mqtt.in_the_open()) is not None:
        told(warning)
    return mqtt
